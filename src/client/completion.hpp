#pragma once

/// Who waits for a handle: callbacks, and queues of as_completed.

#include "tutti/detail/core.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace tutti::detail {

/// Completions that came and were not taken. Under the core's lock.
struct CompletionQueue::Shared {
  struct Stretch {
    std::uint64_t tag = 0;
    std::uint64_t begin = 0;
    std::uint64_t count = 0;
  };
  std::deque<Stretch> ready;

  void push(std::uint64_t tag, std::uint64_t begin, std::uint64_t count) {
    ready.push_back({tag, begin, count});
  }
  /// There must be one.
  Completion pop() {
    Stretch& front = ready.front();
    const Completion completion{front.tag, front.begin};
    ++front.begin;
    if (--front.count == 0) ready.pop_front();
    return completion;
  }
};

struct Watchers {
  struct Queue {
    std::shared_ptr<CompletionQueue::Shared> queue;
    std::uint64_t tag = 0;
  };
  /// Of a task, or of a whole group.
  std::vector<std::function<void()>> callbacks;
  std::vector<Queue> queues;
  /// Of elements of a group.
  std::multimap<std::uint64_t, std::function<void()>> element_callbacks;
  std::multimap<std::uint64_t, Queue> element_queues;
};

}  // namespace tutti::detail

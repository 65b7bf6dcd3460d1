#pragma once

/// ReadyQueue: tasks and groups that can be placed, the more urgent first (see
/// protocol::urgency_of), then in order of submission.

#include "tutti/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>

namespace tutti::scheduler {

class ReadyQueue {
 public:
  void push(std::int32_t urgency, TaskId id) {
    levels_[urgency].push_back(id);
    ++size_;
  }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  TaskId front() {
    drop_empty_levels();
    return levels_.begin()->second.front();
  }
  /// Of the front.
  std::int32_t urgency() {
    drop_empty_levels();
    return levels_.begin()->first;
  }
  void pop() {
    drop_empty_levels();
    levels_.begin()->second.pop_front();
    --size_;
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [urgency, level] : levels_) {
      for (const TaskId id : level) visit(id);
    }
  }

 private:
  void drop_empty_levels() {
    while (levels_.begin()->second.empty()) levels_.erase(levels_.begin());
  }

  std::map<std::int32_t, std::deque<TaskId>, std::greater<>> levels_;
  std::size_t size_ = 0;
};

}  // namespace tutti::scheduler

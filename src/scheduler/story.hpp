#pragma once

/// Story: a bounded ring of what happened lately. It explains failures, and observers read it as a
/// stream.

#include "tutti/ids.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tutti::scheduler {

struct StoryEvent {
  enum class Kind : std::uint8_t {
    submitted,
    ready,
    assigned,
    given_back,
    finished,
    threw,
    input_failed,
    released,
    worker_joined,
    cancelled,
  };
  TaskId id;
  std::uint64_t time_ns = 0;  ///< as told by Scheduler::set_time
  std::int32_t worker = -1;
  Kind kind = Kind::submitted;
};

std::string_view name_of(StoryEvent::Kind kind);

class Story {
 public:
  explicit Story(std::size_t capacity) : ring_(capacity) {}

  void set_time(std::uint64_t now_ns) { now_ns_ = now_ns; }
  std::uint64_t now_ns() const { return now_ns_; }
  void add(StoryEvent::Kind kind, TaskId id, std::int32_t worker) {
    ring_[static_cast<std::size_t>(next_ % ring_.size())] = {id, now_ns_, worker, kind};
    ++next_;
  }
  /// Number of the next event. Events below next() - capacity are gone.
  std::uint64_t next() const { return next_; }
  /// Appends events [since, next()) that are still there and returns the number of the next one.
  std::uint64_t read(std::uint64_t since, std::vector<StoryEvent>& events) const;
  /// What is still known of one task, one line an event.
  std::string tell(TaskId id) const;

 private:
  std::vector<StoryEvent> ring_;
  std::uint64_t next_ = 0;
  std::uint64_t now_ns_ = 0;
};

}  // namespace tutti::scheduler

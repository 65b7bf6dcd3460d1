#pragma once

/// TaskClient: what a rank other than 0 tells the client of its tasks.

#include "protocol/messages.hpp"
#include "tutti/detail/value.hpp"

#include <cstdint>

namespace tutti::runtime {

/// Called under the lock.
class TaskClient {
 public:
  virtual ~TaskClient() = default;
  virtual void on(const protocol::GrantIds& message) = 0;
  virtual void on(const protocol::TaskEnded& message) = 0;
  virtual void on(const protocol::RangeEnded& message) = 0;
  virtual void on(const protocol::GroupEnded& message) = 0;
  virtual void on(const protocol::WorkFailed& message) = 0;
  virtual void on(const protocol::ProgressTold& message) = 0;
  /// A task, whoever submitted it, ended well on this rank; rank 0 tells nobody here of that.
  virtual void on_finished_here(TaskId task, const detail::ValuePtr& value,
                                std::uint64_t bytes) = 0;
  /// A turn ends: hands over what was released since the last one.
  virtual void before_turn() = 0;
};

}  // namespace tutti::runtime

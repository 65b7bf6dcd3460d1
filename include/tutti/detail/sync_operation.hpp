#pragma once

/// What can be asked of the primitives of tutti/sync.hpp and tutti/queue.hpp.

#include <cstdint>

namespace tutti::sync {

enum class Operation : std::uint8_t {
  lock,               ///< takes `number` of `names` (0: all) at once
  unlock,             ///< all that the holder has of `names`
  lock_is_held,       ///< answers 0 or 1
  semaphore_acquire,  ///< takes one of `number` leases
  semaphore_release,
  semaphore_value,  ///< answers how many leases are free
  event_wait,
  event_set,
  event_clear,
  event_is_set,  ///< answers 0 or 1
  queue_put,     ///< waits while there are `number` (0: no limit)
  queue_get,
  queue_size,   ///< answers how many are there
  queue_close,  ///< whoever waits, or comes later, is refused
  variable_set,
  variable_get,  ///< waits until it is set
  variable_delete,
  barrier_wait,     ///< waits until `number` wait; answers who came when, from 0
  topic_publish,    ///< answers how many subscribers there are
  topic_subscribe,  ///< at most `number` messages are kept for the holder (0: all)
  topic_unsubscribe,
  topic_next,
};
inline constexpr std::uint8_t operations = 22;

/// Whether it may have to wait for somebody else.
constexpr bool may_wait(Operation operation) {
  switch (operation) {
    case Operation::lock:
    case Operation::semaphore_acquire:
    case Operation::event_wait:
    case Operation::queue_put:
    case Operation::queue_get:
    case Operation::variable_get:
    case Operation::barrier_wait:
    case Operation::topic_next:
      return true;
    default:
      return false;
  }
}

/// Whether what is waited for has been given to a task that has begun, so that tasks which have not
/// begun need not run before.
constexpr bool waits_for_holder(Operation operation) {
  return operation == Operation::lock || operation == Operation::semaphore_acquire;
}

}  // namespace tutti::sync

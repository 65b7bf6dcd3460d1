#pragma once

/// wait and fire_and_forget: tasks without their results.

#include "tutti/detail/core.hpp"
#include "tutti/future.hpp"
#include "tutti/task_options.hpp"

#include <string>
#include <vector>

namespace tutti {

/// What wait() found.
template <class T>
struct DoneAndNotDone {
  std::vector<Future<T>> done;
  std::vector<Future<T>> not_done;
};

/// Waits until all futures have ended, or the first one. Throws TimeoutError.
template <class T>
DoneAndNotDone<T> wait(const std::vector<Future<T>>& futures,
                       ReturnWhen when = ReturnWhen::all_completed, Timeout timeout = forever) {
  std::vector<detail::Target> targets;
  targets.reserve(futures.size());
  for (const Future<T>& future : futures) targets.push_back(detail::target_of(future));
  if (!targets.empty() && !detail::Core::of(*targets.front().handle).wait(targets, when, timeout)) {
    throw TimeoutError("wait() waited " + std::to_string(timeout.seconds()) +
                       " s and the tasks have not ended");
  }
  DoneAndNotDone<T> result;
  for (const Future<T>& future : futures)
    (future.done() ? result.done : result.not_done).push_back(future);
  return result;
}
template <class T>
void wait(const Future<T>& future, Timeout timeout = forever) {
  (void)wait(std::vector<Future<T>>{future}, ReturnWhen::all_completed, timeout);
}
template <class T>
void wait(const Futures<T>& futures, Timeout timeout = forever) {
  if (futures.empty()) return;
  const detail::Target target{futures.handle().get(), detail::whole_group};
  if (!detail::Core::of(*target.handle).wait({&target, 1}, ReturnWhen::all_completed, timeout)) {
    throw TimeoutError("wait() waited " + std::to_string(timeout.seconds()) +
                       " s and the map has not ended");
  }
}

/// The task, or map, runs to its end although nobody holds its future; its result is not kept. The
/// run waits for it, and its exit code tells when it failed.
template <class T>
void fire_and_forget(const Future<T>& future) {
  detail::Core::of(*detail::target_of(future).handle).fire_and_forget(*future.handle().get());
}
template <class T>
void fire_and_forget(const Futures<T>& futures) {
  if (!futures.empty())
    detail::Core::of(*futures.handle().get()).fire_and_forget(*futures.handle().get());
}

}  // namespace tutti

#pragma once

/// Locks: named locks, taken one or several at once.

#include "sync/request.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace tutti::sync {

/// Who waits for several locks stands in the queue of each, and gets enough of them at one moment
/// or none. The oldest request is first in all of its queues, so somebody can always go on: there
/// is no deadlock among requests, and nobody is overtaken for ever.
class Locks {
 public:
  void acquire(const Request& request, Answers& answers);
  void release(const Request& request, Answers& answers);
  void is_held(const Request& request, Answers& answers) const;
  /// The request is answered and waits no more; false when it did not wait.
  bool cancel(RequestId id, Answers& answers);
  /// Sends the waiters away and frees the locks of all holders for which `is_gone` is true.
  template <class IsGone>
  void drop(IsGone is_gone, Answers& answers);

  std::size_t size() const { return locks_.size(); }
  std::size_t waiting() const { return waiters_.size(); }

 private:
  struct Lock {
    std::optional<Holder> holder;
    std::deque<RequestId> queue;
  };
  struct Waiter {
    Holder holder;
    std::vector<std::string> names;
    std::size_t needed = 0;
  };

  bool try_grant(RequestId id, Answers& answers);
  void serve(std::vector<std::string> names, Answers& answers);
  std::vector<std::string> leave_queues(RequestId id, const Waiter& waiter);
  void forget_if_unused(const std::string& name);

  std::map<std::string, Lock> locks_;
  std::map<RequestId, Waiter> waiters_;
};

template <class IsGone>
void Locks::drop(IsGone is_gone, Answers& answers) {
  std::vector<std::string> free;
  for (auto each = waiters_.begin(); each != waiters_.end();) {
    if (!is_gone(each->second.holder)) {
      ++each;
      continue;
    }
    const std::vector<std::string> left = leave_queues(each->first, each->second);
    free.insert(free.end(), left.begin(), left.end());
    answers.push_back(not_now(each->first));
    each = waiters_.erase(each);
  }
  for (auto& [name, lock] : locks_) {
    if (!lock.holder.has_value() || !is_gone(*lock.holder)) continue;
    lock.holder.reset();
    free.push_back(name);
  }
  serve(std::move(free), answers);
}

}  // namespace tutti::sync

#pragma once

/// Semaphores: named counters of leases, which limit how many do something at once.

#include "sync/request.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace tutti::sync {

/// The first request of a name says how many leases there are; a request that says another number
/// is refused. Leases go to those who wait in the order in which they came.
class Semaphores {
 public:
  void acquire(const Request& request, Answers& answers);
  void release(const Request& request, Answers& answers);
  void value(const Request& request, Answers& answers) const;
  bool cancel(RequestId id, Answers& answers);
  template <class IsGone>
  void drop(IsGone is_gone, Answers& answers);

  std::size_t size() const { return semaphores_.size(); }

 private:
  struct Waiter {
    RequestId id;
    Holder holder;
  };
  struct Semaphore {
    std::int64_t leases = 0;
    std::int64_t free = 0;
    std::map<Holder, std::int64_t> held;
    std::deque<Waiter> queue;
  };
  using Named = std::map<std::string, Semaphore>;

  static void serve(Semaphore& semaphore, Answers& answers);
  /// Nobody has or wants a lease: the next one may choose another number.
  Named::iterator forget_if_unused(Named::iterator at);

  Named semaphores_;
};

template <class IsGone>
void Semaphores::drop(IsGone is_gone, Answers& answers) {
  for (auto at = semaphores_.begin(); at != semaphores_.end();) {
    Semaphore& semaphore = at->second;
    std::erase_if(semaphore.queue, [&](const Waiter& waiter) {
      if (!is_gone(waiter.holder)) return false;
      answers.push_back(not_now(waiter.id));
      return true;
    });
    std::erase_if(semaphore.held, [&](const auto& entry) {
      if (!is_gone(entry.first)) return false;
      semaphore.free += entry.second;
      return true;
    });
    serve(semaphore, answers);
    at = forget_if_unused(at);
  }
}

}  // namespace tutti::sync

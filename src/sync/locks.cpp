#include "sync/locks.hpp"

#include <algorithm>
#include <utility>

namespace tutti::sync {
namespace {

std::string describe(const Holder& holder) {
  return "an object of " + std::string(holder.task == 0 ? "the client" : "a task") + " on rank " +
         std::to_string(holder.rank);
}

/// Each name once, in the order of their first mention.
std::vector<std::string> distinct(const std::vector<std::string>& names) {
  std::vector<std::string> result;
  for (const std::string& name : names) {
    if (std::ranges::find(result, name) == result.end()) result.push_back(name);
  }
  return result;
}

}  // namespace

void Locks::acquire(const Request& request, Answers& answers) {
  Waiter waiter{request.holder, distinct(request.names), 0};
  if (waiter.names.empty() || request.number < 0 ||
      static_cast<std::size_t>(request.number) > waiter.names.size()) {
    answers.push_back(refused(request.id, "a lock of " + std::to_string(waiter.names.size()) +
                                              " names cannot take " +
                                              std::to_string(request.number) + " of them"));
    return;
  }
  waiter.needed =
      request.number == 0 ? waiter.names.size() : static_cast<std::size_t>(request.number);
  for (const std::string& name : waiter.names) {
    const auto lock = locks_.find(name);
    if (lock == locks_.end() || lock->second.holder != request.holder) continue;
    answers.push_back(refused(
        request.id, "the lock '" + name +
                        "' is held by the object that asks for it; it would wait for itself"));
    return;
  }
  for (const std::string& name : waiter.names) locks_[name].queue.push_back(request.id);
  waiters_.emplace(request.id, std::move(waiter));
  if (!try_grant(request.id, answers) && !request.may_wait) cancel(request.id, answers);
}

/// Gives the request its locks when it is first in the queues of enough free ones.
bool Locks::try_grant(RequestId id, Answers& answers) {
  const auto found = waiters_.find(id);
  std::vector<Lock*> free;
  for (const std::string& name : found->second.names) {
    Lock& lock = locks_.at(name);
    if (!lock.holder.has_value() && lock.queue.front() == id) free.push_back(&lock);
    if (free.size() == found->second.needed) break;
  }
  if (free.size() < found->second.needed) return false;
  const Waiter waiter = std::move(found->second);
  waiters_.erase(found);
  for (Lock* lock : free) lock->holder = waiter.holder;
  std::vector<std::string> left = leave_queues(id, waiter);
  answers.push_back(done(id, static_cast<std::int64_t>(free.size())));
  serve(std::move(left), answers);
  return true;
}

/// The request stands in no queue any more. Gives the names where somebody else may come first now.
std::vector<std::string> Locks::leave_queues(RequestId id, const Waiter& waiter) {
  std::vector<std::string> left;
  for (const std::string& name : waiter.names) {
    Lock& lock = locks_.at(name);
    const bool was_first = lock.queue.front() == id;
    std::erase(lock.queue, id);
    if (was_first && !lock.holder.has_value()) left.push_back(name);
  }
  return left;
}

/// Whoever comes first in the queues of these names may have waited for that.
void Locks::serve(std::vector<std::string> names, Answers& answers) {
  for (const std::string& name : names) {
    const auto lock = locks_.find(name);
    if (lock == locks_.end() || lock->second.holder.has_value()) continue;
    if (!lock->second.queue.empty()) try_grant(lock->second.queue.front(), answers);
    forget_if_unused(name);
  }
}

void Locks::forget_if_unused(const std::string& name) {
  const auto lock = locks_.find(name);
  if (lock != locks_.end() && !lock->second.holder.has_value() && lock->second.queue.empty())
    locks_.erase(lock);
}

void Locks::release(const Request& request, Answers& answers) {
  std::vector<std::string> released;
  std::string others;
  for (const std::string& name : distinct(request.names)) {
    const auto lock = locks_.find(name);
    if (lock != locks_.end() && lock->second.holder == request.holder) {
      lock->second.holder.reset();
      released.push_back(name);
    } else if (lock != locks_.end() && lock->second.holder.has_value()) {
      others += ", '" + name + "' is held by " + describe(*lock->second.holder);
    }
  }
  if (released.empty()) {
    const std::string name = request.names.empty() ? "" : request.names.front();
    answers.push_back(refused(request.id, "the lock '" + name +
                                              "' was released by an object that does not hold it" +
                                              (others.empty() ? ": nobody holds it" : others)));
    return;
  }
  answers.push_back(done(request.id, static_cast<std::int64_t>(released.size())));
  serve(std::move(released), answers);
}

void Locks::is_held(const Request& request, Answers& answers) const {
  const auto lock = locks_.find(request.names.front());
  const bool held = lock != locks_.end() && lock->second.holder.has_value();
  answers.push_back(done(request.id, held ? 1 : 0));
}

bool Locks::cancel(RequestId id, Answers& answers) {
  const auto found = waiters_.find(id);
  if (found == waiters_.end()) return false;
  const Waiter waiter = std::move(found->second);
  waiters_.erase(found);
  std::vector<std::string> left = leave_queues(id, waiter);
  answers.push_back(not_now(id));
  serve(std::move(left), answers);
  return true;
}

}  // namespace tutti::sync

#include "sync/semaphores.hpp"

#include <algorithm>

namespace tutti::sync {

void Semaphores::acquire(const Request& request, Answers& answers) {
  const std::string& name = request.names.front();
  if (request.number < 1) {
    answers.push_back(refused(request.id, "the semaphore '" + name + "' cannot have " +
                                              std::to_string(request.number) +
                                              " leases; it needs at least 1"));
    return;
  }
  const auto [at, is_new] = semaphores_.try_emplace(name);
  Semaphore& semaphore = at->second;
  if (is_new) semaphore.leases = semaphore.free = request.number;
  if (semaphore.leases != request.number) {
    answers.push_back(refused(
        request.id, "the semaphore '" + name + "' has " + std::to_string(semaphore.leases) +
                        " leases, and was asked for as one of " + std::to_string(request.number)));
    return;
  }
  if (semaphore.free == 0 && !request.may_wait) {
    answers.push_back(not_now(request.id));
    return;
  }
  semaphore.queue.push_back({request.id, request.holder});
  serve(semaphore, answers);
}

void Semaphores::serve(Semaphore& semaphore, Answers& answers) {
  while (semaphore.free > 0 && !semaphore.queue.empty()) {
    const Waiter next = semaphore.queue.front();
    semaphore.queue.pop_front();
    --semaphore.free;
    ++semaphore.held[next.holder];
    answers.push_back(done(next.id, semaphore.free));
  }
}

void Semaphores::release(const Request& request, Answers& answers) {
  const std::string& name = request.names.front();
  const auto at = semaphores_.find(name);
  if (at == semaphores_.end() || !at->second.held.contains(request.holder)) {
    answers.push_back(refused(
        request.id, "the semaphore '" + name + "' was released by an object that has no lease"));
    return;
  }
  Semaphore& semaphore = at->second;
  const auto held = semaphore.held.find(request.holder);
  if (--held->second == 0) semaphore.held.erase(held);
  ++semaphore.free;
  answers.push_back(done(request.id, semaphore.free));
  serve(semaphore, answers);
  forget_if_unused(at);
}

void Semaphores::value(const Request& request, Answers& answers) const {
  const auto at = semaphores_.find(request.names.front());
  // What nobody has used yet has all the leases that the asker gives it.
  answers.push_back(done(request.id, at == semaphores_.end() ? request.number : at->second.free));
}

bool Semaphores::cancel(RequestId id, Answers& answers) {
  for (auto& [name, semaphore] : semaphores_) {
    const auto waiter =
        std::ranges::find(semaphore.queue, id, [](const Waiter& each) { return each.id; });
    if (waiter == semaphore.queue.end()) continue;
    semaphore.queue.erase(waiter);
    answers.push_back(not_now(id));
    return true;
  }
  return false;
}

Semaphores::Named::iterator Semaphores::forget_if_unused(Named::iterator at) {
  return at->second.held.empty() && at->second.queue.empty() ? semaphores_.erase(at)
                                                             : std::next(at);
}

}  // namespace tutti::sync

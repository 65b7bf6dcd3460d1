#include "sync/barriers.hpp"

#include <algorithm>

namespace tutti::sync {

void Barriers::wait(const Request& request, Answers& answers) {
  const std::string& name = request.names.front();
  if (request.number < 1) {
    answers.push_back(refused(request.id, "the barrier '" + name + "' cannot have " +
                                              std::to_string(request.number) +
                                              " parties; it needs at least 1"));
    return;
  }
  const auto [at, is_new] = barriers_.try_emplace(name);
  Barrier& barrier = at->second;
  if (is_new) barrier.parties = request.number;
  if (barrier.parties != request.number) {
    answers.push_back(refused(
        request.id, "the barrier '" + name + "' is one of " + std::to_string(barrier.parties) +
                        " parties, and was used as one of " + std::to_string(request.number)));
    return;
  }
  const auto missing = barrier.parties - static_cast<std::int64_t>(barrier.waiting.size()) - 1;
  if (missing > 0 && !request.may_wait) {
    // It never stood there, so nobody counts on it.
    if (is_new) barriers_.erase(at);
    answers.push_back(not_now(request.id));
    return;
  }
  barrier.waiting.push_back(request.id);
  if (missing > 0) return;
  std::int64_t place = 0;
  for (const RequestId id : barrier.waiting) answers.push_back(done(id, place++));
  barriers_.erase(at);
}

bool Barriers::cancel(RequestId id, Answers& answers) {
  for (auto at = barriers_.begin(); at != barriers_.end(); ++at) {
    std::vector<RequestId>& waiting = at->second.waiting;
    if (std::erase(waiting, id) == 0) continue;
    answers.push_back(not_now(id));
    for (const RequestId other : waiting) {
      answers.push_back(refused(
          other, "the barrier '" + at->first + "' is broken: one of its parties gave up waiting"));
    }
    barriers_.erase(at);
    return true;
  }
  return false;
}

void Barriers::drop_rank(std::int32_t rank, Answers& answers) {
  for (auto at = barriers_.begin(); at != barriers_.end();) {
    std::vector<RequestId>& waiting = at->second.waiting;
    if (std::erase_if(waiting, [rank](RequestId id) { return id.rank == rank; }) == 0) {
      ++at;
      continue;
    }
    for (const RequestId other : waiting) {
      answers.push_back(refused(other, "the barrier '" + at->first + "' is broken: rank " +
                                           std::to_string(rank) + " is lost"));
    }
    at = barriers_.erase(at);
  }
}

}  // namespace tutti::sync

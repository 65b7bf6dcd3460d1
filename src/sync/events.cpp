#include "sync/events.hpp"

namespace tutti::sync {

void Events::wait(const Request& request, Answers& answers) {
  const auto at = events_.find(request.names.front());
  if (at != events_.end() && at->second.set) {
    answers.push_back(done(request.id, 1));
  } else if (!request.may_wait) {
    answers.push_back(not_now(request.id));
  } else {
    events_[request.names.front()].waiting.push_back(request.id);
  }
}

void Events::set(const Request& request, Answers& answers) {
  Event& event = events_[request.names.front()];
  event.set = true;
  answers.push_back(done(request.id));
  for (const RequestId id : event.waiting) answers.push_back(done(id, 1));
  event.waiting.clear();
}

void Events::clear(const Request& request, Answers& answers) {
  const auto at = events_.find(request.names.front());
  if (at != events_.end()) {
    at->second.set = false;
    if (at->second.waiting.empty()) events_.erase(at);
  }
  answers.push_back(done(request.id));
}

void Events::is_set(const Request& request, Answers& answers) const {
  const auto at = events_.find(request.names.front());
  answers.push_back(done(request.id, at != events_.end() && at->second.set ? 1 : 0));
}

bool Events::cancel(RequestId id, Answers& answers) {
  for (auto at = events_.begin(); at != events_.end(); ++at) {
    if (std::erase(at->second.waiting, id) == 0) continue;
    if (!at->second.set && at->second.waiting.empty()) events_.erase(at);
    answers.push_back(not_now(id));
    return true;
  }
  return false;
}

void Events::drop_rank(std::int32_t rank) {
  for (auto& [name, event] : events_)
    std::erase_if(event.waiting, [rank](RequestId id) { return id.rank == rank; });
  std::erase_if(
      events_, [](const auto& entry) { return !entry.second.set && entry.second.waiting.empty(); });
}

}  // namespace tutti::sync

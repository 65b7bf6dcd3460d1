#include "sync/variables.hpp"

namespace tutti::sync {

void Variables::set(const Request& request, Answers& answers) {
  Variable& variable = variables_[request.names.front()];
  variable.value = request.payload;
  answers.push_back(done(request.id));
  for (const RequestId id : variable.waiting) answers.push_back(done(id, 0, variable.value));
  variable.waiting.clear();
}

void Variables::get(const Request& request, Answers& answers) {
  const auto at = variables_.find(request.names.front());
  if (at != variables_.end() && at->second.value) {
    answers.push_back(done(request.id, 0, at->second.value));
  } else if (request.may_wait) {
    variables_[request.names.front()].waiting.push_back(request.id);
  } else {
    answers.push_back(not_now(request.id));
  }
}

void Variables::remove(const Request& request, Answers& answers) {
  const auto at = variables_.find(request.names.front());
  if (at != variables_.end()) {
    at->second.value.reset();
    if (at->second.waiting.empty()) variables_.erase(at);
  }
  answers.push_back(done(request.id));
}

bool Variables::cancel(RequestId id, Answers& answers) {
  for (auto at = variables_.begin(); at != variables_.end(); ++at) {
    if (std::erase(at->second.waiting, id) == 0) continue;
    if (!at->second.value && at->second.waiting.empty()) variables_.erase(at);
    answers.push_back(not_now(id));
    return true;
  }
  return false;
}

void Variables::drop_rank(std::int32_t rank) {
  for (auto& [name, variable] : variables_)
    std::erase_if(variable.waiting, [rank](RequestId id) { return id.rank == rank; });
  std::erase_if(variables_, [](const auto& entry) {
    return !entry.second.value && entry.second.waiting.empty();
  });
}

}  // namespace tutti::sync

#include "sync/queues.hpp"

#include <algorithm>
#include <utility>

namespace tutti::sync {

std::string Queues::closed_sentence(const std::string& name) {
  return "the queue '" + name + "' is closed";
}

void Queues::put(const Request& request, Answers& answers) {
  const std::string& name = request.names.front();
  Queue& queue = queues_[name];
  if (queue.closed) {
    answers.push_back(refused(request.id, closed_sentence(name)));
    return;
  }
  if (request.number != 0 && queue.length_max == 0) queue.length_max = request.number;
  if (request.number < 0 || (request.number != 0 && request.number != queue.length_max)) {
    answers.push_back(refused(
        request.id, "the queue '" + name + "' holds at most " + std::to_string(queue.length_max) +
                        " values, and was used as one of " + std::to_string(request.number)));
    return;
  }
  if (!queue.consumers.empty()) {
    answers.push_back(done(queue.consumers.front(), 0, request.payload));
    queue.consumers.pop_front();
    answers.push_back(done(request.id));
  } else if (!queue.is_full()) {
    queue.values.push_back(request.payload);
    answers.push_back(done(request.id));
  } else if (request.may_wait) {
    queue.producers.push_back({request.id, request.payload});
  } else {
    answers.push_back(not_now(request.id));
  }
}

void Queues::get(const Request& request, Answers& answers) {
  const std::string& name = request.names.front();
  Queue& queue = queues_[name];
  if (!queue.values.empty()) {
    answers.push_back(done(request.id, 0, std::move(queue.values.front())));
    queue.values.pop_front();
    if (!queue.producers.empty()) {
      Producer& next = queue.producers.front();
      queue.values.push_back(std::move(next.payload));
      answers.push_back(done(next.id));
      queue.producers.pop_front();
    }
  } else if (queue.closed) {
    answers.push_back(refused(request.id, closed_sentence(name)));
  } else if (request.may_wait) {
    queue.consumers.push_back(request.id);
  } else {
    answers.push_back(not_now(request.id));
  }
}

void Queues::length(const Request& request, Answers& answers) const {
  const auto at = queues_.find(request.names.front());
  answers.push_back(done(
      request.id, at == queues_.end() ? 0 : static_cast<std::int64_t>(at->second.values.size())));
}

/// What is in it can still be taken.
void Queues::close(const Request& request, Answers& answers) {
  const std::string& name = request.names.front();
  Queue& queue = queues_[name];
  queue.closed = true;
  answers.push_back(done(request.id));
  for (const RequestId id : queue.consumers)
    answers.push_back(refused(id, closed_sentence(name) + " and empty"));
  for (const Producer& each : queue.producers)
    answers.push_back(refused(each.id, closed_sentence(name)));
  queue.consumers.clear();
  queue.producers.clear();
}

bool Queues::cancel(RequestId id, Answers& answers) {
  for (auto& [name, queue] : queues_) {
    const std::size_t removed =
        std::erase(queue.consumers, id) +
        std::erase_if(queue.producers, [id](const Producer& each) { return each.id == id; });
    if (removed == 0) continue;
    answers.push_back(not_now(id));
    return true;
  }
  return false;
}

void Queues::drop_rank(std::int32_t rank) {
  for (auto& [name, queue] : queues_) {
    std::erase_if(queue.consumers, [rank](RequestId id) { return id.rank == rank; });
    std::erase_if(queue.producers, [rank](const Producer& each) { return each.id.rank == rank; });
  }
}

}  // namespace tutti::sync

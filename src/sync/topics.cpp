#include "sync/topics.hpp"

#include <algorithm>
#include <utility>

namespace tutti::sync {

void Topics::publish(const Request& request, Answers& answers) {
  const auto topic = topics_.find(request.names.front());
  const std::size_t count = topic == topics_.end() ? 0 : topic->second.size();
  answers.push_back(done(request.id, static_cast<std::int64_t>(count)));
  if (topic == topics_.end()) return;
  for (auto& [holder, subscriber] : topic->second) {
    if (!subscriber.waiting.empty()) {
      answers.push_back(
          done(subscriber.waiting.front(), std::exchange(subscriber.dropped, 0), request.payload));
      subscriber.waiting.pop_front();
      continue;
    }
    subscriber.messages.push_back(request.payload);
    if (subscriber.kept_max != 0 &&
        static_cast<std::int64_t>(subscriber.messages.size()) > subscriber.kept_max) {
      subscriber.messages.pop_front();
      ++subscriber.dropped;
    }
  }
}

void Topics::subscribe(const Request& request, Answers& answers) {
  topics_[request.names.front()][request.holder].kept_max =
      std::max<std::int64_t>(request.number, 0);
  answers.push_back(done(request.id));
}

void Topics::unsubscribe(const Request& request, Answers& answers) {
  const auto topic = topics_.find(request.names.front());
  if (topic != topics_.end()) {
    const auto subscriber = topic->second.find(request.holder);
    if (subscriber != topic->second.end()) {
      for (const RequestId id : subscriber->second.waiting)
        answers.push_back(refused(id, "the subscription of '" + topic->first + "' has ended"));
      topic->second.erase(subscriber);
    }
    if (topic->second.empty()) topics_.erase(topic);
  }
  answers.push_back(done(request.id));
}

void Topics::next(const Request& request, Answers& answers) {
  const auto topic = topics_.find(request.names.front());
  if (topic == topics_.end() || !topic->second.contains(request.holder)) {
    answers.push_back(
        refused(request.id, "nobody has subscribed to '" + request.names.front() + "' here"));
    return;
  }
  Subscriber& subscriber = topic->second.at(request.holder);
  if (!subscriber.messages.empty()) {
    answers.push_back(done(request.id, std::exchange(subscriber.dropped, 0),
                           std::move(subscriber.messages.front())));
    subscriber.messages.pop_front();
  } else if (request.may_wait) {
    subscriber.waiting.push_back(request.id);
  } else {
    answers.push_back(not_now(request.id));
  }
}

bool Topics::cancel(RequestId id, Answers& answers) {
  for (auto& [name, subscribers] : topics_) {
    for (auto& [holder, subscriber] : subscribers) {
      if (std::erase(subscriber.waiting, id) == 0) continue;
      answers.push_back(not_now(id));
      return true;
    }
  }
  return false;
}

}  // namespace tutti::sync

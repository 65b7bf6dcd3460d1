#pragma once

/// Topics: messages that go to everybody who subscribed before they were published.

#include "sync/request.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace tutti::sync {

/// Each subscriber has a row of its own. When it has a limit and is full, the oldest message is
/// dropped: a slow reader must not stop those who publish.
class Topics {
 public:
  void publish(const Request& request, Answers& answers);
  void subscribe(const Request& request, Answers& answers);
  void unsubscribe(const Request& request, Answers& answers);
  /// The next message, and how many were dropped before it.
  void next(const Request& request, Answers& answers);
  bool cancel(RequestId id, Answers& answers);
  template <class IsGone>
  void drop(IsGone is_gone, Answers& answers);

  std::size_t size() const { return topics_.size(); }

 private:
  struct Subscriber {
    std::int64_t kept_max = 0;  ///< 0: all
    std::deque<Payload> messages;
    std::int64_t dropped = 0;
    std::deque<RequestId> waiting;
  };
  using Subscribers = std::map<Holder, Subscriber>;
  std::map<std::string, Subscribers> topics_;
};

template <class IsGone>
void Topics::drop(IsGone is_gone, Answers& answers) {
  for (auto& [name, subscribers] : topics_) {
    std::erase_if(subscribers, [&](const auto& entry) {
      if (!is_gone(entry.first)) return false;
      for (const RequestId id : entry.second.waiting) answers.push_back(not_now(id));
      return true;
    });
  }
  std::erase_if(topics_, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace tutti::sync

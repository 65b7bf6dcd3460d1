#pragma once

/// Queues: named rows of values, first in, first out, for many producers and consumers.

#include "sync/request.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace tutti::sync {

/// A queue is there from its first use until it is closed, also while it is empty. The first
/// request that names a limit sets it; another limit is refused.
class Queues {
 public:
  void put(const Request& request, Answers& answers);
  void get(const Request& request, Answers& answers);
  void length(const Request& request, Answers& answers) const;
  void close(const Request& request, Answers& answers);
  bool cancel(RequestId id, Answers& answers);
  void drop_rank(std::int32_t rank);

  std::size_t size() const { return queues_.size(); }

 private:
  struct Producer {
    RequestId id;
    Payload payload;
  };
  struct Queue {
    std::int64_t length_max = 0;  ///< 0: no limit
    bool closed = false;
    std::deque<Payload> values;
    std::deque<Producer> producers;   ///< that wait for room
    std::deque<RequestId> consumers;  ///< that wait for values

    bool is_full() const {
      return length_max != 0 && static_cast<std::int64_t>(values.size()) >= length_max;
    }
  };
  static std::string closed_sentence(const std::string& name);

  std::map<std::string, Queue> queues_;
};

}  // namespace tutti::sync

#pragma once

/// Events: named flags that many wait for.

#include "sync/request.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace tutti::sync {

class Events {
 public:
  void wait(const Request& request, Answers& answers);
  void set(const Request& request, Answers& answers);
  void clear(const Request& request, Answers& answers);
  void is_set(const Request& request, Answers& answers) const;
  bool cancel(RequestId id, Answers& answers);
  void drop_rank(std::int32_t rank);

  std::size_t size() const { return events_.size(); }

 private:
  struct Event {
    bool set = false;
    std::vector<RequestId> waiting;
  };
  std::map<std::string, Event> events_;
};

}  // namespace tutti::sync

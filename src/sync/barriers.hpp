#pragma once

/// Barriers: a number of tasks wait for each other, again and again.

#include "sync/request.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tutti::sync {

/// The first who waits says how many there will be. One who gives up (a time limit) breaks the
/// barrier for those who wait with it: they would wait for ever.
class Barriers {
 public:
  void wait(const Request& request, Answers& answers);
  bool cancel(RequestId id, Answers& answers);
  void drop_rank(std::int32_t rank, Answers& answers);

  std::size_t size() const { return barriers_.size(); }

 private:
  struct Barrier {
    std::int64_t parties = 0;
    std::vector<RequestId> waiting;
  };
  std::map<std::string, Barrier> barriers_;
};

}  // namespace tutti::sync

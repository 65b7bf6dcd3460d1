#pragma once

/// Variables: named values that one sets and many read.

#include "sync/request.hpp"

#include <map>
#include <string>
#include <vector>

namespace tutti::sync {

class Variables {
 public:
  void set(const Request& request, Answers& answers);
  /// Waits until it is set.
  void get(const Request& request, Answers& answers);
  /// Those who wait go on waiting for the next value.
  void remove(const Request& request, Answers& answers);
  bool cancel(RequestId id, Answers& answers);
  void drop_rank(std::int32_t rank);

  std::size_t size() const { return variables_.size(); }

 private:
  struct Variable {
    Payload value;  ///< null: not set
    std::vector<RequestId> waiting;
  };
  std::map<std::string, Variable> variables_;
};

}  // namespace tutti::sync

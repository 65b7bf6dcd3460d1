#pragma once

/// Datasets: futures that were published under names, on the rank that knows all futures.

#include "tutti/detail/core.hpp"

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace tutti::client_module {

/// Holds the futures, so that their results stay. May be used by several threads.
class Datasets {
 public:
  /// Throws Error (bad_argument) for an empty name, and for one that is taken unless `replace`.
  void publish(const std::string& name, detail::Dataset dataset, bool replace);
  /// Throws Error (bad_argument) with all names when there is none of that name.
  detail::Dataset find(const std::string& name) const;
  /// In the order of the alphabet.
  std::vector<std::string> names() const;
  /// False when there was none.
  bool unpublish(const std::string& name);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, detail::Dataset> datasets_;
};

}  // namespace tutti::client_module

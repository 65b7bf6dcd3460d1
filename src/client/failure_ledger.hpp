#pragma once

/// FailureLedger: failures that somebody asked about, and those that nobody did. A task that failed
/// because another one did shares its failure: asking about one of them is enough.

#include "tutti/detail/core.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>

namespace tutti::client_module {

class FailureLedger {
 public:
  /// The last future of a task or map is gone, or the run ends.
  void add(const detail::Handle& handle);
  /// The exit code of a run whose main gave `main_code`: 1 instead of 0 when there are failures
  /// nobody asked about; prints the first.
  int exit_code(int main_code) const;

 private:
  static constexpr std::size_t prune_at_min = 256;

  void add(const detail::FailurePtr& failure, bool observed);
  void prune();

  /// Failures by address, which they keep.
  std::set<detail::FailurePtr> observed_;
  std::map<detail::FailurePtr, std::uint64_t> unobserved_;  ///< with the order in which they came
  std::uint64_t next_ = 0;
  std::size_t prune_at_ = prune_at_min;
};

}  // namespace tutti::client_module

#pragma once

/// ToldProgress: how far tasks have come that have not ended, by their own account.

#include "tutti/detail/core.hpp"

#include <cstdint>
#include <map>

namespace tutti::client_module {

/// Under the lock of the rank, like all that the cores have.
class ToldProgress {
 public:
  void note(const detail::Handle& handle, std::uint64_t index, double fraction) {
    told_[&handle][index] = fraction;
  }
  /// Of a task, or of one element; 0 when nothing was told.
  double of(detail::Target target) const {
    const auto handle = told_.find(target.handle);
    if (handle == told_.end()) return 0;
    const auto found = handle->second.find(target.index);
    return found == handle->second.end() ? 0 : found->second;
  }
  void forget(const detail::Handle& handle) { told_.erase(&handle); }

 private:
  std::map<const detail::Handle*, std::map<std::uint64_t, double>> told_;
};

}  // namespace tutti::client_module

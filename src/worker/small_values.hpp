#pragma once

/// SmallValues: the last small values that were fetched from other ranks.
///
/// They are kept so that neighbours which need the same one do not ask for it again, but nobody is
/// told of them: for a small value, telling rank 0 of the copy and being told of its release costs
/// more than the value. They leave by being the oldest.

#include "tutti/detail/value.hpp"
#include "tutti/ids.hpp"

#include <tsl/robin_map.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace tutti::worker {

class SmallValues {
 public:
  /// Values up to this size count as small, in bytes.
  static constexpr std::uint64_t bytes_max = 4096;
  static constexpr std::size_t values_max = 1024;

  void put(TaskId id, detail::ValuePtr value) {
    if (!values_.try_emplace(id, std::move(value)).second) return;
    if (ring_.size() < values_max) {
      ring_.push_back(id);
      return;
    }
    values_.erase(ring_[next_]);
    ring_[next_] = id;
    next_ = (next_ + 1) % values_max;
  }
  /// Null when it is not here.
  detail::ValuePtr find(TaskId id) const {
    if (values_.empty()) return {};
    const auto found = values_.find(id);
    return found == values_.end() ? detail::ValuePtr() : found->second;
  }
  /// Those that are kept; where there is no room for more, the oldest is at `oldest()`.
  const std::vector<TaskId>& ids() const { return ring_; }
  std::size_t oldest() const { return next_; }
  void clear() {
    values_.clear();
    ring_.clear();
    next_ = 0;
  }

 private:
  tsl::robin_map<TaskId, detail::ValuePtr> values_;
  std::vector<TaskId> ring_;
  std::size_t next_ = 0;
};

}  // namespace tutti::worker

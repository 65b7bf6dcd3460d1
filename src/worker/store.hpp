#pragma once

/// Store: the values that a rank holds. Values are immutable and counted, so readers need no lock
/// once they have a reference; the store itself is used under the rank's lock.

#include "tutti/detail/value.hpp"
#include "tutti/ids.hpp"
#include "worker/slot_table.hpp"

#include <tsl/robin_map.h>

#include <cstdint>
#include <map>

namespace tutti::worker {

class Store {
 public:
  /// Elements [begin, begin + count) of a sequence, as a sequence of their own. The value is null
  /// for void.
  struct Stretch {
    std::uint64_t begin = 0;
    std::uint64_t count = 0;
    detail::ValuePtr value;
    std::uint64_t bytes = 0;
  };

  /// Keeps a value; a null one stands for the result of a void function. The first one stays.
  void put(TaskId id, detail::ValuePtr value, std::uint64_t bytes) {
    if (values_.insert(id, Single{std::move(value), bytes})) bytes_ += bytes;
  }
  void put_stretch(TaskId group, Stretch stretch) {
    const std::uint64_t begin = stretch.begin;
    const std::uint64_t bytes = stretch.bytes;
    if (sequences_[group].try_emplace(begin, std::move(stretch)).second) bytes_ += bytes;
  }
  bool contains(TaskId id) const { return !id.is_group() && values_.contains(id); }
  /// Null when it is not here, or is void.
  const detail::Value* find(TaskId id) const {
    const Single* found = values_.find(id);
    return found == nullptr ? nullptr : found->value.get();
  }
  /// The stretch that holds the element, or null.
  const Stretch* find_stretch(TaskId group, std::uint64_t index) const {
    const auto sequence = sequences_.find(group);
    if (sequence == sequences_.end()) return nullptr;
    auto after = sequence->second.upper_bound(index);
    if (after == sequence->second.begin()) return nullptr;
    --after;
    return index - after->second.begin < after->second.count ? &after->second : nullptr;
  }
  template <class Visit>
  void for_each_stretch(TaskId group, Visit visit) const {
    const auto sequence = sequences_.find(group);
    if (sequence == sequences_.end()) return;
    for (const auto& [begin, stretch] : sequence->second) visit(stretch);
  }
  /// Forgets a value or a whole sequence; what is not here is ignored.
  void erase(TaskId id) {
    if (id.is_group()) {
      const auto sequence = sequences_.find(id);
      if (sequence == sequences_.end()) return;
      for (const auto& [begin, stretch] : sequence->second) bytes_ -= stretch.bytes;
      sequences_.erase(sequence);
      return;
    }
    const Single* found = values_.find(id);
    if (found == nullptr) return;
    bytes_ -= found->bytes;
    values_.erase(id);
  }
  /// Forgets one stretch of a sequence; what is not here is ignored.
  void erase_stretch(TaskId group, std::uint64_t begin) {
    const auto sequence = sequences_.find(group);
    if (sequence == sequences_.end()) return;
    auto& stretches = sequence.value();
    const auto stretch = stretches.find(begin);
    if (stretch == stretches.end()) return;
    bytes_ -= stretch->second.bytes;
    stretches.erase(stretch);
    if (stretches.empty()) sequences_.erase(sequence);
  }
  void clear() {
    values_.clear();
    sequences_.clear();
    bytes_ = 0;
  }
  std::uint64_t bytes() const { return bytes_; }
  std::size_t size() const { return values_.size() + sequences_.size(); }

 private:
  struct Single {
    detail::ValuePtr value;
    std::uint64_t bytes = 0;
  };
  SlotTable<Single> values_;
  tsl::robin_map<TaskId, std::map<std::uint64_t, Stretch>> sequences_;
  std::uint64_t bytes_ = 0;
};

}  // namespace tutti::worker

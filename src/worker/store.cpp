#include "worker/store.hpp"

#include "tutti/check.hpp"

#include <utility>

namespace tutti::worker {

using detail::ValuePtr;

void Store::put_stretch(TaskId group, Stretch stretch) {
  const std::uint64_t begin = stretch.begin;
  const std::uint64_t bytes = stretch.bytes = own_bytes(stretch.value, stretch.bytes);
  if (!sequences_[group].try_emplace(begin, std::move(stretch)).second) return;
  bytes_ += bytes;
  if (bytes >= large_bytes_min) add_large({group, begin}, bytes);
}

const Store::Stretch* Store::find_stretch(TaskId group, std::uint64_t index) const {
  const auto sequence = sequences_.find(group);
  if (sequence == sequences_.end()) return nullptr;
  auto after = sequence->second.upper_bound(index);
  if (after == sequence->second.begin()) return nullptr;
  --after;
  return index - after->second.begin < after->second.count ? &after->second : nullptr;
}

void Store::erase(TaskId id) {
  if (id.is_group()) {
    const auto sequence = sequences_.find(id);
    if (sequence == sequences_.end()) return;
    for (const auto& [begin, stretch] : sequence->second) {
      count_out(stretch.bytes, stretch.away);
      if (stretch.bytes >= large_bytes_min) drop_large({id, begin});
    }
    sequences_.erase(sequence);
    return;
  }
  const Single* found = values_.find(id);
  if (found == nullptr) return;
  count_out(found->bytes, found->away != 0);
  if (found->bytes >= large_bytes_min) drop_large({id, 0});
  values_.erase(id);
}

void Store::erase_stretch(TaskId group, std::uint64_t begin) {
  const Stretch* stretch = stretch_at({group, begin});
  if (stretch == nullptr) return;
  count_out(stretch->bytes, stretch->away);
  if (stretch->bytes >= large_bytes_min) drop_large({group, begin});
  const auto sequence = sequences_.find(group);
  sequence.value().erase(begin);
  if (sequence.value().empty()) sequences_.erase(sequence);
}

void Store::clear() {
  values_.clear();
  sequences_.clear();
  large_.clear();
  by_use_.clear();
  away_.clear();
  bytes_ = 0;
  bytes_away_ = 0;
}

// ---- large values

void Store::add_large(ValueKey key, std::uint64_t bytes) {
  by_use_.push_back({key, bytes, nullptr});
  large_.insert({key, std::prev(by_use_.end())});
}

void Store::drop_large(ValueKey key) {
  const auto found = large_.find(key);
  check(found != large_.end(), "a large value stands in the order of use");
  // Which list it is in does not matter for erasing, but for their lengths.
  std::list<Large> dropped;
  dropped.splice(dropped.end(), is_away(key) ? away_ : by_use_, found->second);
  large_.erase(found);
}

void Store::touch(ValueKey key) {
  if (is_away(key)) return;
  by_use_.splice(by_use_.end(), by_use_, large_.find(key)->second);
}

Store::Large* Store::find_large(ValueKey key) {
  const auto found = large_.find(key);
  return found == large_.end() ? nullptr : &*found->second;
}

Store::Stretch* Store::stretch_at(ValueKey key) {
  const auto sequence = sequences_.find(key.id);
  if (sequence == sequences_.end()) return nullptr;
  const auto found = sequence.value().find(key.begin);
  return found == sequence.value().end() ? nullptr : &found->second;
}

const detail::Value* Store::value_of(ValueKey key) const {
  if (key.id.is_group()) {
    const Stretch* stretch = stretch_at(key);
    return stretch == nullptr ? nullptr : stretch->value.get();
  }
  return find(key.id);
}

bool Store::is_away(ValueKey key) const {
  if (key.id.is_group()) {
    const Stretch* stretch = stretch_at(key);
    return stretch != nullptr && stretch->away;
  }
  const Single* single = values_.find(key.id);
  return single != nullptr && single->away != 0;
}

ValuePtr Store::send_away(ValueKey key) {
  const Large* large = find_large(key);
  check(large != nullptr && large->backing != nullptr && !is_away(key),
        "a value leaves memory when it is elsewhere");
  bytes_ -= large->bytes;
  bytes_away_ += large->bytes;
  away_.splice(away_.end(), by_use_, large_.find(key)->second);
  if (Stretch* stretch = stretch_at(key)) {
    stretch->away = true;
    return std::exchange(stretch->value, ValuePtr());
  }
  Single* single = values_.find(key.id);
  single->away = 1;
  return std::exchange(single->value, ValuePtr());
}

void Store::bring_back(ValueKey key, ValuePtr value) {
  if (!is_away(key)) return;
  const Large* large = find_large(key);
  bytes_away_ -= large->bytes;
  bytes_ += large->bytes;
  by_use_.splice(by_use_.end(), away_, large_.find(key)->second);
  if (Stretch* stretch = stretch_at(key)) {
    stretch->away = false;
    stretch->value = std::move(value);
    return;
  }
  Single* single = values_.find(key.id);
  single->away = 0;
  single->value = std::move(value);
}

}  // namespace tutti::worker

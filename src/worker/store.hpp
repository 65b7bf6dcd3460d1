#pragma once

/// Store: the values that a rank holds. Values are immutable and counted, so readers need no lock
/// once they have a reference; the store itself is used under the rank's lock.
///
/// A large value can be away: its bytes are on disk, and the store has no more of it than a token
/// that stands for them. Who needs it has it brought back first. The order in which large values
/// were used is kept, so that those that nobody uses leave first.

#include "tutti/detail/value.hpp"
#include "tutti/ids.hpp"
#include "worker/slot_table.hpp"

#include <tsl/robin_map.h>

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>

namespace tutti::worker {

/// A single value, or the stretch of a sequence that begins at `begin`.
struct ValueKey {
  TaskId id;
  std::uint64_t begin = 0;
  bool operator==(const ValueKey&) const = default;
};

struct ValueKeyHash {
  std::size_t operator()(const ValueKey& key) const {
    return std::hash<TaskId>()(key.id) ^ (key.begin * 0x9e3779b97f4a7c15ull);
  }
};

/// The bytes of a value outside of memory, opaque to the store. They are dropped with the last
/// reference.
using Backing = std::shared_ptr<const void>;

class Store {
 public:
  /// Values from this size on can leave memory, in bytes.
  static constexpr std::uint64_t large_bytes_min = 64 * 1024;

  /// A value; null for the result of a void function, and while it is away.
  struct Single {
    detail::ValuePtr value;
    std::uint64_t bytes : 63 = 0;
    std::uint64_t away : 1 = 0;
  };
  /// Elements [begin, begin + count) of a sequence, as a sequence of their own. The value is null
  /// for void, and while it is away.
  struct Stretch {
    std::uint64_t begin = 0;
    std::uint64_t count = 0;
    detail::ValuePtr value;
    std::uint64_t bytes = 0;
    bool away = false;
  };
  /// What is known of a large value beyond that.
  struct Large {
    ValueKey key;
    std::uint64_t bytes = 0;
    Backing backing;       ///< a copy outside of memory, if there is one
    bool writing = false;  ///< one is being made
    bool stays = false;    ///< none can be made
  };

  /// Keeps a value; a null one stands for the result of a void function. The first one stays.
  void put(TaskId id, detail::ValuePtr value, std::uint64_t bytes) {
    Single single;
    bytes = own_bytes(value, bytes);
    single.value = std::move(value);
    single.bytes = bytes & (~std::uint64_t{0} >> 1);
    if (!values_.insert(id, std::move(single))) return;
    bytes_ += bytes;
    if (bytes >= large_bytes_min) add_large({id, 0}, bytes);
  }
  /// Instead of a value that is here the same one in other memory. Nobody may use the old one.
  void replace(TaskId id, detail::ValuePtr value) {
    const std::uint64_t bytes = values_.find(id)->bytes;
    erase(id);
    put(id, std::move(value), bytes);
  }
  void put_stretch(TaskId group, Stretch stretch);

  /// Also true of what is away.
  bool contains(TaskId id) const { return !id.is_group() && values_.contains(id); }
  /// Null when it is not here, is void, or is away.
  const detail::Value* find(TaskId id) const {
    const Single* found = values_.find(id);
    return found == nullptr ? nullptr : found->value.get();
  }
  const Single* find_single(TaskId id) const { return id.is_group() ? nullptr : values_.find(id); }
  /// The same, and it counts as used now.
  const Single* use(TaskId id) {
    const Single* found = values_.find(id);
    if (found != nullptr && found->bytes >= large_bytes_min) touch({id, 0});
    return found;
  }
  /// The stretch that holds the element, or null.
  const Stretch* find_stretch(TaskId group, std::uint64_t index) const;
  const Stretch* use_stretch(TaskId group, std::uint64_t index) {
    const Stretch* found = find_stretch(group, index);
    if (found != nullptr && found->bytes >= large_bytes_min) touch({group, found->begin});
    return found;
  }
  template <class Visit>
  void for_each_stretch(TaskId group, Visit visit) const {
    const auto sequence = sequences_.find(group);
    if (sequence == sequences_.end()) return;
    for (const auto& [begin, stretch] : sequence->second) visit(stretch);
  }
  /// Forgets a value or a whole sequence; what is not here is ignored.
  void erase(TaskId id);
  /// Forgets one stretch of a sequence; what is not here is ignored.
  void erase_stretch(TaskId group, std::uint64_t begin);
  void clear();

  /// Bytes of the values in memory, and of those that are away.
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t bytes_away() const { return bytes_away_; }
  std::size_t size() const { return values_.size() + sequences_.size(); }

  // ---- large values

  /// Those in memory; the ones that were not used for longest come first.
  const std::list<Large>& by_use() const { return by_use_; }
  /// Null when it is not here, or not large.
  Large* find_large(ValueKey key);
  /// Null when it is away or void.
  const detail::Value* value_of(ValueKey key) const;
  bool is_away(ValueKey key) const;
  /// Lets go of a value that has a backing, and gives it to the caller to be destroyed.
  detail::ValuePtr send_away(ValueKey key);
  /// The value is in memory again; its backing stays, so that it can leave without being written.
  /// Ignored when it is not away any more.
  void bring_back(ValueKey key, detail::ValuePtr value);

 private:
  using Sequence = std::map<std::uint64_t, Stretch>;

  /// What lies once on the node, for all its ranks, is nobody's own: it does not count here and
  /// does not leave.
  static std::uint64_t own_bytes(const detail::ValuePtr& value, std::uint64_t bytes) {
    return value && value->is_common() ? 0 : bytes;
  }
  void add_large(ValueKey key, std::uint64_t bytes);
  void drop_large(ValueKey key);
  void touch(ValueKey key);
  Stretch* stretch_at(ValueKey key);
  const Stretch* stretch_at(ValueKey key) const {
    return const_cast<Store*>(this)->stretch_at(key);
  }
  void count_out(std::uint64_t bytes, bool away) { (away ? bytes_away_ : bytes_) -= bytes; }

  SlotTable<Single> values_;
  tsl::robin_map<TaskId, Sequence> sequences_;
  std::list<Large> by_use_;
  std::list<Large> away_;
  tsl::robin_map<ValueKey, std::list<Large>::iterator, ValueKeyHash> large_;
  std::uint64_t bytes_ = 0;
  std::uint64_t bytes_away_ = 0;
};

}  // namespace tutti::worker

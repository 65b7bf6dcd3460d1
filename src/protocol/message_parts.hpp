#pragma once

/// What messages are made of: references to values, lists of plain structs, claims.

#include "tutti/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace tutti::protocol {

/// Number of a function that single tasks name; groups name theirs by the id of the group.
using FunctionId = std::uint32_t;

/// Priority and depth as one number; the greater one goes first.
inline constexpr std::int32_t urgency_of(std::int16_t priority, std::uint16_t depth) {
  return priority * 65'536 + depth;
}

/// A value, or elements [index, index + count) of a sequence, and the rank that holds them or will
/// produce them.
struct InputRef {
  TaskId id;
  std::uint64_t index = 0;
  std::uint64_t count = 1;
  std::int32_t holder = -1;
  /// How many tasks rank 0 has assigned to the holder so far, modulo 2^31: a holder that has seen
  /// so many and does not know the value will not get to know it.
  std::uint32_t sequence : 31 = 0;
  /// Nobody else needs the value: it may be moved from.
  std::uint32_t last_use : 1 = 0;
  bool operator==(const InputRef&) const = default;
};

/// Assignments are counted modulo 2^31.
inline constexpr std::uint32_t sequence_mask = 0x7fffffffu;

/// Whether a rank that was assigned `seen` tasks has seen those that a reference counts.
inline constexpr bool has_seen(std::uint32_t seen, std::uint32_t sequence) {
  return ((seen - sequence) & sequence_mask) < 0x40000000u;
}

/// A piece of a source sequence that feeds a range of a map.
struct PieceRef {
  TaskId id;
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
  std::int32_t holder = -1;
  /// Which of the map's sources it belongs to.
  std::uint32_t source = 0;
  bool operator==(const PieceRef&) const = default;
};

/// What a task that is submitted needs: the result of a task, or elements [index, index + count) of
/// a sequence; a count of 0 is mere order.
struct NeedRef {
  TaskId id;
  std::uint64_t index = 0;
  std::uint64_t count = 1;
  bool operator==(const NeedRef&) const = default;
};

/// A list of plain structs inside a packet, which need not be aligned there.
template <class T>
class PackedList {
 public:
  PackedList() = default;
  explicit PackedList(std::span<const T> items) : bytes_(std::as_bytes(items)) {}
  explicit PackedList(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::size_t size() const { return bytes_.size() / sizeof(T); }
  bool empty() const { return bytes_.empty(); }
  T operator[](std::size_t index) const {
    T item;
    std::memcpy(static_cast<void*>(&item), bytes_.data() + index * sizeof(T), sizeof(T));
    return item;
  }
  std::vector<T> to_vector() const {
    std::vector<T> items(size());
    if (!empty()) std::memcpy(static_cast<void*>(items.data()), bytes_.data(), bytes_.size());
    return items;
  }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

/// What an assignment has of its worker besides a slot. The worker says by ClaimEnded when it is
/// free again, which may be after rank 0 has lost interest in the task.
struct ClaimRef {
  std::uint32_t number = 0;          ///< 0: nothing but one slot, and it may be given back
  std::uint32_t cores = 1;           ///< slots
  PackedList<std::int32_t> devices;  ///< it may use
};

}  // namespace tutti::protocol

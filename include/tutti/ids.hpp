#pragma once

/// TaskId: the number of a task or of a group of tasks.

#include <compare>
#include <cstdint>
#include <functional>

namespace tutti {

/// Names a task, a placed value, or a group (a whole `map`). The slot is an index into a dense
/// table; the generation tells later users of the slot apart. Never reused while somebody could
/// still ask for it.
class TaskId {
 public:
  constexpr TaskId() = default;
  static constexpr TaskId task(std::uint32_t slot, std::uint32_t generation) {
    return TaskId((static_cast<std::uint64_t>(generation & generation_mask) << 32) | slot);
  }
  static constexpr TaskId group(std::uint32_t slot, std::uint32_t generation) {
    return TaskId(group_bit | task(slot, generation).bits_);
  }
  static constexpr TaskId from_bits(std::uint64_t bits) { return TaskId(bits); }

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr std::uint32_t slot() const { return static_cast<std::uint32_t>(bits_); }
  constexpr std::uint32_t generation() const {
    return static_cast<std::uint32_t>(bits_ >> 32) & generation_mask;
  }
  constexpr bool is_group() const { return (bits_ & group_bit) != 0; }
  constexpr bool is_none() const { return bits_ == 0; }
  constexpr auto operator<=>(const TaskId&) const = default;

  static constexpr std::uint32_t generation_mask = 0x7fffffffu;

 private:
  static constexpr std::uint64_t group_bit = std::uint64_t{1} << 63;
  explicit constexpr TaskId(std::uint64_t bits) : bits_(bits) {}
  std::uint64_t bits_ = 0;
};

}  // namespace tutti

template <>
struct std::hash<tutti::TaskId> {
  std::size_t operator()(tutti::TaskId id) const noexcept {
    // Spread to all bits: tables take the low ones, and slots and generations both begin small.
    const std::uint64_t product = id.bits() * 0x9e3779b97f4a7c15ull;
    return static_cast<std::size_t>(product ^ product >> 32);
  }
};

#pragma once

/// Memory that all ranks of a node can read: where it comes from, for values that are made in it.

#include <cstddef>

namespace tutti::detail {

/// Buffers that are smaller in all, in bytes, are sent: below it the announcement and the first
/// look at a page cost as much as a copy (docs/decisions/0014).
inline constexpr std::size_t node_bytes_min = std::size_t{1} << 20;

/// Memory for `bytes` bytes, on a page boundary and uninitialised. Null when they are fewer than
/// node_bytes_min, when the ranks of the node share no memory, or there is not enough of it; then
/// the heap will do. Any thread.
void* allocate_node_memory(std::size_t bytes) noexcept;
/// Gives it back; ranks that still read it keep it as long as they do. False, and nothing happens,
/// when it is other memory. Any thread.
bool free_node_memory(void* memory) noexcept;

}  // namespace tutti::detail

#pragma once

/// Huge pages for large memory.

#include "tutti/bytes.hpp"

#include <atomic>
#include <cstddef>

namespace tutti::base {

/// Whether they are asked for: the option `huge_pages`. Set once at the start, from any thread.
extern constinit std::atomic<bool> huge_pages_wanted;

/// What is smaller is mostly memory that was used before.
inline constexpr std::size_t huge_bytes_min = std::size_t{4} << 20;

/// The call of the system, for memory of at least that size.
void ask_for_huge_pages(MutableBuffer memory) noexcept;

/// `memory` will be written from one end to the other. Where it has 4 MiB or more and the system
/// leaves the choice to programs, pages of 2 MiB are asked for: new memory of 256 MiB costs 64
/// thousand faults otherwise, which take longer than a copy of it.
inline void prefer_huge_pages(MutableBuffer memory) noexcept {
  if (memory.size >= huge_bytes_min && huge_pages_wanted.load(std::memory_order_relaxed))
    ask_for_huge_pages(memory);
}

}  // namespace tutti::base

#pragma once

/// Huge pages for large memory.

#include "tutti/bytes.hpp"

#include <atomic>

namespace tutti::base {

/// Whether they are asked for: the option `huge_pages`. Set once at the start, from any thread.
extern constinit std::atomic<bool> huge_pages_wanted;

/// `memory` will be written from one end to the other. Where it has 4 MiB or more and the system
/// leaves the choice to programs, pages of 2 MiB are asked for: new memory of 256 MiB costs 64
/// thousand faults otherwise, which take longer than a copy of it.
void prefer_huge_pages(MutableBuffer memory) noexcept;

}  // namespace tutti::base

#pragma once

/// Huge pages for memory that a large transfer fills.

#include "tutti/bytes.hpp"

namespace tutti::transport {

/// `memory` will be written from one end to the other. Where it is large and the system leaves the
/// choice to programs, pages of 2 MiB are asked for: new memory of 256 MiB costs 64 thousand faults
/// otherwise, which take longer than the transfer.
void prefer_huge_pages(MutableBuffer memory) noexcept;

}  // namespace tutti::transport

#pragma once

/// A segment that is read: the results that its frames hold, where they lie in the file.

#include "journal/disk.hpp"
#include "journal/frame.hpp"
#include "journal/part.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace tutti::journal {

/// What frames hold, as blocks that point into `bytes`.
struct SegmentContents {
  std::vector<Series> series;
  std::vector<Block> blocks;
  Scan scan;
};

/// Throws Error (corrupt_data) when a valid frame holds what no journal writes.
SegmentContents read_segment(std::span<const std::byte> bytes);

/// What is lost by the damages of a segment, as a sentence without an end.
std::string tell_damages(const std::filesystem::path& path, const Scan& scan);

}  // namespace tutti::journal

#include "memory/file_space.hpp"

#include "tutti/check.hpp"

#include <iterator>

namespace tutti::memory {

void FileSpace::add_gap(Extent gap) {
  gaps_.emplace(gap.offset, gap.bytes);
  gaps_by_size_.emplace(gap.bytes, gap.offset);
}

void FileSpace::drop_gap(Extent gap) {
  gaps_.erase(gap.offset);
  gaps_by_size_.erase({gap.bytes, gap.offset});
}

Extent FileSpace::take(std::uint64_t bytes) {
  bytes = rounded(bytes);
  used_bytes_ += bytes;
  const auto found = gaps_by_size_.lower_bound({bytes, 0});
  if (found == gaps_by_size_.end()) {
    const Extent extent{end_, bytes};
    end_ += bytes;
    return extent;
  }
  const Extent gap{found->second, found->first};
  drop_gap(gap);
  if (gap.bytes > bytes) add_gap({gap.offset + bytes, gap.bytes - bytes});
  return {gap.offset, bytes};
}

Extent FileSpace::release(Extent extent) {
  check(used_bytes_ >= extent.bytes && extent.offset + extent.bytes <= end_,
        "what is released of a file was taken");
  used_bytes_ -= extent.bytes;
  const auto after = gaps_.find(extent.offset + extent.bytes);
  if (after != gaps_.end()) {
    const Extent gap{after->first, after->second};
    drop_gap(gap);
    extent.bytes += gap.bytes;
  }
  const auto next = gaps_.lower_bound(extent.offset);
  if (next != gaps_.begin()) {
    const auto before = std::prev(next);
    const Extent gap{before->first, before->second};
    check(gap.offset + gap.bytes <= extent.offset, "a place in a file is released once");
    if (gap.offset + gap.bytes == extent.offset) {
      drop_gap(gap);
      extent = {gap.offset, gap.bytes + extent.bytes};
    }
  }
  if (extent.offset + extent.bytes == end_) {
    end_ = extent.offset;
  } else {
    add_gap(extent);
  }
  return extent;
}

}  // namespace tutti::memory

#pragma once

/// FileSpace: which parts of a file are in use. Pure bookkeeping; places begin at whole blocks.

#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace tutti::memory {

/// A part of a file, in bytes.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  bool operator==(const Extent&) const = default;
};

class FileSpace {
 public:
  static constexpr std::uint64_t block_bytes = 4096;
  static std::uint64_t rounded(std::uint64_t bytes) {
    return (bytes + block_bytes - 1) / block_bytes * block_bytes;
  }

  /// A place for `bytes` bytes, at least 1, rounded up to whole blocks: the smallest gap that is
  /// large enough, else at the end.
  Extent take(std::uint64_t bytes);
  /// The place is free. Gives the whole gap that it is now a part of; one at the end of what is
  /// used makes the file shorter, see end().
  Extent release(Extent extent);

  std::uint64_t used_bytes() const { return used_bytes_; }
  /// Nothing is in use from here on.
  std::uint64_t end() const { return end_; }
  std::size_t gaps() const { return gaps_.size(); }

 private:
  void add_gap(Extent gap);
  void drop_gap(Extent gap);

  std::map<std::uint64_t, std::uint64_t> gaps_;                     ///< bytes by offset
  std::set<std::pair<std::uint64_t, std::uint64_t>> gaps_by_size_;  ///< (bytes, offset)
  std::uint64_t used_bytes_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace tutti::memory

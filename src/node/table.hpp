#pragma once

/// NodeTable: what the ranks of a node have in common: where the segments of each are, and who uses
/// them. One small segment that all of them write to.
///
/// A slot is a segment of its owner. `uses` of a slot has one counter a rank of the node, so that
/// those of a rank that is gone can be dropped. A rank is counted up by whoever announces the
/// segment to it, and counts itself down; only the owner acts on a zero.

#include "node/segment.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace tutti::node {

/// Where the table of a node is found. Bytes, the same on all its ranks.
struct TableAddress {
  SegmentAddress segment;
  std::uint64_t secret = 0;  ///< stands in the table
};

class NodeTable {
 public:
  /// One rank of the node makes it, for so many ranks. Null with a `problem`.
  static std::unique_ptr<NodeTable> create(int ranks, std::string& problem);
  static std::unique_ptr<NodeTable> open(const TableAddress& address, int ranks,
                                         std::string& problem);

  TableAddress address() const noexcept { return {segment_.address(), secret_}; }
  /// When all have opened it.
  void close_descriptor() noexcept { segment_.close_descriptor(); }

  int ranks() const noexcept { return ranks_; }
  /// Segments that a rank can have at a time.
  std::uint32_t slots() const noexcept { return slots_; }

  /// The owner puts a segment in a slot of its own, or takes it out. Either gives the slot another
  /// generation, which is returned.
  std::uint64_t publish(int owner, std::uint32_t slot, const SegmentAddress& address) noexcept;
  std::uint64_t retire(int owner, std::uint32_t slot) noexcept;
  std::uint64_t generation(int owner, std::uint32_t slot) const noexcept;
  SegmentAddress segment(int owner, std::uint32_t slot) const noexcept;

  void count_up(int owner, std::uint32_t slot, int user) noexcept;
  void count_down(int owner, std::uint32_t slot, int user) noexcept;
  bool in_use(int owner, std::uint32_t slot) const noexcept;
  /// A rank is gone: what it used is free.
  void drop_user(int user) noexcept;

  /// True for the first rank of the node that asks: what concerns all is said by one.
  bool may_say_once() noexcept;

 private:
  struct Header;
  struct Slot;
  static std::uint32_t slots_for(int ranks) noexcept;
  static std::size_t slot_bytes(int ranks) noexcept;
  static std::size_t table_bytes(int ranks) noexcept;
  Header& header() const noexcept;
  Slot& slot(int owner, std::uint32_t number) const noexcept;
  std::atomic<std::uint32_t>& uses(int owner, std::uint32_t number, int user) const noexcept;

  Segment segment_;
  int ranks_ = 0;
  std::uint32_t slots_ = 0;
  std::uint64_t secret_ = 0;
};

}  // namespace tutti::node

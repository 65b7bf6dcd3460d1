#pragma once

/// NodeStore: large buffers that lie once on a node and are read by all its ranks where they are.
///
/// A block is a segment of shared memory of the rank that made it. Other ranks map it, and keep the
/// mapping while the owner uses the memory again: fresh pages cost ten times a copy into pages that
/// were touched. Who announces a block counts the asker up in the node's table first, so a block is
/// not reused before all have ended with it, in whatever order messages come.

#include "node/table.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace tutti::node {

/// Where a buffer lies, for the ranks of one node.
struct Place {
  std::uint32_t owner = 0;  ///< local rank
  std::uint32_t slot = 0;   ///< of the owner, in the node's table
  std::uint64_t generation = 0;
  std::uint64_t offset = 0;
  bool operator==(const Place&) const = default;
};

/// In bytes.
struct NodeLimits {
  std::uint64_t owned_bytes_max = UINT64_MAX;  ///< in use and idle
  std::uint64_t idle_bytes_max = std::uint64_t{512} << 20;
};

/// In bytes, of this rank.
struct NodeFigures {
  std::uint64_t owned = 0;   ///< in use, here or on other ranks
  std::uint64_t idle = 0;    ///< kept to be used again
  std::uint64_t mapped = 0;  ///< of other ranks, in use here
};

/// A block in use. Its end may be on any thread, and after that of the store.
class Block {
 public:
  virtual ~Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  /// Writable for the rank that owns it, as long as no other rank knows it.
  std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  /// Of its first byte.
  Place place() const noexcept { return place_; }

 protected:
  Block(std::byte* data, std::size_t size, Place place) noexcept
      : data_(data), size_(size), place_(place) {}

 private:
  std::byte* data_;
  std::size_t size_;
  Place place_;
};
using BlockPtr = std::shared_ptr<const Block>;

/// All functions: any thread.
class NodeStore {
 public:
  NodeStore(std::unique_ptr<NodeTable> table, int local_rank, NodeLimits limits);
  ~NodeStore();

  /// A block of at least so many bytes, uninitialised, on a page boundary. Null when a limit or the
  /// system does not allow it; the first rank of the node that meets this says why, once.
  BlockPtr allocate(std::size_t bytes);

  /// The block in which these bytes lie, in use here, and their place; null when in none.
  struct Found {
    BlockPtr block;
    Place place;
  };
  Found find(const void* data, std::size_t bytes) const;

  /// Before another rank is told of a block: it counts as using it. Each such announcement is
  /// answered there by one map(), or taken back here.
  void announce(const Block& block, int to_local_rank);
  void take_back(const Block& block, int from_local_rank);
  /// A block that was announced to this rank. Null with a `problem` when the memory cannot be
  /// reached; the announcement is answered all the same.
  BlockPtr map(const Place& place, std::string& problem);

  /// A rank of this node is gone, and uses nothing any more.
  void drop_rank(int local_rank) noexcept;
  /// Takes up what other ranks have ended with. To be called now and then.
  void sweep();
  NodeFigures figures() const;

 private:
  struct State;
  class OwnBlock;
  class MappedBlock;
  std::shared_ptr<State> state_;
};

}  // namespace tutti::node

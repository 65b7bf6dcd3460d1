#pragma once

/// Values whose buffers lie in the memory of the node: put there, announced, read in place.

#include "node/node_store.hpp"
#include "protocol/messages.hpp"
#include "tutti/detail/value.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tutti::runtime {

/// Buffers from this size on go beside the stream of a value, in bytes.
inline constexpr std::size_t buffer_bytes_min = 4 * 1024;

/// The buffers of a value in the memory of the node.
struct NodeBuffers {
  std::vector<protocol::BlockRef> refs;  ///< one a buffer
  std::vector<node::BlockPtr> blocks;    ///< where they lie, each once
};

/// A value as other ranks of the node are told of it.
struct NodeCopy {
  std::shared_ptr<const Writer> stream;
  NodeBuffers buffers;
};

/// True when the others gain by reading a value where it lies: at least node_bytes_min of it, and
/// most of it, can be used in place.
bool is_worth_sharing(std::span<const ConstBuffer> buffers);

/// The buffers of a value that lies in the memory of the node already.
std::optional<NodeBuffers> find_on_node(const node::NodeStore& store,
                                        std::span<const ConstBuffer> buffers);
/// A block for buffers of these sizes, and their places in it. None when there is no memory.
std::optional<NodeBuffers> allocate_on_node(node::NodeStore& store,
                                            std::span<const std::uint64_t> sizes);
/// Copies buffers into a new block.
std::optional<NodeBuffers> copy_to_node(node::NodeStore& store,
                                        std::span<const ConstBuffer> buffers);
/// Where the buffers lie in this process.
std::vector<MutableBuffer> buffers_here(const NodeBuffers& buffers,
                                        std::span<const std::uint64_t> sizes);

/// Before another rank is told of the buffers.
void announce(node::NodeStore& store, const NodeBuffers& buffers, int to_local_rank);
/// What was announced to this rank. None with a `problem` when some of it cannot be reached.
std::optional<NodeBuffers> map_announced(node::NodeStore& store,
                                         const protocol::PackedList<protocol::BlockRef>& refs,
                                         std::string& problem);

/// Reads a value: what can be used in place points to the buffers, which it keeps; all else is
/// copied. Throws what its type throws.
detail::ValuePtr read_on_node(const detail::ValueOps& ops, std::span<const std::byte> stream,
                              std::span<const std::uint64_t> sizes, const NodeBuffers& buffers);

/// Says once why this rank copies what others read in place.
void warn_unreachable(const std::string& problem);

/// The same, and the value can be announced again as it is, text and all.
detail::ValuePtr read_and_keep(const detail::ValueOps& ops, NodeCopy copy);
/// Where a value lies that is on the node as a whole: as it was kept, or as it is.
std::optional<NodeBuffers> place_of(const node::NodeStore& store, const detail::Value& value,
                                    std::span<const ConstBuffer> buffers);

std::vector<std::uint64_t> sizes_of(std::span<const ConstBuffer> buffers);

}  // namespace tutti::runtime

#include "runtime/node_values.hpp"

#include "base/log.hpp"
#include "base/value_company.hpp"
#include "tutti/check.hpp"
#include "tutti/detail/node_memory.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

namespace tutti::runtime {
namespace {

using detail::ValueOps;
using detail::ValuePtr;
using protocol::BlockRef;

/// Buffers in one block begin at multiples of this, which suits any type and the cache.
constexpr std::uint64_t alignment = 128;

BlockRef ref_of(const node::Place& place) {
  return {place.owner, place.slot, place.generation, place.offset};
}

void add_once(std::vector<node::BlockPtr>& blocks, node::BlockPtr block) {
  if (std::ranges::find(blocks, block) == blocks.end()) blocks.push_back(std::move(block));
}

}  // namespace

std::vector<std::uint64_t> sizes_of(std::span<const ConstBuffer> buffers) {
  std::vector<std::uint64_t> sizes;
  for (const ConstBuffer& buffer : buffers) sizes.push_back(buffer.size);
  return sizes;
}

bool is_worth_sharing(std::span<const ConstBuffer> buffers) {
  std::uint64_t all = 0;
  std::uint64_t in_place = 0;
  for (const ConstBuffer& buffer : buffers) {
    all += buffer.size;
    if (buffer.adoptable) in_place += buffer.size;
  }
  return in_place >= detail::node_bytes_min && in_place >= all / 2;
}

std::optional<NodeBuffers> find_on_node(const node::NodeStore& store,
                                        std::span<const ConstBuffer> buffers) {
  NodeBuffers result;
  for (const ConstBuffer& buffer : buffers) {
    node::NodeStore::Found found = store.find(buffer.data, buffer.size);
    if (found.block == nullptr) return std::nullopt;
    result.refs.push_back(ref_of(found.place));
    add_once(result.blocks, std::move(found.block));
  }
  return result;
}

std::optional<NodeBuffers> allocate_on_node(node::NodeStore& store,
                                            std::span<const std::uint64_t> sizes) {
  NodeBuffers result;
  std::uint64_t end = 0;
  for (const std::uint64_t size : sizes) {
    result.refs.push_back({0, 0, 0, end});
    end += (size + alignment - 1) / alignment * alignment;
  }
  const node::BlockPtr block = store.allocate(static_cast<std::size_t>(end));
  if (block == nullptr) return std::nullopt;
  for (BlockRef& ref : result.refs) {
    const std::uint64_t offset = ref.offset;
    ref = ref_of(block->place());
    ref.offset = offset;
  }
  result.blocks.push_back(block);
  return result;
}

std::optional<NodeBuffers> copy_to_node(node::NodeStore& store,
                                        std::span<const ConstBuffer> buffers) {
  std::optional<NodeBuffers> result = allocate_on_node(store, sizes_of(buffers));
  for (std::size_t index = 0; result && index < buffers.size(); ++index) {
    if (buffers[index].size == 0) continue;
    std::memcpy(result->blocks.front()->data() + result->refs[index].offset, buffers[index].data,
                buffers[index].size);
  }
  return result;
}

void warn_unreachable(const std::string& problem) {
  base::log_warning_once("node memory",
                         "this rank cannot read the memory of its node in place and "
                         "copies large values: " +
                             problem);
}

std::vector<MutableBuffer> buffers_here(const NodeBuffers& buffers,
                                        std::span<const std::uint64_t> sizes) {
  std::vector<MutableBuffer> result;
  for (std::size_t index = 0; index < sizes.size(); ++index) {
    const BlockRef& ref = buffers.refs[index];
    const auto block = std::ranges::find_if(buffers.blocks, [&](const node::BlockPtr& each) {
      return each->place().owner == ref.owner && each->place().slot == ref.slot;
    });
    check(block != buffers.blocks.end(), "a buffer lies in a block that is there");
    if (ref.offset > (*block)->size() || sizes[index] > (*block)->size() - ref.offset)
      throw Error(ErrorCode::corrupt_data, "a buffer does not lie in its block");
    result.push_back({(*block)->data() + ref.offset, static_cast<std::size_t>(sizes[index])});
  }
  return result;
}

void announce(node::NodeStore& store, const NodeBuffers& buffers, int to_local_rank) {
  for (const node::BlockPtr& block : buffers.blocks) store.announce(*block, to_local_rank);
}

std::optional<NodeBuffers> map_announced(node::NodeStore& store,
                                         const protocol::PackedList<BlockRef>& refs,
                                         std::string& problem) {
  NodeBuffers result;
  bool complete = true;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> seen;
  for (std::size_t index = 0; index < refs.size(); ++index) {
    const BlockRef ref = refs[index];
    result.refs.push_back(ref);
    const std::pair key(ref.owner, ref.slot);
    if (std::ranges::find(seen, key) != seen.end()) continue;
    seen.push_back(key);
    // Every announcement is answered, also after a failure.
    node::BlockPtr block = store.map({ref.owner, ref.slot, ref.generation, 0}, problem);
    complete = complete && block != nullptr;
    if (block != nullptr) result.blocks.push_back(std::move(block));
  }
  if (!complete) return std::nullopt;
  return result;
}

ValuePtr read_on_node(const ValueOps& ops, std::span<const std::byte> stream,
                      std::span<const std::uint64_t> sizes, const NodeBuffers& buffers) {
  if (ops.read == nullptr)
    throw Error(ErrorCode::cannot_travel, "values of type " + ops.type_name() + " cannot travel");
  const std::vector<MutableBuffer> sources = buffers_here(buffers, sizes);
  // Everything that may throw comes first; a value that is not complete owns all that it has.
  Reader reader(stream, sizes);
  reader.allow_adoption();
  ValuePtr value(ops.read(reader));
  reader.expect_end();
  const std::vector<MutableBuffer>& destinations = reader.destinations();
  if (destinations.size() != sizes.size()) {
    throw Error(ErrorCode::corrupt_data,
                "a value of type " + ops.type_name() + " came with more buffers than it reads");
  }
  for (std::size_t index = 0; index < sizes.size(); ++index) {
    if (destinations[index].data == nullptr || sizes[index] == 0) continue;
    std::memcpy(destinations[index].data, sources[index].data, sources[index].size);
  }
  std::vector<detail::Keeper> keepers(buffers.blocks.begin(), buffers.blocks.end());
  detail::ValueCompany::adopt(*value, reader.adopted(), sources, std::move(keepers));
  return value;
}

ValuePtr read_and_keep(const ValueOps& ops, NodeCopy copy) {
  const auto kept = std::make_shared<const NodeCopy>(std::move(copy));
  ValuePtr value =
      read_on_node(ops, kept->stream->bytes(), sizes_of(kept->stream->buffers()), kept->buffers);
  detail::ValueCompany::keep(*value, kept);
  return value;
}

std::optional<NodeBuffers> place_of(const node::NodeStore& store, const detail::Value& value,
                                    std::span<const ConstBuffer> buffers) {
  if (const detail::Keeper kept = detail::ValueCompany::kept(value))
    return static_cast<const NodeCopy*>(kept.get())->buffers;
  return find_on_node(store, buffers);
}

}  // namespace tutti::runtime

#pragma once

/// ValueCompany: what belongs to a few values and must end with them: the memory of others that
/// their buffers lie in, and copies of them. It is kept apart, so that small values stay small.

#include "tutti/detail/value.hpp"

#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace tutti::detail {

using Keeper = std::shared_ptr<const void>;

/// All functions: any thread.
struct ValueCompany {
  /// Points each of `buffers` to its memory in `sources`, by its number; `keepers` own that memory.
  /// Before the value ends they are emptied, and the keepers dropped. The value is new, and nobody
  /// else has seen it.
  static void adopt(Value& value, std::vector<AdoptedBuffer> buffers,
                    std::span<const MutableBuffer> sources, std::vector<Keeper> keepers);
  /// Keeps something beside a value until it ends; instead of what was kept before.
  static void keep(const Value& value, Keeper beside);
  /// What was kept, or null.
  static Keeper kept(const Value& value);
};

/// Where memory of the node comes from.
struct NodeMemory {
  void* data = nullptr;  ///< null: there is none
  Keeper keeper;
};
/// Set while the ranks of the node share memory; an empty one ends that. Memory that was given out
/// stays valid.
void set_node_allocator(std::function<NodeMemory(std::size_t bytes)> allocate);

}  // namespace tutti::detail

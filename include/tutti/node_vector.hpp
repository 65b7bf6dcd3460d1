#pragma once

/// node_vector: a std::vector whose memory, when it is large, lies where all ranks of its node can
/// read it. A task that returns one gives it to other ranks of the node without copy.

#include "tutti/detail/node_memory.hpp"

#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <vector>

namespace tutti {

/// Allocates vectors of at least detail::node_bytes_min (1 MiB) in the memory of the node, and all
/// others, or when there is none, on the heap. Throws std::bad_alloc as std::allocator does. Any
/// thread; memory may outlive the run.
template <class T>
struct NodeAllocator {
  using value_type = T;

  NodeAllocator() = default;
  template <class U>
  NodeAllocator(const NodeAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) {
    if (count <= std::numeric_limits<std::size_t>::max() / sizeof(T)) {
      if (void* const memory = detail::allocate_node_memory(count * sizeof(T)))
        return static_cast<T*>(memory);
    }
    return std::allocator<T>().allocate(count);
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    if (count * sizeof(T) >= detail::node_bytes_min && detail::free_node_memory(memory)) return;
    std::allocator<T>().deallocate(memory, count);
  }
  bool operator==(const NodeAllocator&) const = default;
};

/// Used like a std::vector, and travels like one. Worth it for results that other ranks need and
/// that are made once: growing it by push_back copies as with any vector.
template <class T>
using node_vector = std::vector<T, NodeAllocator<T>>;

}  // namespace tutti

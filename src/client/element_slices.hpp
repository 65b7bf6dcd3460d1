#pragma once

/// Which parts of the stretches of maps are brought for single elements that are wanted together.

#include "tutti/detail/core.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace tutti::client_module {

/// Results of a map that lie together, and the rank that has them.
struct HeldStretch {
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  std::int32_t holder = -1;
};

/// Neighbours of one stretch that travel as one.
struct ElementSlice {
  detail::GroupState* group = nullptr;
  HeldStretch stretch;
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
  std::span<const detail::Target> wanted;  ///< elements of the slice; there may be others between

  /// Its share of the stretch.
  std::uint64_t bytes() const;
};

/// Puts elements of maps in order and drops those that are named again.
void order_elements(std::vector<detail::Target>& elements);

/// The slices that hold all elements, which are in order and which the slices refer to.
/// `stretch_of` gives the stretch where an element lies. Elements are brought that nobody wants
/// where they are few bytes between others: they cost less than one more message.
std::vector<ElementSlice> slices_of(
    std::span<const detail::Target> elements,
    const std::function<HeldStretch(const detail::Target&)>& stretch_of);

/// Keeps a slice that arrived, or the stretch that it is of, with its map. What is here stays:
/// somebody may refer to it. Under the lock.
void keep_slice(const ElementSlice& slice, const detail::ValuePtr& value);

}  // namespace tutti::client_module

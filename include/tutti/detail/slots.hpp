#pragma once

/// Slots: objects of several types that are made one after the other from the same reader. A
/// std::tuple would do, but in which order it makes its elements is nobody's promise.

#include <cstddef>
#include <utility>

namespace tutti::detail {

template <std::size_t Index, class T>
struct Slot {
  template <class Source>
  explicit Slot(Source& source) : value(source) {}
  T value;
};

template <class Indices, class... T>
struct SlotList;
template <std::size_t... Index, class... T>
struct SlotList<std::index_sequence<Index...>, T...> : Slot<Index, T>... {
  /// Bases are made in the order in which they are named.
  template <class Source>
  explicit SlotList(Source& source) : Slot<Index, T>(source)... {}
  template <class Visit>
  decltype(auto) apply(Visit&& visit) {
    return std::forward<Visit>(visit)(static_cast<Slot<Index, T>&>(*this).value...);
  }
};

template <class... T>
using Slots = SlotList<std::index_sequence_for<T...>, T...>;

template <std::size_t Index, class T>
const T& get(const Slot<Index, T>& slot) {
  return slot.value;
}

}  // namespace tutti::detail

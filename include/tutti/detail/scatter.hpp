#pragma once

/// What Client::scatter() makes of values, sequences and maps.

#include "tutti/data.hpp"
#include "tutti/detail/core.hpp"
#include "tutti/detail/elements.hpp"
#include "tutti/detail/nested_futures.hpp"
#include "tutti/function.hpp"
#include "tutti/future.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace tutti::detail {

template <class A>
inline constexpr bool is_span = false;
template <class T, std::size_t size>
inline constexpr bool is_span<std::span<T, size>> = true;
/// Elements that spread over the workers: std::vector, std::deque, std::list, std::array,
/// std::span.
template <class A>
constexpr bool is_scattered_sequence() {
  if constexpr (is_span<A> || is_std_array<A>) {
    return true;
  } else {
    constexpr Route route = route_of<A>;
    return route == Route::vector || route == Route::bit_vector || route == Route::sequence;
  }
}
/// std::map, std::unordered_map.
template <class A>
constexpr bool is_scattered_map() {
  if constexpr (is_span<A>) {
    return false;
  } else {
    return route_of<A> == Route::map && requires { typename A::mapped_type; };
  }
}

/// The elements of a sequence as they are sent; `borrowed` when they lie in the caller's memory.
template <class A>
ValuePtr scattered_elements(A&& sequence, bool& borrowed) {
  using Sequence = std::remove_cvref_t<A>;
  using T = Stored<std::ranges::range_value_t<Sequence>>;
  explain_travel<T>();
  borrowed = false;
  if constexpr (std::is_same_v<A, std::vector<T>>) {
    return ValuePtr(new Elements<T>(std::move(sequence)));
  } else if constexpr (std::ranges::contiguous_range<Sequence> && !std::is_same_v<T, bool> &&
                       std::is_same_v<T, std::ranges::range_value_t<Sequence>>) {
    borrowed = true;
    return ValuePtr(new Elements<T>(
        std::span<const T>(std::ranges::data(sequence), std::ranges::size(sequence))));
  } else {
    std::vector<T> values;
    if constexpr (std::ranges::sized_range<Sequence>) values.reserve(std::ranges::size(sequence));
    for (auto&& each : sequence) values.emplace_back(std::forward<decltype(each)>(each));
    return ValuePtr(new Elements<T>(std::move(values)));
  }
}

template <class A>
auto scatter_whole(Core& core, const Placement& where, A&& value) {
  using T = Stored<A>;
  explain_travel<T>();
  std::vector<ValuePtr> values;
  values.push_back(make_value<T>(std::forward<A>(value)));
  return Future<T>(core.scatter(std::move(values), where).front(), 0);
}

/// One future for each key.
template <class A>
auto scatter_map(Core& core, const Placement& where, A&& map) {
  using Map = std::remove_cvref_t<A>;
  using T = Stored<typename Map::mapped_type>;
  explain_travel<T>();
  std::vector<ValuePtr> values;
  values.reserve(map.size());
  for (auto& [key, value] : map) {
    if constexpr (std::is_lvalue_reference_v<A>) {
      values.push_back(make_value<T>(value));
    } else {
      values.push_back(make_value<T>(std::move(value)));
    }
  }
  const std::vector<HandlePtr> handles = core.scatter(std::move(values), where);
  typename Nest<Map>::template With<Future<T>> futures;
  std::size_t number = 0;
  for (const auto& [key, value] : map)
    futures.emplace_hint(futures.end(), key, Future<T>(handles[number++], 0));
  return futures;
}

/// Elements and keys are taken apart, all else and what is in constant() stays whole.
template <class A>
auto scatter(Core& core, const Placement& where, A&& data) {
  using Data = std::remove_cvref_t<A>;
  if constexpr (is_instance<Data, Constant>) {
    return scatter_whole(core, where, std::forward<A>(data).value);
  } else if constexpr (is_scattered_map<Data>()) {
    return scatter_map(core, where, std::forward<A>(data));
  } else if constexpr (is_scattered_sequence<Data>()) {
    using T = Stored<std::ranges::range_value_t<Data>>;
    bool borrowed = false;
    ValuePtr elements = scattered_elements(std::forward<A>(data), borrowed);
    return Futures<T>(core.scatter_sequence(std::move(elements), where, borrowed));
  } else {
    return scatter_whole(core, where, std::forward<A>(data));
  }
}

}  // namespace tutti::detail

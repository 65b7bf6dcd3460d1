#pragma once

/// What a function says of its parameters, where its type says it: functions, and lambdas and
/// functors with one call operator that is no template.

#include "tutti/function.hpp"

#include <cstddef>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace tutti::detail {

template <class Function>
struct ParametersOf;
template <class R, class... P>
struct ParametersOf<std::function<R(P...)>> {
  using type = std::tuple<P...>;
};

/// How many first parameters bind() has taken, and of what.
template <class F>
struct Unbound {
  using Function = F;
  static constexpr std::size_t bound = 0;
};
template <class F, class... Values>
struct Unbound<Bound<F, Values...>> {
  using Function = typename Unbound<F>::Function;
  static constexpr std::size_t bound = Unbound<F>::bound + sizeof...(Values);
};

/// True when the parameter at `number` is known to be a T by value, so that the function gets an
/// object of its own.
template <class F, class T, std::size_t number>
constexpr bool takes_value() {
  using Function = typename Unbound<F>::Function;
  // Only its deduction guide is used, which finds the one signature of a callable.
  if constexpr (requires { std::function(std::declval<Function>()); }) {
    using Parameters =
        typename ParametersOf<decltype(std::function(std::declval<Function>()))>::type;
    constexpr std::size_t position = Unbound<F>::bound + number;
    if constexpr (position < std::tuple_size_v<Parameters>)
      return std::is_same_v<std::tuple_element_t<position, Parameters>, T>;
  }
  return false;
}

}  // namespace tutti::detail

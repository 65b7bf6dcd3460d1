#pragma once

/// Operators of delayed numbers, and elements of delayed tuples: each is a delayed call itself.

#include "tutti/delayed.hpp"

#include <cstddef>
#include <functional>
#include <tuple>
#include <type_traits>

namespace tutti {

namespace detail {

template <class A>
inline constexpr bool is_delayed_number = false;
template <class T>
inline constexpr bool is_delayed_number<Delayed<T>> = std::is_arithmetic_v<T>;

template <class A, class B>
concept DelayedNumbers = (is_delayed_number<A> &&
                          (is_delayed_number<B> || std::is_arithmetic_v<B>)) ||
                         (std::is_arithmetic_v<A> && is_delayed_number<B>);

template <class T>
concept TupleLike = requires {
  std::tuple_size<T>::value;
};

template <std::size_t index>
struct Element {
  template <class Tuple>
  auto operator()(const Tuple& tuple) const {
    return std::get<index>(tuple);
  }
};

}  // namespace detail

// Operands are delayed numbers and numbers, one of them delayed. There is no &&, || and !, which
// would need a truth value, and nothing that changes a Delayed in place.

template <class A, class B>
requires detail::DelayedNumbers<A, B>
auto operator+(const A& a, const B& b) { return delayed(std::plus<>())(a, b); }
template <class A, class B>
requires detail::DelayedNumbers<A, B>
auto operator-(const A& a, const B& b) { return delayed(std::minus<>())(a, b); }
template <class A, class B>
requires detail::DelayedNumbers<A, B>
auto operator*(const A& a, const B& b) { return delayed(std::multiplies<>())(a, b); }
template <class A, class B>
requires detail::DelayedNumbers<A, B>
auto operator/(const A& a, const B& b) { return delayed(std::divides<>())(a, b); }
template <class A, class B>
requires detail::DelayedNumbers<A, B>
auto operator%(const A& a, const B& b) { return delayed(std::modulus<>())(a, b); }
template <class A>
requires detail::is_delayed_number<A>
auto operator-(const A& a) { return delayed(std::negate<>())(a); }

template <class A, class B>
requires detail::DelayedNumbers<A, B>
auto operator==(const A& a, const B& b) { return delayed(std::equal_to<>())(a, b); }
template <class A, class B>
requires detail::DelayedNumbers<A, B>
auto operator!=(const A& a, const B& b) { return delayed(std::not_equal_to<>())(a, b); }
template <class A, class B>
requires detail::DelayedNumbers<A, B>
auto operator<(const A& a, const B& b) { return delayed(std::less<>())(a, b); }
template <class A, class B>
requires detail::DelayedNumbers<A, B>
auto operator>(const A& a, const B& b) { return delayed(std::greater<>())(a, b); }
template <class A, class B>
requires detail::DelayedNumbers<A, B>
auto operator<=(const A& a, const B& b) { return delayed(std::less_equal<>())(a, b); }
template <class A, class B>
requires detail::DelayedNumbers<A, B>
auto operator>=(const A& a, const B& b) { return delayed(std::greater_equal<>())(a, b); }

/// One element of a delayed tuple, pair or array. `auto [quotient, rest] = delayed(divide)(7, 2);`
/// takes all of them.
template <std::size_t index, class T>
requires detail::TupleLike<T>
auto get(const Delayed<T>& tuple) { return delayed(detail::Element<index>())(tuple); }

}  // namespace tutti

template <class T>
requires tutti::detail::TupleLike<T>
struct std::tuple_size<tutti::Delayed<T>> : std::tuple_size<T> {
};
template <std::size_t index, class T>
struct std::tuple_element<index, tutti::Delayed<T>> {
  using type = decltype(tutti::get<index>(std::declval<const tutti::Delayed<T>&>()));
};

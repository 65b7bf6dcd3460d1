#pragma once

/// What users write around functions and arguments: bind, constant, range.

#include "tutti/error.hpp"

#include <concepts>
#include <cstddef>
#include <iterator>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace tutti {

/// A function with its first arguments, both of which travel. Made by bind().
template <class Function, class... Values>
struct Bound {
  Function function;
  std::tuple<Values...> values;

  template <class... Args>
  requires std::invocable<const Function&, const Values&..., Args...>
  decltype(auto) operator()(Args&&... arguments) const {
    return std::apply(
        [&](const Values&... each) -> decltype(auto) {
          return function(each..., std::forward<Args>(arguments)...);
        },
        values);
  }
};

namespace detail {

/// What an argument is stored as: its decayed type, and text as std::string (a pointer to text
/// cannot travel).
template <class T>
struct StoredType {
  using type = std::decay_t<T>;
};
template <>
struct StoredType<const char*> {
  using type = std::string;
};
template <>
struct StoredType<char*> {
  using type = std::string;
};
/// The elements of a std::map, whose keys are const.
template <class Key, class Value>
struct StoredType<std::pair<const Key, Value>> {
  using type = std::pair<Key, Value>;
};
template <class T>
using Stored = typename StoredType<std::decay_t<T>>::type;

}  // namespace detail

/// Binds values to the first parameters of a function, so that values which a lambda cannot carry
/// to another rank (std::string, std::vector, ...) travel with it: `bind([](const std::string&
/// name, int i) {...}, name)`.
template <class Function, class... Values>
auto bind(Function&& function, Values&&... values) {
  return Bound<std::decay_t<Function>, detail::Stored<Values>...>{
      std::forward<Function>(function),
      std::tuple<detail::Stored<Values>...>(std::forward<Values>(values)...)};
}

/// Marks an argument of `map` that goes whole to every call although it is a range. Made by
/// constant().
template <class T>
struct Constant {
  T value;
};

template <class T>
Constant<detail::Stored<T>> constant(T&& value) {
  return {detail::Stored<T>(std::forward<T>(value))};
}

/// The numbers first, first + step, ... below last (above it when step is negative). It is never
/// stored as a list: a map over ten million numbers costs a few bytes.
template <std::integral T>
class Range {
 public:
  using value_type = T;

  /// Nothing.
  constexpr Range() = default;
  constexpr Range(T first, T last, T step) : first_(first), step_(step) {
    if (step == 0)
      throw Error(ErrorCode::bad_argument,
                  "tutti::range was given a step of 0; the step must not be 0");
    if (step > 0 && first < last) {
      size_ = (static_cast<std::size_t>(last) - static_cast<std::size_t>(first) - 1) /
                  static_cast<std::size_t>(step) +
              1;
    } else if (step < 0 && last < first) {
      const auto down = static_cast<std::size_t>(0) - static_cast<std::size_t>(step);
      size_ = (static_cast<std::size_t>(first) - static_cast<std::size_t>(last) - 1) / down + 1;
    }
  }
  constexpr std::size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr T operator[](std::size_t index) const {
    return static_cast<T>(static_cast<std::size_t>(first_) +
                          index * static_cast<std::size_t>(step_));
  }

  class iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    constexpr iterator() = default;
    constexpr iterator(const Range& range, std::size_t index) : range_(&range), index_(index) {}
    constexpr T operator*() const { return (*range_)[index_]; }
    constexpr iterator& operator++() {
      ++index_;
      return *this;
    }
    constexpr iterator operator++(int) {
      iterator old = *this;
      ++index_;
      return old;
    }
    constexpr bool operator==(const iterator& other) const { return index_ == other.index_; }

   private:
    const Range* range_ = nullptr;
    std::size_t index_ = 0;
  };
  constexpr iterator begin() const { return {*this, 0}; }
  constexpr iterator end() const { return {*this, size_}; }

 private:
  T first_ = 0;
  T step_ = 1;
  std::size_t size_ = 0;
};

/// 0, 1, ..., count - 1. A negative count gives nothing.
template <std::integral T>
constexpr Range<T> range(T count) {
  return Range<T>(0, count, 1);
}
template <std::integral T>
constexpr Range<T> range(T first, std::type_identity_t<T> last, std::type_identity_t<T> step = 1) {
  return Range<T>(first, last, step);
}

}  // namespace tutti

#pragma once

/// How values of a type stand in files: as numbers, as a list of numbers, or as bytes.

#include "tutti/detail/travel_traits.hpp"
#include "tutti/hdf5_types.hpp"

#include <array>
#include <complex>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <vector>

namespace tutti::detail {

struct NumberForm {
  enum class Kind : std::uint8_t {
    fixed,   ///< `count` numbers, which are the value as the machine has it
    list,    ///< numbers side by side, as many as there are
    stream,  ///< what its serialization writes
  };
  Kind kind = Kind::stream;
  hdf5::ElementType type = hdf5::ElementType::uint8;
  std::uint64_t count = 0;  ///< numbers in one value; 0: values differ
  bool is_plain = false;    ///< elements of a sequence are written as one buffer
};

/// The number that keeps a T; `other` when it is none.
template <class T>
constexpr hdf5::ElementType number_type() {
  if constexpr (std::is_same_v<T, bool>) {
    return hdf5::ElementType::uint8;
  } else if constexpr (std::is_enum_v<T>) {
    return number_type<std::underlying_type_t<T>>();
  } else if constexpr (hdf5::Number<T>) {
    return hdf5::element_type_of<T>();
  } else {
    return hdf5::ElementType::other;
  }
}

/// Of what a T consists, when that is numbers of one type.
template <class T>
struct NumbersIn {
  using type = T;
};
template <class T>
struct NumbersIn<std::complex<T>> : NumbersIn<T> {};
template <class T, std::size_t count>
struct NumbersIn<std::array<T, count>> : NumbersIn<T> {};

template <class T>
struct ListOf {
  using type = void;
};
template <class T, class A>
struct ListOf<std::vector<T, A>> {
  using type = std::conditional_t<std::is_same_v<T, bool>, void, T>;
};

template <class T>
constexpr NumberForm number_form() {
  using Kind = NumberForm::Kind;
  if constexpr (is_plain<T> || std::is_same_v<T, bool>) {
    using Number = typename NumbersIn<T>::type;
    constexpr hdf5::ElementType type = number_type<Number>();
    if constexpr (type != hdf5::ElementType::other && sizeof(T) % hdf5::size_of(type) == 0)
      return {Kind::fixed, type, sizeof(T) / hdf5::size_of(type), is_plain<T>};
    return {Kind::fixed, hdf5::ElementType::uint8, sizeof(T), is_plain<T>};
  } else if constexpr (hdf5::Number<typename ListOf<T>::type>) {
    return {Kind::list, number_type<typename ListOf<T>::type>(), 0, false};
  } else {
    return {};
  }
}

}  // namespace tutti::detail

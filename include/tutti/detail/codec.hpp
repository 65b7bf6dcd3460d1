#pragma once

/// Codec: writes and reads the values of one route, and counts their memory. Here are the entry to
/// all codecs and those of single values; containers.hpp has the others.

#include "tutti/detail/function_token.hpp"
#include "tutti/detail/travel_traits.hpp"
#include "tutti/detail/value_stream.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace tutti::detail {

/// The codec of types with a serialize function. Defined in tutti/detail/boost_archive.hpp.
template <class T>
struct BoostCodec;

template <class T>
inline constexpr bool has_boost_codec = requires {
  sizeof(BoostCodec<T>);
};

/// put() appends the value, get() fills an object that exists, heap_bytes() estimates the memory
/// that a value owns besides the object itself.
template <class T, Route route>
struct Codec;

template <class T>
using CodecOf = Codec<T, route_of<T>>;

/// Compiles for a `T` whose values can become bytes; the sentence says what to do otherwise.
template <class T>
constexpr void explain_travel() {
  constexpr Route route = route_of<T>;
  static_assert(route != Route::view,
                "this type is a view/pointer into this process's memory and cannot travel to "
                "another rank; send the "
                "data itself, e.g. a std::string or std::vector");
  static_assert(route != Route::member_function,
                "a pointer to a member function cannot travel to another rank; send a lambda that "
                "calls the function");
  static_assert(route != Route::polymorphic_owner,
                "this pointer may own an object of a derived class, which would be cut off on its "
                "way to another "
                "rank; give the classes a Boost serialize function or declare the class final");
  static_assert(route != Route::aggregate_with_bases,
                "this aggregate has a base class, so that its members cannot be listed; give it a "
                "Boost serialize "
                "function to let it travel to another rank");
  static_assert(route != Route::aggregate_too_large,
                "this aggregate has more than 24 members; group them into smaller aggregates or "
                "give it a Boost "
                "serialize function to let it travel to another rank");
  static_assert(route != Route::aggregate_unclear,
                "this aggregate has a reference or a member that cannot be made from {}, and "
                "cannot travel to "
                "another rank; send values, and give members a default constructor");
  static_assert(route != Route::unknown,
                "this type cannot travel to another rank: it is not plain bytes, not a standard "
                "container and not "
                "an aggregate; give it a Boost serialize function, make it an aggregate of types "
                "that can travel, or "
                "send what it was made from");
  static_assert(route != Route::boost || has_boost_codec<T>,
                "this type has a Boost serialize function; include <tutti/boost.hpp> to let it "
                "travel to another rank");
  static_assert(route == Route::plain || route >= Route::view || std::is_default_constructible_v<T>,
                "this type cannot travel to another rank because it is not default constructible: "
                "an object is made "
                "first and then filled from the bytes; give it a public default constructor");
}

template <class T>
constexpr bool find_own_travel() {
  if constexpr (route_of<T> >= Route::view) {
    return false;
  } else if constexpr (route_of<T> == Route::boost && !has_boost_codec<T>) {
    return false;
  } else {
    return route_of<T> == Route::plain || std::is_default_constructible_v<T>;
  }
}

/// True when nothing but the parts of `T` can keep its values from travelling.
template <class T>
inline constexpr bool can_travel_itself = find_own_travel<T>();

template <class T>
void put(Output& output, const T& value) {
  explain_travel<T>();
  if constexpr (can_travel_itself<T>) CodecOf<T>::put(output, value);
}

template <class T>
void get(Input& input, T& value) {
  explain_travel<T>();
  if constexpr (can_travel_itself<T>) CodecOf<T>::get(input, value);
}

/// Reads a plain type that has no default constructor.
template <class T>
T get_plain(Input& input) {
  static_assert(std::is_trivially_copyable_v<T>,
                "this type cannot travel to another rank because it is neither default "
                "constructible nor trivially "
                "copyable; give it a public default constructor");
  return std::bit_cast<T>(input.reader.value<std::array<std::byte, sizeof(T)>>());
}

/// Reads a `T` into what `emplace` makes.
template <class T, class Emplace>
void get_into(Input& input, Emplace&& emplace) {
  if constexpr (std::is_default_constructible_v<T>) {
    get(input, emplace());
  } else {
    explain_travel<T>();
    if constexpr (can_travel_itself<T>) emplace(get_plain<T>(input));
  }
}

template <class T>
std::uint64_t heap_bytes(const T& value) {
  if constexpr (can_travel_itself<T>) {
    return CodecOf<T>::heap_bytes(value);
  } else {
    return 0;
  }
}

// --- bytes of the stream that a value takes at least

template <class T>
constexpr std::size_t find_bytes_min();

/// A count in a corrupt stream is believed only as far as so many values fit into what is left.
template <class T>
inline constexpr std::size_t bytes_min = find_bytes_min<T>();

template <class List>
inline constexpr std::size_t bytes_min_of_all = 0;
template <template <class...> class List, class... Ts>
inline constexpr std::size_t bytes_min_of_all<List<Ts...>> = (bytes_min<std::remove_cv_t<Ts>> +
                                                              ... + 0);

template <class T>
constexpr std::size_t find_bytes_min() {
  constexpr Route route = route_of<T>;
  if constexpr (route == Route::plain) {
    return sizeof(T);
  } else if constexpr (route == Route::tuple) {
    return bytes_min_of_all<T>;
  } else if constexpr (route == Route::aggregate) {
    return bytes_min_of_all<MemberTypes<T>>;
  } else if constexpr (route == Route::array) {
    using Element = std::remove_cvref_t<decltype(std::declval<T&>()[0])>;
    return sizeof(T) / sizeof(Element) * bytes_min<Element>;
  } else if constexpr (route == Route::boost || route == Route::custom || route == Route::buffers ||
                       route >= Route::view) {
    return 0;
  } else if constexpr (route == Route::boolean || route == Route::function_pointer ||
                       route == Route::optional || route == Route::owner) {
    return 1;
  } else if constexpr (route == Route::variant) {
    return 2;
  } else {
    return 8;
  }
}

/// Elements that may take no bytes at all get one, so that the rule above holds for them too.
template <class T>
void put_element(Output& output, const T& value) {
  if constexpr (bytes_min<T> == 0) output.writer.value(std::uint8_t{0});
  put(output, value);
}
template <class T>
void skip_element_mark(Input& input) {
  if constexpr (bytes_min<T> == 0) input.reader.view(1);
}
template <class T>
std::size_t get_element_count(Input& input) {
  return static_cast<std::size_t>(input.reader.count_of(bytes_min<T> == 0 ? 1 : bytes_min<T>));
}

inline bool get_flag(Input& input) {
  const auto byte = input.reader.value<std::uint8_t>();
  if (byte > 1) throw_corrupt("a byte that should be 0 or 1 is neither");
  return byte != 0;
}

// --- single values

template <class T>
struct Codec<T, Route::plain> {
  static void put(Output& output, const T& value) { output.writer.raw(&value, sizeof value); }
  static void get(Input& input, T& value) {
    input.reader.raw(static_cast<void*>(&value), sizeof value);
  }
  static std::uint64_t heap_bytes(const T&) { return 0; }
};

template <class T>
struct Codec<T, Route::boolean> {
  static void put(Output& output, bool value) {
    output.writer.value(static_cast<std::uint8_t>(value));
  }
  static void get(Input& input, bool& value) { value = get_flag(input); }
  static std::uint64_t heap_bytes(bool) { return 0; }
};

template <class T>
struct Codec<T, Route::function_pointer> {
  static void put(Output& output, T value) {
    write_function_pointer(output.writer, reinterpret_cast<const void*>(value));
  }
  static void get(Input& input, T& value) {
    value = reinterpret_cast<T>(const_cast<void*>(read_function_pointer(input.reader)));
  }
  static std::uint64_t heap_bytes(T) { return 0; }
};

template <class T>
struct Codec<T, Route::custom> {
  static void put(Output& output, const T& value) { CustomCodec<T>::write(output.writer, value); }
  static void get(Input& input, T& value) { CustomCodec<T>::read(input.reader, value); }
  static std::uint64_t heap_bytes(const T&) { return 0; }
};

template <class T>
struct Codec<T, Route::boost> {
  static void put(Output& output, const T& value) { BoostCodec<T>::put(output, value); }
  static void get(Input& input, T& value) { BoostCodec<T>::get(input, value); }
  static std::uint64_t heap_bytes(const T& value) { return BoostCodec<T>::heap_bytes(value); }
};

}  // namespace tutti::detail

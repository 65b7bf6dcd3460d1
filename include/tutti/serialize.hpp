#pragma once

/// How values become bytes.
///
/// What can travel to another rank: trivially copyable types, standard containers and classes that
/// hold values, aggregates of such types (member by member), classes with a serialize function as
/// Boost.Serialization wants it (then include <tutti/boost.hpp>), and classes that name their
/// memory by tutti::Buffers. Large contiguous data go out of band, see tutti/bytes.hpp.

#include "tutti/bytes.hpp"
#include "tutti/detail/buffers_codec.hpp"
#include "tutti/detail/containers.hpp"

#include <cstdint>
#include <type_traits>

// Programs that use Boost.Serialization get its part without asking.
#if defined(BOOST_SERIALIZATION_ACCESS_HPP) || defined(BOOST_SERIALIZATION_NVP_HPP) || \
    defined(BOOST_SERIALIZATION_SPLIT_MEMBER_HPP) || defined(BOOST_SERIALIZATION_SPLIT_FREE_HPP)
#include "tutti/boost.hpp"
#endif

namespace tutti {

/// True when values of `T` can be sent to another rank.
template <class T>
concept can_travel = detail::travels<T>();

/// An estimate of the memory that a value holds: of a container its elements and what they own, of
/// anything else the object and what it owns.
template <class T>
std::uint64_t nbytes(const T& value) {
  constexpr detail::Route route = detail::route_of<T>;
  if constexpr (route == detail::Route::string) {
    return value.size() * sizeof(typename T::value_type);
  } else if constexpr (route == detail::Route::vector || route == detail::Route::bit_vector ||
                       route == detail::Route::sequence || route == detail::Route::set ||
                       route == detail::Route::map) {
    return detail::heap_bytes(value);
  } else {
    return sizeof(T) + detail::heap_bytes(value);
  }
}

namespace detail {

/// Appends `value`. Buffers that the writer noted must stay valid until they are sent. After an
/// exception the writer holds a part of the value.
template <class T>
void write_value(Writer& writer, const T& value) {
  if constexpr (route_of<T> == Route::plain) {
    writer.raw(&value, sizeof value);
  } else {
    Output output(writer);
    put(output, value);
    output.finish();
  }
}

/// Reads what write_value wrote into `value`, whatever it held before. Throws Error (corrupt_data)
/// when the bytes make no `T`; `value` then holds something valid. Buffers out of band arrive
/// later, in memory that `value` owns and keeps when it is moved.
template <class T>
void read_value(Reader& reader, T& value) {
  if constexpr (route_of<T> == Route::plain) {
    reader.raw(static_cast<void*>(&value), sizeof value);
  } else {
    Input input(reader);
    get(input, value);
  }
}

template <class T>
T read_value(Reader& reader) {
  if constexpr (std::is_default_constructible_v<T>) {
    T value{};
    read_value(reader, value);
    return value;
  } else {
    explain_travel<T>();
    Input input(reader);
    return get_plain<T>(input);
  }
}

}  // namespace detail
}  // namespace tutti

#pragma once

/// Decides for each type, while compiling, how its values become bytes: its Route.
///
/// Standard classes are recognised by how they are used and by their name ("std::..."), so that
/// this header includes only those that nearly every program uses.

#include "tutti/buffers.hpp"
#include "tutti/detail/aggregate.hpp"
#include "tutti/detail/type_name.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// Declared as Boost does, so that marks are seen when the user's header has them and nothing is
// included for them.
namespace boost::serialization {
class access;
template <class T>
struct is_bitwise_serializable;
}  // namespace boost::serialization
namespace boost::mpi {
template <typename T>
struct is_mpi_datatype;
}  // namespace boost::mpi

namespace tutti {

/// Specialise as true for a type whose serialize function tutti does not see, for example a private
/// one of a final class.
template <class T>
inline constexpr bool boost_serializable = false;

}  // namespace tutti

namespace tutti::detail {

/// A type with a specialisation that has static write(Writer&, const T&) and read(Reader&, T&)
/// travels by these. For types of tutti itself.
template <class T>
struct CustomCodec;

/// How values of a type become bytes.
enum class Route {
  plain,             ///< the bytes of the object
  boolean,           ///< one byte, checked to be 0 or 1
  function_pointer,  ///< a token that means the same on every rank
  custom,            ///< a CustomCodec
  buffers,           ///< a specialisation of Buffers
  string,
  vector,
  bit_vector,  ///< std::vector<bool>
  sequence,    ///< std::list, std::deque
  set,
  map,
  array,  ///< std::array and arrays of the language
  tuple,  ///< std::tuple and std::pair
  optional,
  variant,
  path,
  owner,      ///< std::unique_ptr and std::shared_ptr, by value
  boost,      ///< a serialize function
  aggregate,  ///< member by member
  // What cannot travel.
  view,
  member_function,
  polymorphic_owner,
  aggregate_with_bases,
  aggregate_too_large,
  aggregate_unclear,
  unknown,
};

template <class T, template <class...> class Template>
inline constexpr bool is_instance = false;
template <class... Args, template <class...> class Template>
inline constexpr bool is_instance<Template<Args...>, Template> = true;

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t Size>
inline constexpr bool is_std_array<std::array<T, Size>> = true;

template <class T>
inline constexpr bool is_of_std = spelled_name<T>().starts_with("std::");

template <class T>
inline constexpr bool has_custom_codec = requires {
  sizeof(CustomCodec<T>);
};

template <class T>
inline constexpr bool has_buffers = requires {
  sizeof(Buffers<T>);
};

// --- serialize functions

namespace probe {

/// Stands for an archive where only the existence of a function is asked.
struct Archive {};
struct NotFound {};

/// Looks like the unsigned version number and lets functions in boost::serialization be found.
template <class>
struct Version {
  operator unsigned int() const;
};

/// As general as the default of Boost: where both are seen, the call is ambiguous, and only a
/// function written for `T` is chosen.
template <class Archive, class T>
NotFound serialize(Archive&, T&, const unsigned int);

template <class T>
concept FreeSerialize = requires(Archive& archive, T& value,
                                 Version<boost::serialization::access> version) {
  requires !std::same_as<decltype(serialize(archive, value, version)), NotFound>;
};

struct Fallback {
  int serialize;
};
template <class T>
struct Both : T, Fallback {};

/// A name found in two bases is ambiguous before anyone asks whether it is private.
template <class T>
concept MemberSerialize = std::is_class_v<T> && !std::is_final_v<T> && !requires {
  &Both<T>::serialize;
};

template <class T>
concept PublicSerialize = requires(Archive& archive, T& value) {
  value.serialize(archive, 0u);
};

}  // namespace probe

template <class T>
constexpr bool find_serialize() {
  if constexpr (boost_serializable<T>) {
    return true;
  } else if constexpr (!std::is_class_v<T> && !std::is_union_v<T>) {
    return false;
  } else if constexpr (probe::MemberSerialize<T>) {
    return true;
  } else {
    return probe::PublicSerialize<T> || probe::FreeSerialize<T>;
  }
}

/// True when `T` has a serialize function as Boost.Serialization wants it, as a member or beside
/// it.
template <class T>
inline constexpr bool has_serialize = find_serialize<T>();

// --- plain bytes

template <class T>
constexpr bool find_mark() {
  if constexpr (!std::is_class_v<T> || is_of_std<T>) {
    return false;
  } else if constexpr (requires { sizeof(boost::serialization::is_bitwise_serializable<T>); }) {
    if constexpr (boost::serialization::is_bitwise_serializable<T>::value) return true;
  }
  if constexpr (requires { sizeof(boost::mpi::is_mpi_datatype<T>); }) {
    return boost::mpi::is_mpi_datatype<T>::value;
  }
  return false;
}

/// True when the user marked the class `T` as plain bytes for Boost.Serialization or Boost.MPI.
template <class T>
inline constexpr bool is_marked_plain = find_mark<T>();

/// True for classes that are known to point into memory: views, iterators, reference wrappers.
template <class T>
constexpr bool find_view() {
  if constexpr (std::is_pointer_v<T>) {
    return !std::is_function_v<std::remove_pointer_t<T>>;
  } else if constexpr (std::is_reference_v<T>) {
    return true;
  } else if constexpr (!std::is_class_v<T>) {
    return false;
  } else if constexpr (is_of_std<T>) {
    constexpr std::string_view name = spelled_name<T>();
    return name.starts_with("std::span<") || name.starts_with("std::basic_string_view<") ||
           name.starts_with("std::reference_wrapper<") ||
           name.starts_with("std::initializer_list<") || name.starts_with("std::ranges::") ||
           name.starts_with("std::weak_ptr<") ||
           (std::is_trivially_copyable_v<T> && requires(T & value) { *value, ++value; });
  } else {
    return std::is_trivially_copyable_v<T> && requires(T & value) { *value, ++value; };
  }
}

template <class T>
inline constexpr bool is_view = find_view<T>();

template <class T>
constexpr bool find_plain();

/// True when the bytes of an object are its value on every rank, as far as the compiler can see. A
/// class that hides its members and has no serialize function is trusted when it is trivially
/// copyable.
template <class T>
inline constexpr bool is_plain = find_plain<T>();

/// Converts to what is not plain and to nothing else.
struct AnyNotPlain {
  template <class U>
  requires(!is_plain<U>) constexpr operator U() const noexcept;
};

template <class T, int Index = 0>
constexpr bool all_members_plain() {
  if constexpr (Index >= member_count<T> || Index > aggregate_members_max) {
    return true;
  } else if constexpr (braces_fit<T, Index, AnyNotPlain>()) {
    return false;
  } else {
    return all_members_plain<T, Index + 1>();
  }
}

template <class T>
inline constexpr bool all_arguments_plain = false;
template <template <class...> class Template, class... Args>
inline constexpr bool all_arguments_plain<Template<Args...>> = (is_plain<Args> && ...);

template <class T>
constexpr bool find_plain_class() {
  if constexpr (is_marked_plain<T>) {
    return true;
  } else if constexpr (is_instance<T, std::pair> || is_instance<T, std::tuple>) {
    // Not trivially copyable by the letter, because of their assignment.
    return all_arguments_plain<T> && std::is_trivially_destructible_v<T>;
  } else if constexpr (!std::is_trivially_copyable_v<T> || has_custom_codec<T> || has_buffers<T> ||
                       is_view<T> || is_instance<T, std::optional> ||
                       is_instance<T, std::variant>) {
    return false;
  } else if constexpr (std::is_union_v<T>) {
    return true;
  } else if constexpr (std::is_aggregate_v<T>) {
    if constexpr (has_bases<T>) {
      return true;
    } else if constexpr (member_count<T> < 0) {
      return std::is_copy_assignable_v<T>;  // otherwise a member may be a reference
    } else {
      return all_members_plain<T>();
    }
  } else {
    return !has_serialize<T>;
  }
}

template <class T>
constexpr bool find_plain() {
  if constexpr (std::is_array_v<T>) {
    return std::extent_v<T> != 0 && is_plain<std::remove_cv_t<std::remove_extent_t<T>>>;
  } else if constexpr (is_std_array<T>) {
    return is_plain<typename T::value_type>;
  } else if constexpr (std::is_const_v<T>) {
    return is_plain<std::remove_const_t<T>>;
  } else if constexpr (std::is_class_v<T> || std::is_union_v<T>) {
    return find_plain_class<T>();
  } else {
    return std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_null_pointer_v<T> ||
           std::is_member_object_pointer_v<T>;
  }
}

// --- routes

template <class T>
concept SequenceLike = requires(T& value) {
  typename T::value_type;
  value.emplace_back();
  value.begin();
  value.size();
  value.clear();
}
&&!requires { typename T::traits_type; };

template <class T>
concept SetOrMapLike = requires(T& value) {
  typename T::key_type;
  typename T::value_type;
  value.begin();
  value.size();
  value.clear();
};

/// An order or hash with a state of its own would be lost.
template <class T>
constexpr bool has_plain_rules() {
  if constexpr (requires { typename T::key_compare; }) {
    return std::is_empty_v<typename T::key_compare>;
  } else {
    return std::is_empty_v<typename T::hasher> && std::is_empty_v<typename T::key_equal>;
  }
}

template <class T>
constexpr Route find_owner_route() {
  using Element = typename T::element_type;
  if constexpr (is_instance<T, std::unique_ptr> && !std::same_as<T, std::unique_ptr<Element>>) {
    return Route::unknown;  // its deleter would be lost
  } else if constexpr (std::is_array_v<Element> ||
                       std::is_array_v<typename std::pointer_traits<T>::element_type>) {
    return Route::unknown;  // its length is not known
  } else if constexpr (has_serialize<Element> && !std::is_const_v<Element>) {
    return Route::boost;
  } else if constexpr (std::is_polymorphic_v<Element> && !std::is_final_v<Element>) {
    return Route::polymorphic_owner;
  } else {
    return Route::owner;
  }
}

template <class T>
constexpr Route find_std_route() {
  if constexpr (is_instance<T, std::vector>) {
    return std::same_as<typename T::value_type, bool> ? Route::bit_vector : Route::vector;
  } else if constexpr (is_instance<T, std::basic_string>) {
    return Route::string;
  } else if constexpr (is_std_array<T>) {
    return Route::array;
  } else if constexpr (is_instance<T, std::tuple> || is_instance<T, std::pair>) {
    return Route::tuple;
  } else if constexpr (is_instance<T, std::optional>) {
    return Route::optional;
  } else if constexpr (is_instance<T, std::variant>) {
    return Route::variant;
  } else if constexpr (is_instance<T, std::unique_ptr> || is_instance<T, std::shared_ptr>) {
    return find_owner_route<T>();
  } else if constexpr (spelled_name<T>() == "std::filesystem::path" ||
                       spelled_name<T>() == "std::filesystem::__cxx11::path") {
    return Route::path;
  } else if constexpr (SetOrMapLike<T>) {
    if constexpr (!has_plain_rules<T>()) {
      return Route::unknown;
    } else {
      return requires { typename T::mapped_type; }
      ? Route::map : Route::set;
    }
  } else if constexpr (SequenceLike<T>) {
    return Route::sequence;
  } else {
    return has_serialize<T> ? Route::boost : Route::unknown;
  }
}

template <class T>
constexpr Route find_aggregate_route() {
  if constexpr (has_bases<T>) {
    return Route::aggregate_with_bases;
  } else if constexpr (member_count<T> > aggregate_members_max) {
    return Route::aggregate_too_large;
  } else if constexpr (member_count<T> < 0) {
    return Route::aggregate_unclear;
  } else {
    return Route::aggregate;
  }
}

template <class T>
constexpr Route find_route() {
  if constexpr (std::is_same_v<T, bool>) {
    return Route::boolean;
  } else if constexpr (std::is_pointer_v<T> && std::is_function_v<std::remove_pointer_t<T>>) {
    return Route::function_pointer;
  } else if constexpr (std::is_member_function_pointer_v<T>) {
    return Route::member_function;
  } else if constexpr (is_view<T>) {
    return Route::view;
  } else if constexpr (is_plain<T>) {
    return Route::plain;
  } else if constexpr (std::is_array_v<T>) {
    return Route::array;
  } else if constexpr (!std::is_class_v<T>) {
    return Route::unknown;
  } else if constexpr (has_custom_codec<T>) {
    return Route::custom;
  } else if constexpr (has_buffers<T>) {
    return Route::buffers;
  } else if constexpr (is_of_std<T>) {
    return find_std_route<T>();
  } else if constexpr (has_serialize<T>) {
    return Route::boost;
  } else if constexpr (std::is_aggregate_v<T>) {
    return find_aggregate_route<T>();
  } else {
    return Route::unknown;
  }
}

/// How values of `T` become bytes.
template <class T>
inline constexpr Route route_of = find_route<std::remove_cv_t<T>>();

}  // namespace tutti::detail

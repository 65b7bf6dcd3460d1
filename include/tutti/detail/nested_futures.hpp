#pragma once

/// Futures inside of arguments: which types hold some, what a function receives in their place, and
/// how such arguments are written on rank 0 and read where the call runs.

#include "tutti/detail/call_reader.hpp"
#include "tutti/detail/closure.hpp"
#include "tutti/detail/core.hpp"
#include "tutti/detail/elements.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace tutti {
template <class T>
class Future;
template <class T>
class Futures;
}  // namespace tutti

namespace tutti::detail {

template <class T>
Target target_of(const Future<T>& future);
template <class T>
const HandlePtr& handle_of(const Futures<T>& futures);

/// What stands for a result that is not there yet.
enum class Stands { for_nothing, as_future, as_delayed, as_graph_node };

/// A type that stands for a result has a specialisation with: what it is; `Result`; the type `Sent`
/// that the call is made for; and static write(CallBuilder&, const A&).
template <class A>
struct Placeholder {
  static constexpr Stands kind = Stands::for_nothing;
};
template <class T>
struct Placeholder<Future<T>> {
  static constexpr Stands kind = Stands::as_future;
  using Result = T;
  using Sent = Future<T>;
  static void write(CallBuilder& builder, const Future<T>& future) {
    builder.inputs.push_back({target_of(future), {}});
  }
  static T read(CallReader& call) { return take_input<T>(call.input()); }
};
template <>
struct Placeholder<Future<void>> {
  static constexpr Stands kind = Stands::as_future;
  using Result = void;
  using Sent = Future<void>;
};
/// All futures of a map stand for a vector of their results.
template <class T>
struct Placeholder<Futures<T>> {
  static constexpr Stands kind = Stands::as_future;
  using Result = std::conditional_t<std::is_void_v<T>, void,
                                    std::vector<std::conditional_t<std::is_void_v<T>, int, T>>>;
  using Sent = Futures<T>;
  static void write(CallBuilder& builder, const Futures<T>& futures) {
    builder.payload.count(futures.size());
    if (!futures.empty())
      builder.inputs.push_back({{handle_of(futures).get(), 0}, {}, futures.size()});
  }
  static Result read(CallReader& call) {
    const std::uint64_t count = call.reader.count();
    Result values;
    values.reserve(count);
    while (values.size() < count) {
      const InputValue& piece = call.input();
      const T* elements = &input_cast<T>(piece);
      values.insert(values.end(), elements, elements + piece.count);
    }
    return values;
  }
};

template <class A>
inline constexpr bool is_placeholder = Placeholder<A>::kind != Stands::for_nothing;

// ---- what holds what

/// What a standard container, array, tuple or optional is, its parts, in which placeholders are
/// looked for, and the same with other parts. (A tuple of placeholders may look like plain bytes to
/// route_of.)
template <class A, Route travels_as = route_of<A>>
struct Nest {
  static constexpr Route route = Route::plain;
  using Parts = TypeList<>;
};
template <template <class, class> class Sequence, class T, class Allocator, Route travels_as>
requires(travels_as == Route::vector || travels_as == Route::sequence)  //
    struct Nest<Sequence<T, Allocator>, travels_as> {
  static constexpr Route route = Route::sequence;
  using Parts = TypeList<T>;
  template <class Other>
  using With = Sequence<Other, std::allocator<Other>>;
};
template <template <class, class, class, class> class Map, class Key, class T, class Order,
          class Allocator>
struct Nest<Map<Key, T, Order, Allocator>, Route::map> {
  static constexpr Route route = Route::map;
  using Parts = TypeList<T>;
  template <class Other>
  using With = Map<Key, Other, Order, std::allocator<std::pair<const Key, Other>>>;
};
template <template <class, class, class, class, class> class Map, class Key, class T, class Hash,
          class Equal, class Allocator>
struct Nest<Map<Key, T, Hash, Equal, Allocator>, Route::map> {
  static constexpr Route route = Route::map;
  using Parts = TypeList<T>;
  template <class Other>
  using With = Map<Key, Other, Hash, Equal, std::allocator<std::pair<const Key, Other>>>;
};
template <class T, std::size_t size, Route travels_as>
struct Nest<std::array<T, size>, travels_as> {
  static constexpr Route route = Route::array;
  using Parts = TypeList<T>;
  template <class Other>
  using With = std::array<Other, size>;
};
template <class... T, Route travels_as>
struct Nest<std::tuple<T...>, travels_as> {
  static constexpr Route route = Route::tuple;
  using Parts = TypeList<T...>;
  template <class... Other>
  using With = std::tuple<Other...>;
};
template <class First, class Second, Route travels_as>
struct Nest<std::pair<First, Second>, travels_as> {
  static constexpr Route route = Route::tuple;
  using Parts = TypeList<First, Second>;
  template <class... Other>
  using With = std::pair<Other...>;
};
template <class T, Route travels_as>
struct Nest<std::optional<T>, travels_as> {
  static constexpr Route route = Route::optional;
  using Parts = TypeList<T>;
  template <class Other>
  using With = std::optional<Other>;
};

template <template <class> class Predicate, class A>
constexpr bool any_placeholder();
template <template <class> class Predicate, class... Parts>
constexpr bool any_placeholder_of(TypeList<Parts...>) {
  return (any_placeholder<Predicate, Parts>() || ...);
}
/// True when A is, or holds, a placeholder for which the predicate holds.
template <template <class> class Predicate, class A>
constexpr bool any_placeholder() {
  if constexpr (is_placeholder<A>) {
    return Predicate<A>::value;
  } else {
    return any_placeholder_of<Predicate>(typename Nest<A>::Parts());
  }
}

template <class A>
struct IsAny : std::true_type {};
template <class A>
struct IsVoid : std::is_void<typename Placeholder<A>::Result> {};
template <class A>
struct IsDelayed : std::bool_constant<Placeholder<A>::kind == Stands::as_delayed> {};
template <class A>
struct IsGraphNode : std::bool_constant<Placeholder<A>::kind == Stands::as_graph_node> {};

/// True when futures, or what else stands for results, are in A, at any depth.
template <class A>
inline constexpr bool holds_placeholders = any_placeholder<IsAny, A>();

/// A base that says, while compiling, that there would be nothing to pass.
template <class A>
struct HasResults {
  static_assert(!any_placeholder<IsVoid, A>(),
                "the future of a void task carries no value that a call could take");
};

// ---- other types in the place of placeholders

template <template <class> class Change, class A>
struct Reshape {
  using type = A;
};
template <template <class> class Change, class A, class Parts>
struct ReshapeParts;
template <template <class> class Change, class A, class... Parts>
struct ReshapeParts<Change, A, TypeList<Parts...>> {
  using type = typename Nest<A>::template With<typename Reshape<Change, Parts>::type...>;
};
template <template <class> class Change, class A>
requires is_placeholder<A>
struct Reshape<Change, A> {
  using type = typename Change<A>::type;
};
template <template <class> class Change, class A>
requires(!is_placeholder<A> && holds_placeholders<A>)  //
    struct Reshape<Change, A> : ReshapeParts<Change, A, typename Nest<A>::Parts> {
};

template <class A>
struct ToResult {
  using type = typename Placeholder<A>::Result;
};
template <class A>
requires std::is_void_v<typename Placeholder<A>::Result>
struct ToResult<A> {
  using type = std::monostate;
};
template <class A>
struct ToSent {
  using type = typename Placeholder<A>::Sent;
};

/// A with results in the place of what stands for them; std::monostate for void.
template <class A>
using Resolved = typename Reshape<ToResult, A>::type;
/// A as the call is made for it, with futures in the place of what will have one.
template <class A>
using Sent = typename Reshape<ToSent, A>::type;

// ---- writing and reading

/// Writes an argument that holds placeholders: counts and plain parts into the stream, placeholders
/// as inputs, in the order in which read_nested() meets them.
template <class A>
void write_nested(CallBuilder& builder, const A& value) {
  constexpr Route route = Nest<A>::route;
  if constexpr (is_placeholder<A>) {
    Placeholder<A>::write(builder, value);
  } else if constexpr (!holds_placeholders<A>) {
    explain_travel<A>();
    write_inline_value(builder.payload, value);
  } else if constexpr (route == Route::tuple) {
    std::apply([&](const auto&... each) { (write_nested(builder, each), ...); }, value);
  } else if constexpr (route == Route::optional) {
    builder.payload.value(value.has_value());
    if (value) write_nested(builder, *value);
  } else if constexpr (route == Route::map) {
    builder.payload.count(value.size());
    for (const auto& [key, each] : value) {
      write_nested(builder, key);
      write_nested(builder, each);
    }
  } else {
    if constexpr (route != Route::array) builder.payload.count(value.size());
    for (const auto& each : value) write_nested(builder, each);
  }
}

template <class A>
Resolved<A> read_nested(CallReader& call);

template <class A, class... Parts>
Resolved<A> read_tuple(CallReader& call, TypeList<Parts...>) {
  return Resolved<A>{read_nested<Parts>(call)...};  // braces: from left to right
}
template <class A, std::size_t... Index>
Resolved<A> read_array(CallReader& call, std::index_sequence<Index...>) {
  using T = typename A::value_type;
  return Resolved<A>{{(static_cast<void>(Index), read_nested<T>(call))...}};
}

/// The argument of type A that write_nested() wrote, with results in place.
template <class A>
Resolved<A> read_nested(CallReader& call) {
  constexpr Route route = Nest<A>::route;
  if constexpr (is_placeholder<A>) {
    return Placeholder<A>::read(call);
  } else if constexpr (!holds_placeholders<A>) {
    return read_value<A>(call.reader);
  } else if constexpr (route == Route::tuple) {
    return read_tuple<A>(call, typename Nest<A>::Parts());
  } else if constexpr (route == Route::array) {
    return read_array<A>(call, std::make_index_sequence<std::tuple_size_v<A>>());
  } else if constexpr (route == Route::optional) {
    if (!call.reader.template value<bool>()) return {};
    return read_nested<typename A::value_type>(call);
  } else {
    Resolved<A> values;
    const std::uint64_t count = call.reader.count();
    if constexpr (requires { values.reserve(count); }) values.reserve(count);
    for (std::uint64_t number = 0; number < count; ++number) {
      if constexpr (route == Route::map) {
        auto key = read_nested<typename A::key_type>(call);
        values.emplace_hint(values.end(), std::move(key),
                            read_nested<typename A::mapped_type>(call));
      } else {
        values.push_back(read_nested<typename A::value_type>(call));
      }
    }
    return values;
  }
}

}  // namespace tutti::detail

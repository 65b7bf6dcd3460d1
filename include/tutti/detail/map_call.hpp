#pragma once

/// From the arguments of map() and run() to a builder: which are ranges, which constants, how long
/// they are.

#include "tutti/detail/core.hpp"
#include "tutti/detail/map_thunk.hpp"
#include "tutti/detail/single_call.hpp"
#include "tutti/future.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <ranges>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace tutti::detail {

template <class T>
inline constexpr bool is_vector = false;
template <class T, class A>
inline constexpr bool is_vector<std::vector<T, A>> = true;

/// Which role an argument plays. `A` has no reference.
template <class A>
struct RoleOf {
  static constexpr bool ranged = is_mapped_range<A>;
  template <bool Ranged, class U>
  struct Choose {
    using type = ConstantRole<Stored<U>>;
  };
  template <class U>
  struct Choose<true, U> {
    using type = SequenceRole<Stored<std::ranges::range_value_t<U>>>;
  };
  using type = typename Choose<ranged, A>::type;
};
template <class T>
struct RoleOf<Range<T>> {
  using type = NumbersRole<T>;
};
template <class T>
struct RoleOf<Constant<T>> {
  using type = ConstantRole<T>;
};
template <class T>
struct RoleOf<Futures<T>> {
  using type = SequenceRole<T>;
};
template <class A>
using Role = typename RoleOf<A>::type;

/// The length of an argument that counts; no_length for one that goes whole to every call.
inline constexpr std::size_t no_length = static_cast<std::size_t>(-1);

/// The range of numbers that comes next in the stream.
template <class Numbers>
void note_numbers(CallBuilder& builder) {
  static_assert(sizeof(typename Numbers::value_type) <= NumbersArgument::number_bytes_max);
  builder.numbers.push_back({builder.payload.size(), sizeof(Numbers),
                             [](const std::byte* range, std::uint64_t index, std::byte* to) {
                               Numbers numbers;
                               std::memcpy(&numbers, range, sizeof numbers);
                               const auto number = numbers[static_cast<std::size_t>(index)];
                               std::memcpy(to, &number, sizeof number);
                               return sizeof number;
                             }});
}

/// Writes one argument of a map and gives its length.
template <class A, class U>
std::size_t write_map_argument(Core& core, CallBuilder& builder, U&& argument) {
  using R = Role<A>;
  if constexpr (is_instance<A, Constant>) {
    R::write(builder, std::forward<U>(argument).value);
    return no_length;
  } else if constexpr (is_instance<A, Futures>) {
    if (argument.handle()) builder.sources.push_back(argument.handle());
    return argument.size();
  } else if constexpr (requires { typename R::Once; } && R::is_source) {
    using T = Stored<std::ranges::range_value_t<A>>;
    explain_travel<T>();
    std::vector<T> values;
    if constexpr (std::is_same_v<std::remove_cvref_t<U>, std::vector<T>>) {
      values = std::forward<U>(argument);
    } else {
      if constexpr (std::ranges::sized_range<A>) values.reserve(std::ranges::size(argument));
      for (auto&& each : argument) values.emplace_back(std::forward<decltype(each)>(each));
    }
    const std::size_t size = values.size();
    if (size != 0) {
      const std::uint64_t bytes = nbytes(values);
      builder.bytes_per_element += bytes / size + 1;
      builder.sources.push_back(core.keep_sequence(ValuePtr(new Elements<T>(std::move(values)))));
    }
    return size;
  } else if constexpr (is_mapped_range<A>) {
    note_numbers<A>(builder);
    builder.payload.value(argument);
    return argument.size();
  } else {
    R::write(builder, std::forward<U>(argument));
    return no_length;
  }
}

/// The common length of a map's ranges. Throws Error (bad_argument) when they differ.
std::size_t common_length(std::span<const std::size_t> lengths, const std::string& function);

template <class A>
constexpr bool ranges_over_futures() {
  if constexpr (is_mapped_range<A> && !is_instance<A, Futures>) {
    return holds_placeholders<std::ranges::range_value_t<A>>;
  } else {
    return false;
  }
}

/// The result of a call of a map or of run(); void for one whose sentence was given already.
template <bool is_good, class F, class... Roles>
struct MapCallResult {
  using type = void;
};
template <class F, class... Roles>
struct MapCallResult<true, F, Roles...> {
  using type = MapResult<F, Roles...>;
};

/// What stands for a result where only futures may.
template <class... A>
inline constexpr bool holds_lazy =
    ((any_placeholder<IsDelayed, A>() || any_placeholder<IsGraphNode, A>()) || ... || false);

template <class F, class... A>
struct MapCall {
  static constexpr bool over_futures = (ranges_over_futures<A>() || ... || false);
  static constexpr bool has_range =
      ((is_mapped_range<A> || is_instance<A, Futures>) || ... || false);
  static constexpr bool is_invocable =
      std::is_invocable_v<const F&, typename Role<A>::Once::Element...>;
  /// False for a call whose sentence was given already: nothing else of it is instantiated.
  static constexpr bool is_good =
      !holds_lazy<Stored<A>...> && !over_futures && has_range && is_invocable && closure_travels<F>;

  static constexpr void explain() {
    explain_lazy<Stands::as_future, Stored<A>...>();
    static_assert(!over_futures,
                  "map takes the futures of another map (Futures), not a range that holds single "
                  "futures; wrap it in tutti::constant() when it goes whole to every call, else "
                  "submit the calls in a loop");
    static_assert(has_range,
                  "map needs at least one range among its arguments: a vector, tutti::range(n), or "
                  "the futures of another map. "
                  "A string is no range; use submit for a single call");
    static_assert(is_invocable || over_futures,
                  "this function cannot be called with one element of each range and the "
                  "constants. They arrive as const&, so a "
                  "parameter must be a value or a const reference; text arrives as std::string; a "
                  "lambda must not be mutable");
    explain_closure<F>();
    explain_result<typename MapCallResult<is_good, F, Role<A>...>::type>();
  }
  using Result = typename MapCallResult<is_good, F, Role<A>...>::type;

  static const FunctionOps& ops() { return map_ops<F, Role<A>...>; }

  template <class... U>
  static std::size_t write(Core& core, CallBuilder& builder, const F& function, U&&... arguments) {
    builder.clear();
    Closure<F>::write(builder.payload, function);
    const std::size_t lengths[] = {
        write_map_argument<A>(core, builder, std::forward<U>(arguments))...};
    const std::size_t total = common_length(lengths, function_name<F>(builder.payload.bytes()));
    if (total == 0) builder.sources.clear();
    return total;
  }
};

/// A call on every rank is a map over the ranks whose only elements are the constants.
template <class F, class... A>
struct RunCall {
  template <class U>
  using RunRole = ConstantRole<Stored<U>>;
  static constexpr bool is_invocable =
      std::is_invocable_v<const F&, typename RunRole<A>::Once::Element...>;
  /// As that of a map.
  static constexpr bool is_good = !holds_lazy<Stored<A>...> && is_invocable && closure_travels<F>;

  static constexpr void explain() {
    explain_lazy<Stands::as_future, Stored<A>...>();
    static_assert(is_invocable,
                  "this function cannot be called with these arguments; they arrive as const&, and "
                  "a lambda must not be mutable");
    explain_closure<F>();
  }
  using Result = typename MapCallResult<is_good, F, RunRole<A>...>::type;

  static const FunctionOps& ops() { return map_ops<F, RunRole<A>...>; }

  template <class... U>
  static void write(CallBuilder& builder, const F& function, U&&... arguments) {
    builder.clear();
    Closure<F>::write(builder.payload, function);
    (RunRole<A>::write(builder, std::forward<U>(arguments)), ...);
  }
};

/// The elements of the stretches of a map, which are in order and cover it, without those that
/// failed.
template <class T>
std::vector<T> take_elements(const GroupState& group, const std::vector<ValuePtr>& stretches) {
  std::vector<T> results;
  if constexpr (is_plain<T> && !std::is_same_v<T, bool>) {
    if (group.failures.empty()) {
      resize_uninitialized(results, static_cast<std::size_t>(group.total));
      std::uint64_t position = 0;
      for (const ValuePtr& value : stretches) {
        const auto& elements = static_cast<const Elements<T>&>(*value);
        std::copy_n(elements.data(), elements.count, results.data() + position);
        position += elements.count;
      }
      return results;
    }
  }
  results.reserve(static_cast<std::size_t>(group.total));
  for (const ValuePtr& value : stretches) {
    const auto& elements = static_cast<const Elements<T>&>(*value);
    for (std::uint64_t index = elements.begin; index < elements.begin + elements.count; ++index) {
      if (!elements.has_failed(index)) results.push_back(elements.at(index));
    }
  }
  return results;
}

}  // namespace tutti::detail

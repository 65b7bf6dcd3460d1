#pragma once

/// What Client::gather() and gather_into() do: maps, single futures, and containers of both.

#include "tutti/detail/core.hpp"
#include "tutti/detail/map_call.hpp"
#include "tutti/future.hpp"
#include "tutti/task_options.hpp"
#include "tutti/wait.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace tutti::detail {

/// What a gather of elements receives in its place.
template <class T>
inline constexpr bool arrives_in_place = is_plain<T> && !std::is_same_v<T, bool>;

template <class T>
void wait_and_raise(const Futures<T>& futures) {
  if (futures.empty()) return;
  wait(futures);
  GroupState& group = futures.handle().group();
  group.observed = true;
  if (group.failure) throw_failure(group.failure);
  if (!group.failures.empty()) throw_failure(group.failures.begin()->second);
}

/// Throws unless the results of all, which have ended, have room on rank 0.
inline void expect_room(std::span<const Target> targets) {
  if (!targets.empty()) Core::of(*targets.front().handle).expect_room(targets);
}

template <class T>
std::vector<T> gather_map(GatherOptions options, const Futures<T>& futures) {
  std::vector<T> results;
  if (futures.empty()) return results;
  if (options.errors == Errors::raise) {
    wait_and_raise(futures);
  } else {
    wait(futures);
  }
  GroupState& group = futures.handle().group();
  group.observed = true;
  if (group.failure) return results;
  Core& backend = Core::of(group);
  const Target whole{&group, whole_group};
  backend.expect_room({&whole, 1});
  if constexpr (arrives_in_place<T>) {
    if (group.failures.empty()) {
      resize_uninitialized(results, static_cast<std::size_t>(group.total));
      backend.gather_into(
          group, {reinterpret_cast<std::byte*>(results.data()), results.size() * sizeof(T)});
      return results;
    }
  }
  return take_elements<T>(group, backend.fetch_group(group));
}

/// The result of a future that has ended, if there is one; with `skip` there may be none.
template <class T>
const T* find_gathered(GatherOptions options, const Target& target) {
  InputValue value;
  if (!find_result_here(target, value)) {
    Core& backend = Core::of(*target.handle);
    if (options.errors == Errors::skip && backend.status(target) != Status::finished) {
      target.handle->observed = true;
      return nullptr;
    }
    value = backend.result(target, forever);
  }
  return &input_cast<T>(value);
}

/// Waits for all and brings what single futures stand for to rank 0, together.
inline void bring_all(std::span<const Target> targets) {
  if (targets.empty()) return;
  Core& backend = Core::of(*targets.front().handle);
  backend.wait(targets, ReturnWhen::all_completed, forever);
  backend.expect_room(targets);
  std::vector<Target> singles;
  std::ranges::copy_if(targets, std::back_inserter(singles),
                       [](const Target& each) { return each.index != whole_group; });
  backend.fetch(singles);
}

template <class T>
std::vector<T> gather_futures(GatherOptions options, const std::vector<Future<T>>& futures) {
  std::vector<T> results;
  std::vector<Target> targets;
  targets.reserve(futures.size());
  for (const Future<T>& future : futures) targets.push_back(target_of(future));
  bring_all(targets);
  results.reserve(futures.size());
  for (const Target& target : targets) {
    if (const T* result = find_gathered<T>(options, target)) results.push_back(*result);
  }
  return results;
}

// ---- containers of futures, at any depth

/// Says, while compiling, what there must be in an argument.
template <class A>
constexpr void explain_futures() {
  static_assert(holds_placeholders<A>,
                "there is no future in this argument; pass a Future, the Futures of a map, or a "
                "standard container, tuple or optional of those");
  static_assert(!any_placeholder<IsDelayed, A>() && !any_placeholder<IsGraphNode, A>(),
                "a Delayed or a node of a Graph has no result yet; pass the future that "
                "client.compute(d) or graph.submit(node) gives");
}

/// Appends all futures in `value`; the futures of a map as one.
template <class A>
void collect_targets(const A& value, std::vector<Target>& targets) {
  if constexpr (is_instance<A, Future>) {
    targets.push_back(target_of(value));
  } else if constexpr (is_instance<A, Futures>) {
    if (!value.empty()) targets.push_back({value.handle().get(), whole_group});
  } else if constexpr (holds_placeholders<A>) {
    constexpr Route route = Nest<A>::route;
    if constexpr (route == Route::tuple) {
      std::apply([&](const auto&... each) { (collect_targets(each, targets), ...); }, value);
    } else if constexpr (route == Route::optional) {
      if (value) collect_targets(*value, targets);
    } else if constexpr (route == Route::map) {
      for (const auto& [key, each] : value) collect_targets(each, targets);
    } else {
      for (const auto& each : value) collect_targets(each, targets);
    }
  }
}
template <class A>
std::vector<Target> targets_in(const A& value) {
  explain_futures<A>();
  std::vector<Target> targets;
  collect_targets(value, targets);
  return targets;
}

/// The result in the place of the future, in a container of the same shape. With `skip`, what
/// failed is left out of sequences and maps; an optional is empty.
template <class A>
std::optional<Resolved<A>> take_gathered(GatherOptions options, const A& value) {
  constexpr Route route = Nest<A>::route;
  if constexpr (is_instance<A, Future>) {
    using T = typename Placeholder<A>::Result;
    if constexpr (std::is_void_v<T>) {
      value.result();
      return std::monostate();
    } else {
      const T* result = find_gathered<T>(options, target_of(value));
      return result == nullptr ? std::nullopt : std::optional<T>(*result);
    }
  } else if constexpr (is_instance<A, Futures>) {
    return gather_map(options, value);
  } else if constexpr (!holds_placeholders<A>) {
    return value;
  } else if constexpr (route == Route::optional) {
    using Inner = Resolved<A>;
    return value ? Inner(take_gathered(options, *value)) : Inner();
  } else if constexpr (route == Route::tuple || route == Route::array) {
    // There is no place that could be left out.
    const GatherOptions all{Errors::raise};
    return std::apply(
        [&](const auto&... each) { return Resolved<A>{*take_gathered(all, each)...}; }, value);
  } else {
    Resolved<A> results;
    for (const auto& each : value) {
      if constexpr (route == Route::map) {
        if (auto result = take_gathered(options, each.second))
          results.emplace_hint(results.end(), each.first, std::move(*result));
      } else {
        if (auto result = take_gathered(options, each)) results.push_back(std::move(*result));
      }
    }
    return results;
  }
}

template <class A>
Resolved<A> gather_nested(GatherOptions options, const A& value) {
  const std::vector<Target> targets = targets_in(value);
  bring_all(targets);
  return *take_gathered(options, value);
}

// ---- into the caller's memory

[[noreturn]] void throw_wrong_room(std::size_t places, std::size_t results);

template <class T>
void gather_into(std::span<T> out, const Futures<T>& futures) {
  if (out.size() != futures.size()) throw_wrong_room(out.size(), futures.size());
  if (futures.empty()) return;
  wait_and_raise(futures);
  GroupState& group = futures.handle().group();
  if constexpr (arrives_in_place<T>) {
    Core::of(group).gather_into(group,
                                {reinterpret_cast<std::byte*>(out.data()), out.size_bytes()});
  } else {
    const Target whole{&group, whole_group};
    expect_room({&whole, 1});
    std::vector<T> results = take_elements<T>(group, Core::of(group).fetch_group(group));
    std::ranges::move(results, out.begin());
  }
}

template <class T>
void gather_into(std::span<T> out, const std::vector<Future<T>>& futures) {
  if (out.size() != futures.size()) throw_wrong_room(out.size(), futures.size());
  const std::vector<Target> targets = targets_in(futures);
  bring_all(targets);
  for (std::size_t index = 0; index < out.size(); ++index)
    out[index] = *find_gathered<T>({}, targets[index]);
}

}  // namespace tutti::detail

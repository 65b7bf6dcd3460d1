#pragma once

/// Outputs of lazy calls: walking through what holds them, and the same with futures or results in
/// their place.

#include "tutti/detail/call_graph.hpp"
#include "tutti/detail/nested_futures.hpp"
#include "tutti/future.hpp"

#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace tutti::detail {

/// Calls `visit` with each placeholder in `value`, in order.
template <class A, class Visit>
void visit_placeholders(const A& value, Visit& visit) {
  constexpr Route route = Nest<A>::route;
  if constexpr (is_placeholder<A>) {
    visit(value);
  } else if constexpr (!holds_placeholders<A>) {
    (void)value;
  } else if constexpr (route == Route::tuple) {
    std::apply([&](const auto&... each) { (visit_placeholders(each, visit), ...); }, value);
  } else if constexpr (route == Route::optional) {
    if (value) visit_placeholders(*value, visit);
  } else if constexpr (route == Route::map) {
    for (const auto& [key, each] : value) visit_placeholders(each, visit);
  } else {
    for (const auto& each : value) visit_placeholders(each, visit);
  }
}

/// `value` with what `make` gives for each placeholder in its place, called in the order of
/// visit_placeholders().
template <template <class> class Change, class A, class Make>
typename Reshape<Change, A>::type reshaped(const A& value, Make& make) {
  using Other = typename Reshape<Change, A>::type;
  constexpr Route route = Nest<A>::route;
  if constexpr (is_placeholder<A>) {
    return make(value);
  } else if constexpr (!holds_placeholders<A>) {
    return value;
  } else if constexpr (route == Route::array) {
    return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      return Other{{reshaped<Change>(value[Index], make)...}};
    }
    (std::make_index_sequence<std::tuple_size_v<A>>());
  } else if constexpr (route == Route::tuple) {
    return std::apply([&](const auto&... each) { return Other{reshaped<Change>(each, make)...}; },
                      value);
  } else if constexpr (route == Route::optional) {
    return value ? Other(reshaped<Change>(*value, make)) : Other();
  } else {
    Other other;
    for (const auto& each : value) {
      if constexpr (route == Route::map) {
        other.emplace_hint(other.end(), each.first, reshaped<Change>(each.second, make));
      } else {
        other.push_back(reshaped<Change>(each, make));
      }
    }
    return other;
  }
}

template <class A>
struct Same {
  using type = A;
};

/// Futures for all outputs in `shapes`, from `submitted`, which has one for each.
template <template <class> class Change, class... A>
std::tuple<typename Reshape<Change, A>::type...> with_futures(
    const std::vector<CallGraph::Input>& submitted, const A&... shapes) {
  std::size_t next = 0;
  auto make = [&]<class P>(const P&) {
    const CallGraph::Input& each = submitted[next++];
    return
        typename Change<P>::type(Future<typename Placeholder<P>::Result>(each.future, each.index));
  };
  return {reshaped<Change>(shapes, make)...};
}

/// Waits for all futures in `shapes` and gives the same with results. Throws TaskFailed for the
/// first one that failed, in order.
template <class... A>
std::tuple<Resolved<A>...> with_results(std::tuple<A...>&& shapes) {
  std::vector<Target> targets;
  auto note = [&](const auto& future) { targets.push_back(target_of(future)); };
  visit_placeholders(shapes, note);
  if (!targets.empty()) {
    Core& core = Core::of(*targets.front().handle);
    wait_or_raise(targets);
    core.fetch(targets);
  }
  auto take = []<class T>(const Future<T>& future) -> typename ToResult<Future<T>>::type {
    if constexpr (std::is_void_v<T>) {
      future.result();
      return {};
    } else {
      // The shapes are ours, so that a result which nobody else can see is moved.
      return std::move(const_cast<Future<T>&>(future)).result();
    }
  };
  return reshaped<ToResult>(shapes, take);
}

// ---- delayed calls

template <class A>
struct IsNotDelayed : std::bool_constant<Placeholder<A>::kind != Stands::as_delayed> {};

template <class... A>
DelayedGraph graph_of_all(const A&... lazy) {
  static_assert(((holds_placeholders<A> && !any_placeholder<IsNotDelayed, A>()) && ...),
                "this takes delayed calls, also inside of containers and tuples; ask a future, "
                "which is submitted already, for its result(), and a node of a Graph by "
                "graph.compute(node)");
  std::vector<DelayedPtr> outputs;
  auto note = [&](const auto& delayed) {
    if constexpr (requires { delayed.call(); }) outputs.push_back(delayed.call());
  };
  (visit_placeholders(lazy, note), ...);
  return graph_of(outputs);
}

/// Submits all that is needed in one go; the shapes of the arguments with Change<Delayed<T>>::type,
/// made from a future, in the place of each Delayed<T>.
template <template <class> class Change, class... A>
auto submit_delayed(const A&... lazy) {
  const DelayedGraph calls = graph_of_all(lazy...);
  return with_futures<Change>(submit_outputs(calls.graph, calls.outputs), lazy...);
}

}  // namespace tutti::detail

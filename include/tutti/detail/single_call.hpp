#pragma once

/// SingleCall: a call as submit(), delayed() and Graph::add() write it.

#include "tutti/detail/closure.hpp"
#include "tutti/detail/core.hpp"
#include "tutti/detail/nested_futures.hpp"
#include "tutti/detail/thunk.hpp"

#include <utility>

namespace tutti::detail {

/// Says, while compiling, which kind of call takes such arguments.
template <Stands lazy, class... A>
constexpr void explain_lazy() {
  static_assert(lazy == Stands::as_delayed || !(any_placeholder<IsDelayed, A>() || ...),
                "a Delayed is an argument of delayed calls only: make this call delayed as well, "
                "tutti::delayed(f)(d), or pass the future that client.compute(d) gives");
  static_assert(lazy == Stands::as_graph_node || !(any_placeholder<IsGraphNode, A>() || ...),
                "a node of a Graph is an argument of other nodes only: add this call to the graph, "
                "graph.add(f, node), or pass the future that graph.submit(node) gives");
}

/// Says, while compiling, what cannot be a result.
template <class Result>
constexpr void explain_result() {
  if constexpr (!std::is_void_v<Result>) {
    static_assert(
        !holds_placeholders<Result>,
        "a task cannot return a future: futures stay with the task that made them. Return "
        "the result, return client.submit(f, x).result(); or have the caller submit the "
        "call");
    static_assert(
        route_of<Result> != Route::view,
        "a task cannot return a view or pointer: what it points to ends with the task, or "
        "lies on another rank; return the data itself, e.g. a std::string or std::vector");
  }
}

/// F is a decayed function, A are stored arguments; `lazy` tells what may stand among them beside
/// futures.
template <Stands lazy, class F, class... A>
struct SingleCall {
  using Result = CallResult<F, Sent<A>...>;
  /// False for a call whose sentence was given already.
  static constexpr bool is_good = is_good_call<F, Sent<A>...>;

  static constexpr void explain() {
    explain_lazy<lazy, A...>();
    explain_call<F, Sent<A>...>();
    explain_closure<F>();
    explain_result<Result>();
  }
  static constexpr const FunctionOps& ops() { return call_ops<F, Sent<A>...>; }

  /// `builder` is empty.
  template <class... Args>
  static void write(CallBuilder& builder, const F& function, Args&&... arguments) {
    Closure<F>::write(builder.payload, function);
    (Argument<Sent<A>>::write(builder, std::forward<Args>(arguments)), ...);
  }
};

}  // namespace tutti::detail

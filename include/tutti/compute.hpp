#pragma once

/// compute, persist, visualize: what is done with delayed calls, several of them in one pass.

#include "tutti/delayed.hpp"
#include "tutti/detail/call_graph.hpp"
#include "tutti/detail/lazy.hpp"

#include <string>

namespace tutti {

/// Computes delayed calls in one pass, in which parts that they share are computed once, and waits:
/// `auto [p, q] = compute(a, b);`. Each argument is a Delayed or holds some, as in std::vector<
/// Delayed<T>>, and gives the same with results; std::monostate where a call returns nothing.
/// Throws TaskFailed as soon as one has failed; what was not begun is not run then.
template <class... Lazy>
auto compute(const Lazy&... lazy) {
  return detail::with_results(detail::submit_delayed<detail::ToSent>(lazy...));
}

/// Submits delayed calls in one pass and returns at once: the same, bound to their futures. What is
/// computed from these later does not compute them again.
template <class... Lazy>
[[nodiscard]] auto persist(const Lazy&... lazy) {
  return detail::submit_delayed<detail::Same>(lazy...);
}

/// The calls that the arguments of compute() need, in the language of Graphviz. Futures are boxes.
template <class... Lazy>
std::string to_dot(const Lazy&... lazy) {
  const detail::DelayedGraph calls = detail::graph_of_all(lazy...);
  return detail::dot_of(calls.graph, calls.outputs);
}
/// Writes to_dot() to a file. Throws Error (io).
template <class... Lazy>
void visualize(const std::string& path, const Lazy&... lazy) {
  detail::write_text_file(path, to_dot(lazy...));
}

}  // namespace tutti

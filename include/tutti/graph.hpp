#pragma once

/// Graph: many calls that depend on each other, put together at the least cost.

#include "tutti/detail/call_graph.hpp"
#include "tutti/detail/lazy.hpp"
#include "tutti/detail/single_call.hpp"
#include "tutti/task_options.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace tutti {

/// The result of a call of a Graph, which is not made yet. Two words; means nothing without its
/// graph.
template <class T>
class GraphNode {
 public:
  using value_type = T;

  GraphNode() = default;
  // For tutti itself.
  GraphNode(std::uint64_t graph, std::uint64_t number) : graph_(graph), number_(number) {}
  /// Throws Error (bad_argument) when the node is of another graph.
  std::uint64_t number_in(std::uint64_t graph) const {
    if (graph_ == graph) return number_;
    throw Error(ErrorCode::bad_argument,
                graph_ == 0 ? "an empty node of a Graph was used; use one that add() returned"
                            : "a node of one Graph was used with another; compute it first and "
                              "pass its future");
  }

 private:
  std::uint64_t graph_ = 0;
  std::uint64_t number_ = 0;
};

namespace detail {

template <class T>
struct Placeholder<GraphNode<T>> {
  static constexpr Stands kind = Stands::as_graph_node;
  using Result = T;
  using Sent = Future<T>;
  static void write(CallBuilder& builder, const GraphNode<T>& node) {
    builder.inputs.push_back({{nullptr, node.number_in(builder.graph)}, {}});
  }
};

template <class A>
struct IsNoNode : std::bool_constant<Placeholder<A>::kind != Stands::as_graph_node> {};

}  // namespace detail

/// `Graph graph; auto a = graph.add(inc, 1); auto b = graph.add(add, a, 10);
/// auto [sum] = graph.compute(b);`. A call is added after those whose results it takes, and lies in
/// a few words without an allocation of its own. submit() and compute() run what their arguments
/// need, in the order in which it was added, and leave the graph as it is. One thread uses it, also
/// before the run.
class Graph {
 public:
  Graph() : id_(detail::new_graph_id()) {}
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  /// The other graph is empty afterwards, and a new one: the nodes are this graph's.
  Graph(Graph&& other)
      : id_(std::exchange(other.id_, detail::new_graph_id())),
        calls_(std::exchange(other.calls_, detail::CallGraph())) {}
  Graph& operator=(Graph&& other) {
    Graph taken(std::move(other));
    std::swap(id_, taken.id_);
    std::swap(calls_, taken.calls_);
    return *this;
  }

  /// Adds a call. Arguments as those of Client::submit(); nodes of this graph, wherever they stand
  /// among them or in them, stand for their results.
  template <class Function, class... Args>
  requires(!std::same_as<std::decay_t<Function>, TaskOptions>)  //
      auto add(Function&& function, Args&&... arguments) {
    return add_call(nullptr, std::forward<Function>(function), std::forward<Args>(arguments)...);
  }
  template <class Function, class... Args>
  auto add(const TaskOptions& options, Function&& function, Args&&... arguments) {
    return add_call(&options, std::forward<Function>(function), std::forward<Args>(arguments)...);
  }

  /// Calls that were added.
  std::size_t size() const { return static_cast<std::size_t>(calls_.size()); }

  /// Submits what these nodes need in one go and returns at once: the future of a single node, else
  /// a tuple. An argument is a node or holds some, as in std::vector<GraphNode<T>>, and gives the
  /// same with futures.
  template <class First, class... More>
  [[nodiscard]] auto submit(const First& first, const More&... more) const {
    auto futures = submit_all(first, more...);
    if constexpr (sizeof...(More) == 0) {
      return std::get<0>(std::move(futures));
    } else {
      return futures;
    }
  }
  /// Submits what these nodes need, waits, and gives the same with results: `auto [sum, product] =
  /// graph.compute(a, b);`. Throws TaskFailed for the first one that failed.
  template <class... Nodes>
  auto compute(const Nodes&... nodes) const {
    return detail::with_results(submit_all(nodes...));
  }

  /// All calls, in the language of Graphviz: `dot -Tsvg g.dot`.
  std::string to_dot() const { return detail::dot_of(calls_); }
  /// Writes to_dot() to a file. Throws Error (io).
  void visualize(const std::string& path) const { detail::write_text_file(path, to_dot()); }

 private:
  template <class Function, class... Args>
  auto add_call(const TaskOptions* options, Function&& function, Args&&... arguments) {
    using Call = detail::SingleCall<detail::Stands::as_graph_node, std::decay_t<Function>,
                                    detail::Stored<Args>...>;
    Call::explain();
    using Node = GraphNode<typename Call::Result>;
    if constexpr (Call::is_good) {
      detail::CallBuilder& builder = detail::call_builder();
      builder.graph = id_;
      Call::write(builder, function, std::forward<Args>(arguments)...);
      return Node(id_, calls_.add(Call::ops(), options, builder));
    } else {
      return Node();
    }
  }
  template <class... Nodes>
  auto submit_all(const Nodes&... nodes) const {
    static_assert(((detail::holds_placeholders<Nodes> &&
                    !detail::any_placeholder<detail::IsNoNode, Nodes>()) &&
                   ...),
                  "a graph computes its own nodes, also inside of containers and tuples");
    std::vector<detail::CallGraph::Input> outputs;
    auto note = [&]<class Node>(const Node& node) {
      if constexpr (requires { node.number_in(id_); })
        outputs.push_back({{}, node.number_in(id_), {}});
    };
    (detail::visit_placeholders(nodes, note), ...);
    return detail::with_futures<detail::ToSent>(detail::submit_outputs(calls_, outputs), nodes...);
  }

  std::uint64_t id_;
  detail::CallGraph calls_;
};

}  // namespace tutti

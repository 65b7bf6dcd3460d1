#include "tutti/detail/call_graph.hpp"

#include "tutti/compute.hpp"
#include "tutti/delayed_operators.hpp"
#include "tutti/graph.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

using namespace tutti;
using detail::CallGraph;

namespace {

int inc(int x) { return x + 1; }
int add(int a, int b) { return a + b; }

template <class A, class B>
constexpr bool becomes = std::is_same_v<detail::Resolved<A>, B>;

static_assert(becomes<std::vector<std::vector<Future<int>>>, std::vector<std::vector<int>>>);
static_assert(becomes<std::map<std::string, Future<double>>, std::map<std::string, double>>);
static_assert(
    becomes<std::map<int, Future<int>, std::greater<>>, std::map<int, int, std::greater<>>>);
static_assert(
    becomes<std::unordered_map<int, Futures<int>>, std::unordered_map<int, std::vector<int>>>);
static_assert(
    becomes<std::tuple<int, Future<bool>, std::string>, std::tuple<int, bool, std::string>>);
static_assert(becomes<std::pair<std::list<Future<int>>, std::optional<Delayed<char>>>,
                      std::pair<std::list<int>, std::optional<char>>>);
static_assert(becomes<std::array<GraphNode<int>, 3>, std::array<int, 3>>);
static_assert(becomes<Delayed<void>, std::monostate>);
static_assert(becomes<std::vector<int>, std::vector<int>>);
static_assert(std::is_same_v<detail::Sent<std::vector<Delayed<int>>>, std::vector<Future<int>>>);
static_assert(!detail::holds_placeholders<std::map<int, std::vector<std::string>>>);
static_assert(std::is_same_v<decltype(delayed(inc)(1) < 2.5), Delayed<bool>>);
static_assert(std::is_same_v<decltype(delayed(inc)(1) * 2.5), Delayed<double>>);
static_assert(sizeof(Delayed<std::string>) == sizeof(void*));

detail::DelayedGraph graph_of(const std::vector<detail::DelayedPtr>& outputs) {
  return detail::graph_of(outputs);
}

}  // namespace

TEST_CASE("delayed calls become a graph in which each call stands once and after its inputs") {
  const auto a = delayed(inc)(1);
  const auto b = delayed(add)(a, a);
  const auto c = delayed(add)(b, a);
  const detail::DelayedGraph calls = graph_of({c.call(), a.call(), c.call()});
  REQUIRE(calls.graph.size() == 3);
  CHECK(calls.outputs[0].index == 2);
  CHECK(calls.outputs[1].index == 0);
  CHECK(calls.outputs[2].index == 2);
  for (std::uint64_t number = 0; number < 3; ++number) {
    for (const CallGraph::Input& input : calls.graph[number].inputs) CHECK(input.index < number);
  }
  CHECK(calls.graph[2].inputs.size() == 2);
  CHECK(calls.graph[2].inputs[0].index == 1);
  CHECK(calls.graph[2].inputs[1].index == 0);
}

TEST_CASE("a graph counts uses from its outputs, and nothing else is needed") {
  Graph built;
  const auto a = built.add(inc, 1);
  (void)built.add(inc, a);
  (void)built.add(add, a, a);
  CHECK(built.size() == 3);

  const auto x = delayed(inc)(1);
  const auto y = delayed(add)(x, x);
  const auto unneeded = delayed(inc)(y);
  const detail::DelayedGraph calls = graph_of({unneeded.call(), y.call()});
  const std::vector<std::uint64_t> only_y{1};
  CHECK(calls.graph.count_uses(only_y) == std::vector<std::uint32_t>{2, 1, 0});
  const std::vector<std::uint64_t> twice{1, 1, 2};
  CHECK(calls.graph.count_uses(twice) == std::vector<std::uint32_t>{2, 3, 1});
}

TEST_CASE("a drawing shows calls by name, their edges, and escapes quotes") {
  const auto a = delayed({.name = "first \"a\"\n"}, inc)(1);
  const auto b = delayed({.name = "b\\"}, add)(a, 10);
  CHECK(b.to_dot() ==
        "digraph tutti {\n"
        "  rankdir=BT;\n"
        "  call0 [label=\"first \\\"a\\\"\\n\"];\n"
        "  call1 [label=\"b\\\\\"];\n"
        "  call0 -> call1;\n"
        "}\n");
  Graph graph;
  (void)graph.add({.name = "b"}, inc, graph.add({.name = "a"}, inc, 1));
  CHECK(graph.to_dot() == to_dot(delayed({.name = "b"}, inc)(delayed({.name = "a"}, inc)(1))));
}

TEST_CASE("copies of a delayed call share it, and it goes with the last one") {
  auto a = delayed(inc)(1);
  const auto copy = a;
  CHECK(a.call()->references == 2);
  auto b = delayed(inc)(a);
  CHECK(a.call()->references == 3);
  b = {};
  CHECK(a.call()->references == 2);
  a = {};
  CHECK(copy.call()->references == 1);
  CHECK(!a.valid());
}

TEST_CASE("a long chain is collected and freed without recursion") {
  auto chain = delayed(inc)(0);
  for (int i = 1; i < 1'000'000; ++i) chain = delayed(inc)(chain);
  CHECK(graph_of({chain.call()}).graph.size() == 1'000'000);
  chain = {};
  // A wide one, and diamonds on top of each other: each call once.
  auto diamond = delayed(inc)(0);
  for (int i = 0; i < 1000; ++i) diamond = delayed(add)(diamond, delayed(inc)(diamond));
  CHECK(graph_of({diamond.call()}).graph.size() == 2001);
}

TEST_CASE("a graph that was moved from is empty, and another one") {
  Graph first;
  const auto one = first.add(inc, 1);
  Graph second = std::move(first);
  CHECK_EQ(second.size(), 1);
  CHECK_EQ(first.size(), 0);
  const auto own = first.add(inc, 2);
  CHECK_EQ(first.size(), 1);
  CHECK_THROWS_AS((void)first.add(inc, one), Error);
  CHECK_THROWS_AS((void)second.add(inc, own), Error);
  (void)second.add(inc, one);
  first = std::move(second);
  CHECK_EQ(first.size(), 2);
  (void)first.add(inc, one);
}

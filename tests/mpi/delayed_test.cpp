// Delayed calls and graphs: each call once, what nobody needs not at all, and how deep they may be.
//
// test ranks: 1 2 4
// test env: TUTTI_THREADS_PER_WORKER=2

#include "support/expect.hpp"
#include "support/sanitizers.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Delayed;
using tutti::Future;
using tutti::Graph;
using tutti::GraphNode;

int inc(int x) { return x + 1; }
int add(int a, int b) { return a + b; }
int sum_of(const std::vector<int>& all) { return std::accumulate(all.begin(), all.end(), 0); }
std::pair<int, int> divide(int a, int b) { return {a / b, a % b}; }

/// Fewer where each task is watched.
int many(int count) {
  if (std::getenv("TUTTI_VALIDATE") != nullptr) return count / 200;
  return tutti::testing::memory_is_watched ? count / 10 : count;
}

/// Counts calls on any rank of this machine: each appends a character to a file.
class Counter {
 public:
  const std::string& path() const { return gate_.path(); }
  std::size_t count() const {
    std::error_code error;
    const auto size = std::filesystem::file_size(path(), error);
    return error ? 0 : static_cast<std::size_t>(size);
  }

 private:
  Gate gate_;
};
int counted(const std::string& path, int value) {
  std::ofstream(path, std::ios::app) << '.';
  return value;
}

void calls_are_composed(tutti::Client& client) {
  const auto a = tutti::delayed(inc)(1);
  const auto b = tutti::delayed(add)(a, 10);
  const auto [p, q] = tutti::compute(a, b);
  expect(p == 2 && q == 12);
  expect_equal(b.compute(), 12);
  // Futures, maps and containers are arguments as in submit.
  const Future<int> five = client.submit(inc, 4);
  const auto squares = client.map([](int x) { return x * x; }, tutti::range(4));
  const auto c = tutti::delayed(sum_of)(squares);
  const auto mixed = tutti::delayed([](const std::vector<int>& all, std::pair<int, int> two) {
    return sum_of(all) * 100 + two.first * 10 + two.second;
  })(std::vector{a, b, c}, std::pair{five, 7});
  expect_equal(mixed.compute(), 2857);
  const auto text =
      tutti::delayed([](const std::string& x, int n) { return x + std::to_string(n); });
  expect_equal(text("n = ", b).compute(), "n = 12");
  // A large argument, and one that makes the call large.
  const auto size =
      tutti::delayed([](const std::vector<double>& all, const std::vector<std::string>& more) {
        return all.size() + more.size();
      })(std::vector<double>(100'000), std::vector<std::string>(5'000, "0123456789"));
  expect(size.compute() == 105'000 && size.compute() == 105'000);
  tutti::delayed([](int) {})(a).compute();
}

void shared_parts_are_computed_once(tutti::Client& client) {
  const Counter counter;
  const auto base = tutti::delayed(counted)(counter.path(), 3);
  const auto left = tutti::delayed(inc)(base);
  const auto right = tutti::delayed(add)(base, base);
  const auto unneeded = tutti::delayed(counted)(counter.path(), 0);
  const auto [l, r, both] = tutti::compute(left, right, tutti::delayed(add)(left, right));
  expect(l == 4 && r == 6 && both == 10);
  expect_equal(counter.count(), 1u);
  expect_equal(left.compute(), 4);
  expect_equal(counter.count(), 2u);
  // What is persisted is not computed again.
  const auto kept = base.persist();
  expect_equal(tutti::delayed(inc)(kept).compute(), 4);
  expect_equal(tutti::delayed(add)(kept, kept).compute() + kept.compute(), 9);
  expect_equal(counter.count(), 3u);
  const auto [one, two] = tutti::persist(base, right);
  expect_equal((one + two).compute(), 9);
  expect_equal(counter.count(), 4u);
  const Future<int> future = client.compute(base);
  expect_equal(Delayed<int>(future).compute() + future.result(), 6);
  expect_equal(counter.count(), 5u);
  const auto [first, more] = client.compute(left, std::vector{left, right});
  expect(first.result() == 4 && more[0] == first && more[1].result() == 6);
  expect_equal(counter.count(), 6u);
  expect(unneeded.valid());
}

void outputs_have_any_shape(tutti::Client&) {
  const auto a = tutti::delayed(inc)(1);
  const std::map<std::string, std::vector<Delayed<int>>> shapes{{"a", {a, a + 1}}, {"none", {}}};
  const auto [map, array, mixed] = tutti::compute(
      shapes, std::array{a, a * 5}, std::tuple<int, Delayed<int>, std::string>{1, a, "text"});
  expect(map == std::map<std::string, std::vector<int>>{{"a", {2, 3}}, {"none", {}}});
  expect(array == std::array{2, 10} && mixed == std::tuple<int, int, std::string>{1, 2, "text"});
  const auto nothing = tutti::delayed([](int) {})(a);
  const auto [done, number] = tutti::compute(nothing, a);
  expect(done == std::monostate() && number == 2);
  // Large results are brought once and moved.
  const auto large =
      tutti::delayed([](int n) { return std::string(100'000, static_cast<char>('a' + n)); });
  const auto [x, y, again] = tutti::compute(large(a), large(0), large(1));
  expect(x == std::string(100'000, 'c') && y[5] == 'a' && again.size() == 100'000u);
}

void operators_are_calls(tutti::Client&) {
  const auto a = tutti::delayed(inc)(6);
  const auto b = tutti::delayed([] { return 2.5; })();
  expect_equal(((a + 1) * b - 4 / a).compute(), 20.0);
  expect_equal((-(a % 4)).compute(), -3);
  const auto [less, equal, more, other] = tutti::compute(b < a, a == 7, 3 >= a, a != b);
  expect(less && equal && !more && other);
  expect((a > 3).compute() && (a <= 7).compute());
  const auto [quotient, rest] = tutti::delayed(divide)(17, 5);
  expect_equal((quotient * 10 + rest).compute(), 32);
  const auto three = tutti::delayed([](int x) { return std::array{x, x + 1, x + 2}; })(a);
  expect_equal((get<0>(three) + get<2>(three)).compute(), 16);
}

void failures_tell_where_they_began(tutti::Client& client) {
  const auto bad = tutti::delayed({.name = "reads input"},
                                  []() -> int { throw std::runtime_error("no file"); })();
  const auto after = tutti::delayed(add)(tutti::delayed(inc)(bad), 1);
  try {
    after.compute();
    expect(false);
  } catch (const tutti::TaskFailed& failed) {
    expect_equal(failed.failure().task, "reads input");
    expect_equal(failed.failure().message, "no file");
  }
  expect_throws<tutti::TaskFailed>(
      [&] { (void)tutti::compute(tutti::delayed(inc)(1), after, bad); }, "no file");
  const Future<int> future = client.compute(after);
  expect(future.exception().has_value());
  expect_throws<tutti::Error>([] { (void)tutti::delayed(inc)(Delayed<int>()); },
                              "an empty Delayed was passed as an argument");
  expect_throws<tutti::Error>([] { (void)Delayed<int>().compute(); },
                              "an empty Delayed was to be computed");
}

void chains_are_deeper_than_the_stack(tutti::Client&) {
  const int depth = many(200'000);
  auto chain = tutti::delayed(inc)(0);
  for (int i = 1; i < depth; ++i) chain = tutti::delayed(inc)(chain);
  expect_equal(chain.compute(), depth);
  const std::string dot = chain.to_dot();
  expect_equal(std::count(dot.begin(), dot.end(), '>'), depth - 1);
  chain = {};
  // The failure of the first one reaches the last.
  auto broken = tutti::delayed([]() -> int { throw std::runtime_error("at the bottom"); })();
  for (int i = 1; i < depth; ++i) broken = tutti::delayed(inc)(broken);
  expect_throws<tutti::TaskFailed>([&] { broken.compute(); }, "at the bottom");
}

void graphs_are_built_in_bulk(tutti::Client& client) {
  Graph graph;
  const Counter counter;
  std::vector<GraphNode<int>> row;
  for (int i = 0; i < 64; ++i) row.push_back(graph.add(inc, i));
  const GraphNode<int> unneeded = graph.add(counted, counter.path(), 1);
  std::vector<GraphNode<int>> level = row;
  while (level.size() > 1) {
    std::vector<GraphNode<int>> next;
    for (std::size_t i = 0; i < level.size(); i += 2)
      next.push_back(graph.add(add, level[i], level[i + 1]));
    level = std::move(next);
  }
  const auto all = graph.add({.name = "all at once"}, sum_of, row);
  const auto [tree, at_once, first] = graph.compute(level[0], all, std::vector{row[0], row[1]});
  expect(tree == 2080 && at_once == 2080 && first == std::vector{1, 2});
  expect_equal(graph.size(), 64u + 1 + 63 + 1);
  const auto plain = graph.add(
      [](std::array<int, 2> two, std::tuple<int, int> more) {
        return two[0] + two[1] * 10 + std::get<1>(more) * 100;
      },
      std::array{row[0], row[1]}, std::tuple{5, row[2]});
  expect_equal(std::get<0>(graph.compute(plain)), 321);
  expect_equal(counter.count(), 0u);
  const Future<int> future = graph.submit(unneeded);
  expect_equal(future.result(), 1);
  const auto [a, b] = graph.submit(all, row);
  expect_equal(a.result() + b[63].result(), 2144);
  // Futures feed a graph, and graphs move.
  Graph moved = std::move(graph);
  const auto more = moved.add(add, all, client.submit(inc, 1));
  expect_equal(std::get<0>(moved.compute(more)), 2082);
  Graph other;
  expect_throws<tutti::Error>([&] { (void)other.add(inc, more); },
                              "a node of one Graph was used with another");
  expect_throws<tutti::Error>([&] { (void)other.compute(more); },
                              "a node of one Graph was used with another");
  expect_throws<tutti::Error>([&] { (void)other.add(inc, GraphNode<int>()); },
                              "an empty node of a Graph was used");
  const auto fails = other.add([](int) -> int { throw std::runtime_error("in a graph"); }, 1);
  expect_throws<tutti::TaskFailed>([&] { (void)other.compute(other.add(inc, fails)); },
                                   "in a graph");
}

void many_nodes_are_many(tutti::Client&) {
  const int count = many(100'000);
  Graph graph;
  std::vector<GraphNode<int>> sums;
  GraphNode<int> last = graph.add(inc, 0);
  for (int i = 0; i < count; ++i) {
    const auto each = graph.add(inc, i);
    sums.push_back(each);
    last = graph.add(add, last, each);
  }
  const auto [sum, all] = graph.compute(last, graph.add(sum_of, sums));
  expect(sum == all + 1);
}

void drawings_are_files(tutti::Client&) {
  const Gate gate;
  const auto a = tutti::delayed({.name = "the \"first\" \\ one"}, inc)(1);
  const auto b = tutti::delayed(add)(a, a);
  b.visualize(gate.path());
  std::stringstream text;
  text << std::ifstream(gate.path()).rdbuf();
  expect_equal(text.str(), b.to_dot());
  tutti::visualize(gate.path(), a, b);
  expect_equal(tutti::to_dot(a, b), b.to_dot());
  expect(b.to_dot().find("[label=\"the \\\"first\\\" \\\\ one\"]") != std::string::npos);
  expect((b.persist() + 1).to_dot().find("shape=box") != std::string::npos);
  expect_throws<tutti::Error>(
      [&] { b.visualize("/no/such/folder/g.dot"); },
      "the file /no/such/folder/g.dot could not be written: No such file or directory");
}

/// A task that ends only after compute() has thrown: if compute() waited for all, nothing would
/// end.
void the_first_failure_ends_the_wait(tutti::Client& client) {
  if (client.ranks() == 1) return;  // the waiting task may take the only thread
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() /
      ("tutti_delayed_" + std::to_string(::getpid()) + "_" + std::to_string(client.ranks()));
  const auto patient = tutti::delayed([](const std::filesystem::path& path) {
    while (!std::filesystem::exists(path)) std::this_thread::yield();
    return 1;
  })(file);
  const auto failing = tutti::delayed([]() -> int { throw std::runtime_error("early"); })();
  expect_throws<tutti::TaskFailed>([&] { (void)tutti::compute(patient, failing); }, "early");
  std::ofstream(file) << "go on";
  expect_equal(patient.compute(), 1);
  std::filesystem::remove(file);
}

}  // namespace

int main(int argc, char** argv) {
  // Calls may be put together before the run.
  const auto early = tutti::delayed(add)(tutti::delayed(inc)(1), 5);
  expect_throws<tutti::Error>([&] { early.compute(); }, "compute() was called outside of a run");
  return tutti::run(argc, argv, [&](tutti::Client& client) {
    expect_ranks(client);
    expect_equal(early.compute(), 7);
    calls_are_composed(client);
    shared_parts_are_computed_once(client);
    outputs_have_any_shape(client);
    operators_are_calls(client);
    failures_tell_where_they_began(client);
    the_first_failure_ends_the_wait(client);
    chains_are_deeper_than_the_stack(client);
    graphs_are_built_in_bulk(client);
    many_nodes_are_many(client);
    drawings_are_files(client);
    return exit_code();
  });
}

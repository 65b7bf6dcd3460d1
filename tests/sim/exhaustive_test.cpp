// Every order of submit, delivery, end, throw and release in small worlds.

#include "support/exhaustive.hpp"

#include "support/sanitizers.hpp"
#include "support/small_world.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::testing {
namespace {

/// All graphs of `tasks` tasks where a task needs only earlier ones: one for each set of edges.
std::vector<std::vector<SmallWork>> all_graphs(std::size_t tasks) {
  std::vector<std::vector<SmallWork>> graphs;
  const std::size_t edges = tasks * (tasks - 1) / 2;
  for (std::size_t set = 0; set < std::size_t{1} << edges; ++set) {
    std::vector<SmallWork> works(tasks);
    std::size_t bit = 0;
    for (std::size_t later = 1; later < tasks; ++later) {
      for (std::size_t earlier = 0; earlier < later; ++earlier, ++bit) {
        if ((set >> bit & 1) != 0) works[later].needs.push_back(earlier);
      }
    }
    graphs.push_back(std::move(works));
  }
  return graphs;
}

/// Where releases happen at any moment there are many more orders, and a part of the graphs does.
void walk_graphs(const SmallOptions& options) {
  std::size_t states = 0;
  const auto graphs = all_graphs(4);
  for (std::size_t graph = 0; graph < graphs.size();
       graph += graph_stride * (options.release_early ? 3u : 1u))
    states += walk_all(graphs[graph], options).states;
  MESSAGE(states << " states");
  CHECK(states > 1000 / graph_stride);
}

TEST_CASE("every graph of 4 tasks ends in every order: one worker, one slot, a throw") {
  walk_graphs({.workers = 1, .slots = 1});
}

TEST_CASE("every graph of 4 tasks ends in every order: one worker, two slots, a throw") {
  walk_graphs({.workers = 1, .slots = 2});
}

TEST_CASE("every graph of 4 tasks ends in every order: two workers, one slot, a throw") {
  walk_graphs({.workers = 2, .slots = 1});
}

TEST_CASE("every graph of 4 tasks ends in every order: two workers, two slots, two throws") {
  walk_graphs({.workers = 2, .slots = 2, .throws = 2});
}

TEST_CASE("futures of every third graph may be released at any moment: one worker, two slots") {
  walk_graphs({.workers = 1, .slots = 2, .release_early = true});
}

TEST_CASE("futures of every third graph may be released at any moment: two workers, one slot") {
  walk_graphs({.workers = 2, .slots = 1, .throws = 0, .release_early = true});
}

TEST_CASE("credit in time lets whole graphs go ahead of readiness") {
  walk_graphs({.workers = 2, .slots = 1, .throws = 2, .credit_ns = 100'000'000});
}

TEST_CASE("credit in time, and futures of every third graph may be released at any moment") {
  walk_graphs({.workers = 1, .slots = 1, .release_early = true, .credit_ns = 100'000'000});
}

TEST_CASE("large results are copied, and the copies are let go") {
  walk_graphs({.workers = 2, .slots = 1, .throws = 1, .result_bytes = 10'000});
}

/// A task or map whose result is copied or moved at any moment after its end.
SmallEvents walk_copies(const std::vector<std::vector<SmallWork>>& worlds,
                        const SmallOptions& options) {
  SmallWalk sum;
  for (const auto& works : worlds) {
    const SmallWalk walk = walk_all(works, options);
    sum.states += walk.states;
    sum.events += walk.events;
  }
  MESSAGE(sum.states << " states, " << sum.events.copied << " copies");
  CHECK(sum.states > 1000);
  CHECK(sum.events.copied > 0);
  return sum.events;
}

TEST_CASE("a value is copied and moved at any moment, while tasks need it and after") {
  const SmallWork source{};
  const SmallWork use{.needs = {0}};
  const SmallWork uses_both{.needs = {0, 1}};
  const std::vector<std::vector<SmallWork>> worlds{{source, use}, {source, use, uses_both}};
  walk_copies(worlds, {.workers = 2, .throws = 1, .copies = 2});
  walk_copies(worlds, {.workers = 3, .throws = 0, .copies = 1});
  walk_copies(worlds, {.workers = 2, .throws = 0, .release_early = true, .copies = 2});
  walk_copies(
      worlds,
      {.workers = 2, .throws = 1, .release_early = true, .result_bytes = 10'000, .copies = 1});
}

TEST_CASE("stretches of a map are copied and moved at any moment") {
  const SmallWork map{.needs = {}, .elements = 2, .sources = {}};
  const std::vector<std::vector<SmallWork>> worlds{
      {map},
      {map, {.needs = {}, .elements = 2, .sources = {0}}},
      {map, {.slices = {{0, 0, 2}}}},
  };
  CHECK(walk_copies(worlds, {.workers = 2, .throws = 0, .copies = 1}).dropped > 0);
  walk_copies(worlds, {.workers = 2, .throws = 1, .copies = 1});
  walk_copies(worlds, {.workers = 2, .throws = 0, .release_early = true, .copies = 1});
}

void walk_maps(const SmallOptions& options) {
  const SmallWork task{};
  const SmallWork map{.needs = {}, .elements = 3, .sources = {}};
  const std::vector<std::vector<SmallWork>> worlds{
      {map},
      // A map over a map, and a task that needs an element of it.
      {map, {.needs = {}, .elements = 3, .sources = {0}}},
      {map,
       {.needs = {}, .elements = 3, .sources = {0}},
       {.needs = {1}, .elements = {}, .sources = {}}},
      // A constant that is computed, also by the source of the same map.
      {task, {.needs = {0}, .elements = 3, .sources = {}}},
      {map, {.needs = {0}, .elements = 3, .sources = {0}}},
      // Two sources, one of them late; the same source twice.
      {map, map, {.needs = {}, .elements = 3, .sources = {0, 1}}},
      {map, {.needs = {}, .elements = 3, .sources = {0, 0}}},
      // Nothing to do, at once and after a constant.
      {task,
       {.needs = {0}, .elements = 0, .sources = {}},
       {.needs = {}, .elements = 0, .sources = {1}}},
      // A task that needs an element and a task, and one that needs two elements.
      {map, task, {.needs = {0, 1}, .elements = {}, .sources = {}}},
      {map, map, {.needs = {0, 1, 0}, .elements = {}, .sources = {}}},
  };
  std::size_t states = 0;
  for (const auto& works : worlds) states += walk_all(works, options).states;
  MESSAGE(states << " states");
  CHECK(states > 1000 / graph_stride);
}

TEST_CASE("maps of 3 elements end in every order: one worker, two slots") {
  walk_maps({.workers = 1, .slots = 2, .throws = 1});
}

TEST_CASE("maps of 3 elements end in every order: two workers") {
  walk_maps({.workers = 2, .slots = 1, .throws = 1});
}

TEST_CASE("maps of 3 elements may be released at any moment: one worker, a throw") {
  walk_maps({.workers = 1, .slots = 1, .throws = 1, .release_early = true});
}

TEST_CASE("maps of 3 elements may be released at any moment: two workers") {
  walk_maps({.workers = 2, .slots = 1, .throws = 0, .release_early = true});
}

}  // namespace
}  // namespace tutti::testing

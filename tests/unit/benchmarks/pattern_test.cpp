#include "taskbench/pattern.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace taskbench;

namespace {

using PointList = std::vector<std::int64_t>;

PointList inputs(const Graph& graph, std::int64_t step, std::int64_t point) {
  PointList points;
  dependencies(graph, {step, point}, points);
  return points;
}

PointList present(const Graph& graph, std::int64_t step) {
  const Points points = points_of(graph, step);
  PointList list;
  for (std::int64_t index = 0; index < points.count; ++index) list.push_back(points[index]);
  return list;
}

/// Calls `look` with graphs of all patterns, of many sizes and radixes.
template <class Look>
void for_graphs(Look look) {
  for (const PatternName& each : pattern_names) {
    for (const std::int64_t width : {1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17}) {
      for (const std::int64_t steps : {1, 2, 3, 6, 12, 25, 40}) {
        for (const std::int64_t radix : {0, 1, 2, 3, 4, 5, 9, 30}) {
          const Graph graph{each.pattern, width, steps, radix, 0.4};
          CAPTURE(std::string(each.name));
          CAPTURE(width);
          CAPTURE(steps);
          CAPTURE(radix);
          look(graph);
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("whoever takes an output is among its dependents, and the other way round") {
  for_graphs([](const Graph& graph) {
    std::set<std::pair<std::int64_t, std::int64_t>> forward, backward;
    PointList points;
    for (std::int64_t step = 0; step < graph.steps; ++step) {
      forward.clear();
      backward.clear();
      for (const std::int64_t point : present(graph, step)) {
        dependents(graph, {step, point}, points);
        CHECK(std::is_sorted(points.begin(), points.end()));
        for (const std::int64_t consumer : points) CHECK(forward.insert({point, consumer}).second);
      }
      if (step + 1 < graph.steps) {
        for (const std::int64_t point : present(graph, step + 1)) {
          dependencies(graph, {step + 1, point}, points);
          CHECK(std::is_sorted(points.begin(), points.end()));
          for (const std::int64_t producer : points)
            CHECK(backward.insert({producer, point}).second);
        }
      }
      CHECK(forward == backward);
    }
  });
}

TEST_CASE("inputs and tasks are in the graph, the first step has no inputs") {
  for_graphs([](const Graph& graph) {
    std::int64_t count = 0;
    for (std::int64_t step = 0; step < graph.steps; ++step) {
      const PointList points = present(graph, step);
      CHECK(!points.empty());
      for (const std::int64_t point : points) {
        CHECK(point >= 0);
        CHECK(point < graph.width);
        CHECK(points_of(graph, step).contains(point));
        ++count;
        for (const std::int64_t producer : inputs(graph, step, point))
          CHECK(points_of(graph, step - 1).contains(producer));
      }
    }
    CHECK(task_count(graph) == count);
    for (const std::int64_t point : present(graph, 0)) CHECK(inputs(graph, 0, point).empty());
    CHECK(points_of(graph, -1).count == 0);
    CHECK(points_of(graph, graph.steps).count == 0);
  });
}

TEST_CASE("stencils take the neighbours, at the ends or around the ring") {
  const Graph line{.pattern = Pattern::stencil_1d, .width = 5, .steps = 3};
  CHECK(inputs(line, 1, 0) == PointList{0, 1});
  CHECK(inputs(line, 1, 2) == PointList{1, 2, 3});
  CHECK(inputs(line, 2, 4) == PointList{3, 4});
  const Graph ring{.pattern = Pattern::stencil_1d_periodic, .width = 5, .steps = 3};
  CHECK(inputs(ring, 1, 0) == PointList{0, 1, 4});
  CHECK(inputs(ring, 1, 4) == PointList{0, 3, 4});
  const Graph pair{.pattern = Pattern::stencil_1d_periodic, .width = 2, .steps = 3};
  CHECK(inputs(pair, 1, 0) == PointList{0, 1});
}

TEST_CASE("trivial takes nothing, no_comm the same point, all_to_all everything") {
  const Graph trivial{.pattern = Pattern::trivial, .width = 4, .steps = 3};
  CHECK(inputs(trivial, 1, 2).empty());
  const Graph columns{.pattern = Pattern::no_comm, .width = 4, .steps = 3};
  CHECK(inputs(columns, 2, 3) == PointList{3});
  const Graph all{.pattern = Pattern::all_to_all, .width = 4, .steps = 3};
  CHECK(inputs(all, 1, 1) == PointList{0, 1, 2, 3});
}

TEST_CASE("the distances of fft double from step to step and begin again") {
  const Graph graph{.pattern = Pattern::fft, .width = 8, .steps = 10};
  CHECK(inputs(graph, 1, 3) == PointList{2, 3, 4});
  CHECK(inputs(graph, 2, 3) == PointList{1, 3, 5});
  CHECK(inputs(graph, 3, 3) == PointList{3, 7});
  CHECK(inputs(graph, 4, 3) == PointList{2, 3, 4});
  const Graph odd{.pattern = Pattern::fft, .width = 5, .steps = 10};
  CHECK(inputs(odd, 3, 0) == PointList{0, 4});
  CHECK(inputs(odd, 3, 2) == PointList{2});
}

TEST_CASE("after log2(width) steps of fft every output depends on every point") {
  const Graph graph{.pattern = Pattern::fft, .width = 16, .steps = 5};
  for (std::int64_t point = 0; point < 16; ++point) {
    std::set<std::int64_t> from{point};
    for (std::int64_t step = 4; step > 0; --step) {
      std::set<std::int64_t> before;
      for (const std::int64_t each : from) {
        const PointList points = inputs(graph, step, each);
        before.insert(points.begin(), points.end());
      }
      from = before;
    }
    CHECK(from.size() == 16);
  }
}

TEST_CASE("a tree goes from one point to all of them, and together again") {
  const Graph graph{.pattern = Pattern::tree, .width = 8, .steps = 9};
  CHECK(present(graph, 0) == PointList{0});
  CHECK(present(graph, 1) == PointList{0, 4});
  CHECK(present(graph, 2) == PointList{0, 2, 4, 6});
  CHECK(present(graph, 3).size() == 8);
  CHECK(present(graph, 4) == PointList{0, 2, 4, 6});
  CHECK(present(graph, 6) == PointList{0});
  CHECK(present(graph, 7) == PointList{0, 4});
  CHECK(inputs(graph, 1, 4) == PointList{0});
  CHECK(inputs(graph, 3, 7) == PointList{6});
  CHECK(inputs(graph, 4, 6) == PointList{6, 7});
  CHECK(inputs(graph, 6, 0) == PointList{0, 4});
  CHECK(inputs(graph, 7, 4) == PointList{0});
  const Graph odd{.pattern = Pattern::tree, .width = 5, .steps = 9};
  CHECK(present(odd, 3).size() == 5);
  CHECK(inputs(odd, 4, 4) == PointList{4});
  CHECK(inputs(odd, 6, 0) == PointList{0, 4});
}

TEST_CASE("dom is a wave that reaches one more point in each step, and leaves them in that order") {
  const Graph graph{.pattern = Pattern::dom, .width = 5, .steps = 9};
  CHECK(present(graph, 0) == PointList{0});
  CHECK(present(graph, 2) == PointList{0, 1, 2});
  CHECK(present(graph, 4) == PointList{0, 1, 2, 3, 4});
  CHECK(present(graph, 6) == PointList{2, 3, 4});
  CHECK(present(graph, 8) == PointList{4});
  CHECK(inputs(graph, 2, 2) == PointList{1});
  CHECK(inputs(graph, 4, 2) == PointList{1, 2});
  CHECK(inputs(graph, 5, 1) == PointList{0, 1});
}

TEST_CASE("nearest takes as many points as its radix says, those at hand") {
  Graph graph{.pattern = Pattern::nearest, .width = 9, .steps = 3, .radix = 5};
  CHECK(inputs(graph, 1, 4) == PointList{2, 3, 4, 5, 6});
  CHECK(inputs(graph, 1, 0) == PointList{0, 1, 2});
  graph.radix = 4;
  CHECK(inputs(graph, 1, 4) == PointList{2, 3, 4, 5});
  graph.radix = 1;
  CHECK(inputs(graph, 1, 4) == PointList{4});
  graph.radix = 0;
  CHECK(inputs(graph, 1, 4).empty());
}

TEST_CASE("spread takes the same point and others in sectors of the ring, different in each step") {
  const Graph graph{.pattern = Pattern::spread, .width = 12, .steps = 10, .radix = 3};
  CHECK(inputs(graph, 1, 0) == PointList{0, 4, 8});
  CHECK(inputs(graph, 2, 0) == PointList{0, 5, 9});
  CHECK(inputs(graph, 5, 0) == PointList{0, 4, 8});
  for_graphs([](const Graph& each) {
    if (each.pattern != Pattern::spread) return;
    for (std::int64_t step = 1; step < each.steps; ++step)
      CHECK(static_cast<std::int64_t>(inputs(each, step, 0).size()) ==
            std::min(each.radix, each.width));
  });
}

TEST_CASE("random_nearest draws its share of the nearest points, its own always") {
  Graph graph{
      .pattern = Pattern::random_nearest, .width = 100, .steps = 50, .radix = 9, .fraction = 0.5};
  Graph nearest = graph;
  nearest.pattern = Pattern::nearest;
  std::size_t drawn = 0, possible = 0;
  bool steps_differ = false;
  for (std::int64_t step = 1; step < graph.steps; ++step) {
    for (std::int64_t point = 0; point < graph.width; ++point) {
      const PointList some = inputs(graph, step, point);
      const PointList all = inputs(nearest, step, point);
      CHECK(std::includes(all.begin(), all.end(), some.begin(), some.end()));
      CHECK(std::binary_search(some.begin(), some.end(), point));
      drawn += some.size() - 1;
      possible += all.size() - 1;
      steps_differ = steps_differ || (step > 1 && some != inputs(graph, step - 1, point));
    }
  }
  CHECK(steps_differ);
  const double share = static_cast<double>(drawn) / static_cast<double>(possible);
  CHECK(share > 0.48);
  CHECK(share < 0.52);
  graph.fraction = 1;
  CHECK(inputs(graph, 1, 50) == inputs(nearest, 1, 50));
  graph.fraction = 0;
  CHECK(inputs(graph, 1, 50) == PointList{50});
}

#include "taskbench/pattern.hpp"

#include "taskbench/random.hpp"

#include <algorithm>
#include <bit>

namespace taskbench {
namespace {

using PointList = std::vector<std::int64_t>;

/// The steps that a binary tree needs from one point to all, or an FFT from neighbours to halves.
std::int64_t levels_of(const Graph& graph) {
  return static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(graph.width - 1)));
}

std::int64_t fft_distance(const Graph& graph, std::int64_t step) {
  return std::int64_t{1} << ((step - 1) % std::max<std::int64_t>(levels_of(graph), 1));
}

/// A step of the tree: every stride-th point works; outputs go out to twice as many points, or come
/// together in half as many.
struct TreeStep {
  std::int64_t stride = 1;
  bool spreads = false;
};

/// For L levels the steps 1 to L spread, the steps L + 1 to 2 L come together, and so on.
TreeStep tree_step(const Graph& graph, std::int64_t step) {
  const std::int64_t levels = levels_of(graph);
  if (levels == 0) return {};
  const std::int64_t phase = step % (2 * levels);
  const std::int64_t height = phase <= levels ? levels - phase : phase - levels;
  return {std::int64_t{1} << height, phase >= 1 && phase <= levels};
}

/// How much further right than the task its inputs lie, for `spread`: sectors of the ring, in which
/// the steps walk.
std::int64_t spread_distance(const Graph& graph, std::int64_t step, std::int64_t index,
                             std::int64_t radix) {
  if (index == 0) return 0;
  const std::int64_t shift = (step - 1) % (graph.width / radix);
  return index * graph.width / radix + shift;
}

bool draws(const Graph& graph, Task consumer, std::int64_t producer) {
  return producer == consumer.point ||
         uniform({consumer.step, consumer.point, producer}) < graph.fraction;
}

/// The `count` points from `first` on, without those that are not there.
void add_run(const Graph& graph, PointList& points, std::int64_t first, std::int64_t count) {
  const std::int64_t end = std::min(graph.width, first + count);
  for (std::int64_t point = std::max<std::int64_t>(first, 0); point < end; ++point)
    points.push_back(point);
}

std::int64_t on_ring(const Graph& graph, std::int64_t point) {
  return ((point % graph.width) + graph.width) % graph.width;
}

/// Leaves those that are in `step`, sorted, each once.
void settle(const Graph& graph, std::int64_t step, PointList& points) {
  const Points present = points_of(graph, step);
  std::erase_if(points, [&](std::int64_t point) { return !present.contains(point); });
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
}

}  // namespace

std::string_view name_of(Pattern pattern) {
  return std::find_if(pattern_names.begin(), pattern_names.end(),
                      [&](const PatternName& each) { return each.pattern == pattern; })
      ->name;
}

Points points_of(const Graph& graph, std::int64_t step) {
  if (step < 0 || step >= graph.steps) return {};
  if (graph.pattern == Pattern::tree) {
    const std::int64_t stride = tree_step(graph, step).stride;
    return {0, (graph.width - 1) / stride + 1, stride};
  }
  if (graph.pattern == Pattern::dom) {
    // The wave reaches point i in step i and has passed when the others need the rest of the steps.
    const std::int64_t first = step - std::max<std::int64_t>(graph.steps - graph.width, 0);
    const std::int64_t begin = std::max<std::int64_t>(first, 0);
    return {begin, std::max<std::int64_t>(std::min(graph.width - 1, step) - begin + 1, 0), 1};
  }
  return {0, graph.width, 1};
}

std::int64_t task_count(const Graph& graph) {
  std::int64_t count = 0;
  for (std::int64_t step = 0; step < graph.steps; ++step) count += points_of(graph, step).count;
  return count;
}

void dependencies(const Graph& graph, Task task, PointList& points) {
  points.clear();
  if (task.step == 0) return;
  const auto [step, point] = task;
  switch (graph.pattern) {
    case Pattern::trivial:
      break;
    case Pattern::no_comm:
      points = {point};
      break;
    case Pattern::stencil_1d:
      add_run(graph, points, point - 1, 3);
      break;
    case Pattern::stencil_1d_periodic:
      for (std::int64_t distance = -1; distance <= 1; ++distance)
        points.push_back(on_ring(graph, point + distance));
      break;
    case Pattern::fft: {
      const std::int64_t distance = fft_distance(graph, step);
      points = {point - distance, point, point + distance};
      break;
    }
    case Pattern::tree: {
      const auto [stride, spreads] = tree_step(graph, step);
      if (spreads) {
        points = {point - point % (2 * stride)};
      } else {
        points = {point, point + stride / 2};
      }
      break;
    }
    case Pattern::dom:
      points = {point - 1, point};
      break;
    case Pattern::nearest:
      add_run(graph, points, point - graph.radix / 2, graph.radix);
      break;
    case Pattern::spread: {
      const std::int64_t radix = std::min(graph.radix, graph.width);
      for (std::int64_t index = 0; index < radix; ++index)
        points.push_back(on_ring(graph, point + spread_distance(graph, step, index, radix)));
      break;
    }
    case Pattern::random_nearest:
      add_run(graph, points, point - graph.radix / 2, graph.radix);
      std::erase_if(points, [&](std::int64_t producer) { return !draws(graph, task, producer); });
      break;
    case Pattern::all_to_all:
      add_run(graph, points, 0, graph.width);
      break;
  }
  settle(graph, step - 1, points);
}

void dependents(const Graph& graph, Task task, PointList& points) {
  points.clear();
  const auto [step, point] = Task{task.step + 1, task.point};
  switch (graph.pattern) {
    case Pattern::trivial:
      break;
    case Pattern::no_comm:
    case Pattern::stencil_1d:
    case Pattern::stencil_1d_periodic:
    case Pattern::fft:
    case Pattern::all_to_all:
      // Who takes from whom is mutual.
      if (step < graph.steps) dependencies(graph, {step, point}, points);
      return;
    case Pattern::tree: {
      const auto [stride, spreads] = tree_step(graph, step);
      if (spreads) {
        points = {point, point + stride};
      } else {
        points = {point - point % stride};
      }
      break;
    }
    case Pattern::dom:
      points = {point, point + 1};
      break;
    case Pattern::nearest:
      add_run(graph, points, point + graph.radix / 2 - graph.radix + 1, graph.radix);
      break;
    case Pattern::spread: {
      const std::int64_t radix = std::min(graph.radix, graph.width);
      for (std::int64_t index = 0; index < radix; ++index)
        points.push_back(on_ring(graph, point - spread_distance(graph, step, index, radix)));
      break;
    }
    case Pattern::random_nearest:
      add_run(graph, points, point + graph.radix / 2 - graph.radix + 1, graph.radix);
      std::erase_if(points, [&, next = step, producer = point](std::int64_t consumer) {
        return !draws(graph, {next, consumer}, producer);
      });
      break;
  }
  settle(graph, step, points);
}

}  // namespace taskbench

#pragma once

/// The graphs of Task Bench (Slaughter et al., SC'20): a grid of steps and points, where a task
/// takes the outputs of some points of the step before. Nothing is stored: which tasks there are
/// and what they need is computed from step and point, by whoever asks.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace taskbench {

enum class Pattern {
  trivial,              ///< nothing
  no_comm,              ///< the same point
  stencil_1d,           ///< the same point and its two neighbours
  stencil_1d_periodic,  ///< the same, on a ring
  fft,                  ///< the same point and those at distance 1, 2, 4, ..., step after step
  tree,                 ///< from point 0 to all points and back again, in steps of a binary tree
  dom,                  ///< a wave front: the same point and the one before
  nearest,              ///< the `radix` nearest points
  spread,               ///< `radix` points as far from each other as can be, others in each step
  random_nearest,       ///< of the `radix` nearest points each with probability `fraction`
  all_to_all,           ///< all points
};

struct PatternName {
  std::string_view name;
  Pattern pattern;
};
inline constexpr std::array<PatternName, 11> pattern_names{{
    {"trivial", Pattern::trivial},
    {"no_comm", Pattern::no_comm},
    {"stencil_1d", Pattern::stencil_1d},
    {"stencil_1d_periodic", Pattern::stencil_1d_periodic},
    {"fft", Pattern::fft},
    {"tree", Pattern::tree},
    {"dom", Pattern::dom},
    {"nearest", Pattern::nearest},
    {"spread", Pattern::spread},
    {"random_nearest", Pattern::random_nearest},
    {"all_to_all", Pattern::all_to_all},
}};
std::string_view name_of(Pattern pattern);

struct Graph {
  Pattern pattern = Pattern::stencil_1d;
  std::int64_t width = 1;  ///< points of a step at most
  std::int64_t steps = 1;
  std::int64_t radix = 3;  ///< of nearest, spread and random_nearest
  double fraction = 0.5;   ///< of random_nearest
};

struct Task {
  std::int64_t step = 0;
  std::int64_t point = 0;
  bool operator==(const Task&) const = default;
};

/// The points of a step: first, first + stride, ..., `count` of them.
struct Points {
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t stride = 1;

  std::int64_t operator[](std::int64_t index) const { return first + index * stride; }
  bool contains(std::int64_t point) const {
    return point >= first && (point - first) % stride == 0 && (point - first) / stride < count;
  }
};

/// No points for steps outside of the graph.
Points points_of(const Graph& graph, std::int64_t step);
std::int64_t task_count(const Graph& graph);

/// Writes to `points` the points of the step before whose outputs `task` takes, in ascending order;
/// none for step 0. `task` must be in the graph.
void dependencies(const Graph& graph, Task task, std::vector<std::int64_t>& points);
/// Writes to `points` the points of the next step that take the output of `task`, in ascending
/// order.
void dependents(const Graph& graph, Task task, std::vector<std::int64_t>& points);

}  // namespace taskbench

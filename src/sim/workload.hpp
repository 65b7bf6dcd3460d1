#pragma once

/// Workloads: what a simulated client submits.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tutti::sim {

/// The result of an earlier item, or elements [element, element + count) of it when the item is a
/// map. With a count of 0 it is mere order, of an element or of scheduler::all_elements.
struct ItemInput {
  std::size_t item = 0;
  std::uint64_t element = 0;
  std::uint64_t count = 1;
};

/// A task, or a map when it has elements.
struct WorkItem {
  std::vector<ItemInput> inputs;
  std::vector<std::size_t> sources;  ///< earlier maps that feed this one
  std::optional<std::uint64_t> elements;
  std::uint64_t duration_ns = 10'000;  ///< of the task, or of an element
  /// The last element takes so many times longer than the first.
  double skew = 1.0;
  /// Durations of elements are log-normal with this sigma and `duration_ns` as their mean, drawn
  /// from seed and index; 0: all the same.
  double sigma = 0;
  std::uint64_t seed = 0;
  std::uint64_t result_bytes = 8;
  std::int16_t priority = 0;
  std::uint32_t function = 0;
  std::uint32_t gang = 0;    ///< so many workers run it together, or all when there are fewer
  std::uint8_t retries = 0;  ///< of a task or gang
};

using Workload = std::vector<WorkItem>;

Workload independent_tasks(std::size_t tasks, std::uint64_t duration_ns);
Workload chain(std::size_t length, std::uint64_t duration_ns);
/// One task, `width` that need it, and one that needs all of them.
Workload fan(std::size_t width, std::uint64_t duration_ns);
/// A binary reduction of `leaves` tasks.
Workload tree(std::size_t leaves, std::uint64_t duration_ns);
/// `steps` rows of `width` tasks, each of which needs three of the row before.
Workload stencil(std::size_t width, std::size_t steps, std::uint64_t duration_ns);
/// Each task needs up to `inputs_max` random earlier ones; durations, sizes and priorities vary.
Workload random_graph(std::size_t tasks, std::size_t inputs_max, std::uint64_t seed);
/// A map whose last element takes `skew` times longer than its first.
Workload map(std::uint64_t elements, std::uint64_t duration_ns, double skew);
/// A map over a map over ..., and a task that needs the last element.
Workload map_of_map(std::uint64_t elements, std::size_t depth, std::uint64_t duration_ns);
/// A map, and tasks that reduce it: each takes up to `fan_in` elements, or results of such tasks,
/// until one is left.
Workload map_reduce(std::uint64_t elements, std::size_t fan_in, std::uint64_t duration_ns);
/// Tasks and maps that need each other at random.
Workload mixture(std::size_t items, std::uint64_t seed);

/// A random graph, of which every third task or so is a gang.
Workload gangs_and_tasks(std::size_t tasks, std::size_t inputs_max, std::uint64_t seed);

/// Makes the durations of tasks and elements log-normal, with the mean that they have. They follow
/// from the seed and the place in the workload, whatever the order in which things run.
void draw_durations(Workload& work, double sigma, std::uint64_t seed);
/// What an element of a map takes.
std::uint64_t element_duration_ns(const WorkItem& item, std::uint64_t element);
/// What elements [begin, begin + count) take together.
std::uint64_t stretch_duration_ns(const WorkItem& item, std::uint64_t begin, std::uint64_t count);
/// Tasks, and elements of maps.
std::uint64_t count_tasks(const Workload& work);

}  // namespace tutti::sim

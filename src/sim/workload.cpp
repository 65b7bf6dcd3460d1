#include "sim/workload.hpp"

#include "sim/log_normal.hpp"
#include "sim/random.hpp"
#include "tutti/check.hpp"

#include <algorithm>
#include <utility>

namespace tutti::sim {
namespace {

WorkItem task(std::vector<ItemInput> inputs, std::uint64_t duration_ns) {
  WorkItem item;
  item.inputs = std::move(inputs);
  item.duration_ns = duration_ns;
  return item;
}

WorkItem map_item(std::uint64_t elements, std::uint64_t duration_ns, std::uint32_t function) {
  WorkItem item;
  item.elements = elements;
  item.duration_ns = duration_ns;
  item.function = function;
  return item;
}

}  // namespace

Workload independent_tasks(std::size_t tasks, std::uint64_t duration_ns) {
  return Workload(tasks, task({}, duration_ns));
}

Workload chain(std::size_t length, std::uint64_t duration_ns) {
  Workload work;
  for (std::size_t index = 0; index < length; ++index) {
    work.push_back(task({}, duration_ns));
    if (index != 0) work.back().inputs.push_back({index - 1, 0});
  }
  return work;
}

Workload fan(std::size_t width, std::uint64_t duration_ns) {
  Workload work{task({}, duration_ns)};
  WorkItem last = task({}, duration_ns);
  for (std::size_t index = 1; index <= width; ++index) {
    work.push_back(task({{0, 0}}, duration_ns));
    last.inputs.push_back({index, 0});
  }
  work.push_back(std::move(last));
  return work;
}

Workload tree(std::size_t leaves, std::uint64_t duration_ns) {
  Workload work(leaves, task({}, duration_ns));
  for (std::size_t left = 0; left + 1 < work.size(); left += 2) {
    work.push_back(task({{left, 0}, {left + 1, 0}}, duration_ns));
  }
  return work;
}

Workload stencil(std::size_t width, std::size_t steps, std::uint64_t duration_ns) {
  Workload work(width, task({}, duration_ns));
  for (std::size_t step = 1; step < steps; ++step) {
    const std::size_t before = (step - 1) * width;
    for (std::size_t place = 0; place < width; ++place) {
      WorkItem item = task({{before + place, 0}}, duration_ns);
      if (place > 0) item.inputs.push_back({before + place - 1, 0});
      if (place + 1 < width) item.inputs.push_back({before + place + 1, 0});
      work.push_back(std::move(item));
    }
  }
  return work;
}

Workload random_graph(std::size_t tasks, std::size_t inputs_max, std::uint64_t seed) {
  Random random(seed);
  Workload work;
  for (std::size_t index = 0; index < tasks; ++index) {
    WorkItem item = task({}, 1'000 + random.below(50'000));
    item.function = static_cast<std::uint32_t>(random.below(4));
    item.result_bytes = random.below(2) == 0 ? 8 : random.below(1'000'000);
    item.priority = static_cast<std::int16_t>(random.below(3));
    const std::uint64_t inputs = index == 0 ? 0 : random.below(inputs_max + 1);
    for (std::uint64_t input = 0; input < inputs; ++input) {
      // Mostly recent ones, so that the graph is deep as well as wide.
      const std::size_t reach = std::min<std::size_t>(index, random.below(4) == 0 ? index : 12);
      item.inputs.push_back({index - 1 - random.below(reach), 0});
    }
    work.push_back(std::move(item));
  }
  return work;
}

Workload map(std::uint64_t elements, std::uint64_t duration_ns, double skew) {
  Workload work{map_item(elements, duration_ns, 10)};
  work.front().skew = skew;
  return work;
}

Workload map_of_map(std::uint64_t elements, std::size_t depth, std::uint64_t duration_ns) {
  Workload work;
  for (std::size_t level = 0; level < depth; ++level) {
    work.push_back(map_item(elements, duration_ns, static_cast<std::uint32_t>(10 + level)));
    if (level != 0) work.back().sources.push_back(level - 1);
  }
  if (elements != 0) work.push_back(task({{depth - 1, elements - 1}}, duration_ns));
  return work;
}

Workload mixture(std::size_t items, std::uint64_t seed) {
  Random random(seed);
  constexpr std::uint64_t elements = 40;
  Workload work;
  std::vector<std::size_t> maps;
  for (std::size_t index = 0; index < items; ++index) {
    const bool is_map = random.below(4) == 0;
    WorkItem item = is_map ? map_item(elements, 1'000 + random.below(9'000),
                                      static_cast<std::uint32_t>(10 + index))
                           : task({}, 1'000 + random.below(20'000));
    for (std::uint64_t input = random.below(3); index != 0 && input > 0; --input) {
      const std::size_t other = random.below(index);
      item.inputs.push_back({other, work[other].elements ? random.below(elements) : 0});
    }
    for (std::uint64_t source = is_map && !maps.empty() ? random.below(3) : 0; source > 0;
         --source) {
      item.sources.push_back(maps[random.below(maps.size())]);
    }
    if (is_map) maps.push_back(index);
    work.push_back(std::move(item));
  }
  return work;
}

Workload gangs_and_tasks(std::size_t tasks, std::size_t inputs_max, std::uint64_t seed) {
  constexpr std::uint64_t members_max = 6;
  Workload work = random_graph(tasks, inputs_max, seed);
  Random random(mix(seed, 0x67616e67));
  for (WorkItem& item : work) {
    if (random.below(3) != 0) continue;
    item.gang = static_cast<std::uint32_t>(1 + random.below(members_max));
    item.retries = static_cast<std::uint8_t>(random.below(2));
    item.function += 4;
  }
  return work;
}

Workload map_reduce(std::uint64_t elements, std::size_t fan_in, std::uint64_t duration_ns) {
  check(fan_in >= 2, "a reduction takes at least two at a time");
  Workload work{map_item(elements, duration_ns, 10)};
  std::size_t first = 1;
  for (std::uint64_t begin = 0; begin < elements; begin += fan_in) {
    work.push_back(task({}, duration_ns));
    const std::uint64_t end = std::min<std::uint64_t>(elements, begin + fan_in);
    for (std::uint64_t element = begin; element < end; ++element)
      work.back().inputs.push_back({0, element});
  }
  while (work.size() - first > 1) {
    const std::size_t level_end = work.size();
    for (std::size_t begin = first; begin < level_end; begin += fan_in) {
      work.push_back(task({}, duration_ns));
      for (std::size_t item = begin; item < std::min(level_end, begin + fan_in); ++item)
        work.back().inputs.push_back({item, 0});
    }
    first = level_end;
  }
  return work;
}

void draw_durations(Workload& work, double sigma, std::uint64_t seed) {
  for (std::size_t number = 0; number < work.size(); ++number) {
    WorkItem& item = work[number];
    const std::uint64_t random = mix(mix(seed, 0x6475726174696f6e), number);
    if (item.elements) {
      item.sigma = sigma;
      item.seed = random;
    } else {
      const double duration_ns = static_cast<double>(item.duration_ns) * log_normal(random, sigma);
      item.duration_ns = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(duration_ns));
    }
  }
}

std::uint64_t element_duration_ns(const WorkItem& item, std::uint64_t element) {
  const double place = static_cast<double>(element) / static_cast<double>(*item.elements);
  double duration_ns = static_cast<double>(item.duration_ns) * (1.0 + (item.skew - 1.0) * place);
  if (item.sigma > 0) duration_ns *= log_normal(mix(item.seed, element), item.sigma);
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(duration_ns));
}

std::uint64_t stretch_duration_ns(const WorkItem& item, std::uint64_t begin, std::uint64_t count) {
  if (item.sigma <= 0 && item.skew == 1.0) return item.duration_ns * count;
  std::uint64_t sum_ns = 0;
  for (std::uint64_t element = begin; element < begin + count; ++element)
    sum_ns += element_duration_ns(item, element);
  return sum_ns;
}

std::uint64_t count_tasks(const Workload& work) {
  std::uint64_t count = 0;
  for (const WorkItem& item : work) count += item.elements.value_or(1);
  return count;
}

}  // namespace tutti::sim

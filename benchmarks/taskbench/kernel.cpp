#include "taskbench/kernel.hpp"

#include "taskbench/random.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace taskbench {
namespace {

constexpr std::size_t lanes = 64;

void compute(std::int64_t iterations) {
  std::array<double, lanes> values;
  std::iota(values.begin(), values.end(), 1.0);
  // The values go towards 1, and become neither infinite nor denormal.
  for (std::int64_t iteration = 0; iteration < iterations; ++iteration) {
    for (double& value : values) value = value * 0.999 + 0.001;
  }
  // Somebody has to want the result, or the compiler leaves it out.
  const volatile double kept = std::accumulate(values.begin(), values.end(), 0.0);
  (void)kept;
}

void walk(const Kernel& kernel, std::int64_t iterations) {
  thread_local std::vector<std::uint64_t> memory;
  thread_local std::size_t position = 0;
  const auto span = static_cast<std::size_t>(kernel.span_bytes) / sizeof(std::uint64_t);
  const std::size_t spans = std::max<std::size_t>(
      1, static_cast<std::size_t>(kernel.working_set_bytes) / sizeof(std::uint64_t) / span);
  if (memory.size() != spans * span) {
    memory.assign(spans * span, 1);
    position = 0;
  }
  for (std::int64_t iteration = 0; iteration < iterations; ++iteration) {
    std::uint64_t* const words = memory.data() + position * span;
    for (std::size_t index = 0; index < span; ++index) words[index] += 1;
    position = (position + 1) % spans;
  }
}

}  // namespace

std::string_view name_of(KernelKind kind) {
  return std::find_if(kernel_names.begin(), kernel_names.end(),
                      [&](const KernelName& each) { return each.kind == kind; })
      ->name;
}

std::int64_t iterations_of(const Kernel& kernel, Task task) {
  if (kernel.imbalance == 0) return kernel.iterations;
  // Another row of the draws than that of random_nearest, whose keys have three words.
  const double share = 1 + kernel.imbalance * (uniform({task.step, task.point}) - 0.5);
  return std::llround(share * static_cast<double>(kernel.iterations));
}

std::int64_t work_of_iteration(const Kernel& kernel) {
  switch (kernel.kind) {
    case KernelKind::empty:
      return 0;
    case KernelKind::compute:
      return 2 * static_cast<std::int64_t>(lanes);
    case KernelKind::memory:
      return 2 * kernel.span_bytes;
  }
  return 0;
}

void run_kernel(const Kernel& kernel, Task task) {
  switch (kernel.kind) {
    case KernelKind::empty:
      break;
    case KernelKind::compute:
      compute(iterations_of(kernel, task));
      break;
    case KernelKind::memory:
      walk(kernel, iterations_of(kernel, task));
      break;
  }
}

}  // namespace taskbench

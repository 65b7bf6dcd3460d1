#pragma once

/// What a task of Task Bench does: nothing, arithmetic, or a walk through memory.

#include "taskbench/pattern.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace taskbench {

enum class KernelKind {
  empty,
  compute,  ///< multiplies and adds in 64 numbers that stay in the cache
  memory,   ///< reads and writes a span of a working set, the next one in each iteration
};

struct KernelName {
  std::string_view name;
  KernelKind kind;
};
inline constexpr std::array<KernelName, 3> kernel_names{{
    {"empty", KernelKind::empty},
    {"compute", KernelKind::compute},
    {"memory", KernelKind::memory},
}};
std::string_view name_of(KernelKind kind);

struct Kernel {
  KernelKind kind = KernelKind::compute;
  std::int64_t iterations = 256;
  /// Tasks take between 1 - imbalance / 2 and 1 + imbalance / 2 of the iterations, evenly drawn
  /// from step and point; 0 to 2.
  double imbalance = 0;
  /// Of memory: what an iteration walks through, and what a thread walks through before it comes
  /// back. The second does not depend on the iterations, so that small tasks do not live in the
  /// cache.
  std::int64_t span_bytes = 4096;
  std::int64_t working_set_bytes = std::int64_t{64} << 20;
};

std::int64_t iterations_of(const Kernel& kernel, Task task);
/// Floating point operations of an iteration of compute, bytes read and written in one of memory, 0
/// for empty.
std::int64_t work_of_iteration(const Kernel& kernel);

/// Any thread may call it; the working set of memory belongs to the thread.
void run_kernel(const Kernel& kernel, Task task);

}  // namespace taskbench

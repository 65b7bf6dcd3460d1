#pragma once

/// A task of Task Bench: checks its inputs, works, names itself in its output.

#include "taskbench/kernel.hpp"
#include "taskbench/pattern.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace taskbench {

/// All that a task depends on; plain bytes.
struct Problem {
  Graph graph = {};
  Kernel kernel = {};
  std::int64_t output_bytes = output_bytes_min;  ///< for every dependency

  /// Step and point.
  static constexpr std::int64_t output_bytes_min = 16;
};

using Input = std::span<const std::byte>;

/// Throws std::runtime_error unless `inputs` are the outputs of the dependencies of `task`, all of
/// them, in ascending order of the points. Every byte of them is looked at.
void check_inputs(const Problem& problem, Task task, std::span<const Input> inputs);

/// Fills `output`, which has `output_bytes`, with step and point of `task`, again and again.
void write_output(Task task, std::span<std::byte> output);

/// Checks, works, writes.
void run_task(const Problem& problem, Task task, std::span<const Input> inputs,
              std::span<std::byte> output);

}  // namespace taskbench

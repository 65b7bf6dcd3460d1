#include "taskbench/task.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace taskbench {
namespace {

std::string text_of(Task task) {
  return "(step " + std::to_string(task.step) + ", point " + std::to_string(task.point) + ")";
}

[[noreturn]] void refuse(Task task, const std::string& what) {
  throw std::runtime_error("task " + text_of(task) + " of the benchmark " + what);
}

/// The name of a task as it stands in outputs.
struct Stamp {
  explicit Stamp(Task task) { std::memcpy(bytes, &task, sizeof bytes); }
  std::byte bytes[sizeof(Task)];
};
static_assert(sizeof(Stamp) == Problem::output_bytes_min);

void check_input(Task task, Task expected, std::size_t position, Input input) {
  const Stamp stamp(expected);
  for (std::size_t offset = 0; offset < input.size(); offset += sizeof stamp) {
    const std::size_t length = std::min(sizeof stamp, input.size() - offset);
    if (std::memcmp(input.data() + offset, stamp.bytes, length) == 0) continue;
    Task found;
    std::memcpy(&found, input.data() + offset, length);
    refuse(task, "has in input " + std::to_string(position) + " at byte " + std::to_string(offset) +
                     " the output of " + text_of(found) + " instead of that of " +
                     text_of(expected));
  }
}

}  // namespace

void check_inputs(const Problem& problem, Task task, std::span<const Input> inputs) {
  thread_local std::vector<std::int64_t> expected;
  if (!points_of(problem.graph, task.step).contains(task.point))
    refuse(task, "is not in the graph");
  dependencies(problem.graph, task, expected);
  if (inputs.size() != expected.size())
    refuse(task, "was given " + std::to_string(inputs.size()) + " inputs instead of " +
                     std::to_string(expected.size()));
  for (std::size_t position = 0; position < inputs.size(); ++position) {
    const Input input = inputs[position];
    if (input.size() != static_cast<std::size_t>(problem.output_bytes))
      refuse(task, "was given input " + std::to_string(position) + " with " +
                       std::to_string(input.size()) + " bytes instead of " +
                       std::to_string(problem.output_bytes));
    check_input(task, {task.step - 1, expected[position]}, position, input);
  }
}

void write_output(Task task, std::span<std::byte> output) {
  const Stamp stamp(task);
  for (std::size_t offset = 0; offset < output.size(); offset += sizeof stamp)
    std::memcpy(output.data() + offset, stamp.bytes,
                std::min(sizeof stamp, output.size() - offset));
}

void run_task(const Problem& problem, Task task, std::span<const Input> inputs,
              std::span<std::byte> output) {
  check_inputs(problem, task, inputs);
  run_kernel(problem.kernel, task);
  write_output(task, output);
}

}  // namespace taskbench

#include "taskbench/task.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

using namespace taskbench;

namespace {

using Output = std::vector<std::byte>;

Problem stencil(std::int64_t output_bytes) {
  Problem problem;
  problem.graph = {.pattern = Pattern::stencil_1d, .width = 5, .steps = 4};
  problem.kernel.iterations = 1;
  problem.output_bytes = output_bytes;
  return problem;
}

Output output_of(const Problem& problem, Task task) {
  Output output(static_cast<std::size_t>(problem.output_bytes));
  write_output(task, output);
  return output;
}

std::string refusal(const Problem& problem, Task task, const std::vector<Output>& outputs) {
  try {
    check_inputs(problem, task, std::vector<Input>(outputs.begin(), outputs.end()));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a task takes the outputs of its dependencies, of any size") {
  for (const std::int64_t bytes : {16, 17, 24, 31, 32, 1000}) {
    const Problem problem = stencil(bytes);
    std::vector<Output> outputs;
    for (const std::int64_t point : {1, 2, 3}) outputs.push_back(output_of(problem, {1, point}));
    CHECK(refusal(problem, {2, 2}, outputs).empty());
    Output output(static_cast<std::size_t>(bytes));
    run_task(problem, {2, 2}, std::vector<Input>(outputs.begin(), outputs.end()), output);
    CHECK(output == output_of(problem, {2, 2}));
  }
}

TEST_CASE("one wrong byte anywhere in an input is noticed") {
  const Problem problem = stencil(41);
  for (std::size_t position = 0; position < 41; ++position) {
    std::vector<Output> outputs{output_of(problem, {1, 3}), output_of(problem, {1, 4})};
    outputs[1][position] ^= std::byte{1};
    CHECK(refusal(problem, {2, 4}, outputs).find("has in input 1 at byte") != std::string::npos);
  }
}

TEST_CASE("a refusal says what was wrong") {
  const Problem problem = stencil(16);
  const Output first = output_of(problem, {1, 0}), second = output_of(problem, {1, 1});
  CHECK(refusal(problem, {2, 0}, {second, first}) ==
        "task (step 2, point 0) of the benchmark has in input 0 at byte 0 the output of (step 1, "
        "point 1) instead of that of (step 1, point 0)");
  CHECK(refusal(problem, {2, 0}, {first, output_of(problem, {0, 1})}) ==
        "task (step 2, point 0) of the benchmark has in input 1 at byte 0 the output of (step 0, "
        "point 1) instead of that of (step 1, point 1)");
  CHECK(refusal(problem, {2, 0}, {first}) ==
        "task (step 2, point 0) of the benchmark was given 1 inputs instead of 2");
  CHECK(refusal(problem, {2, 0}, {first, Output(8)}) ==
        "task (step 2, point 0) of the benchmark was given input 1 with 8 bytes instead of 16");
  CHECK(refusal(problem, {2, 5}, {}) ==
        "task (step 2, point 5) of the benchmark is not in the graph");
}

TEST_CASE("a balanced kernel takes its iterations, an imbalanced one as many on average") {
  Kernel kernel{.iterations = 1000};
  CHECK(iterations_of(kernel, {3, 4}) == 1000);
  kernel.imbalance = 1;
  double sum = 0;
  std::int64_t least = 1000, most = 1000;
  for (std::int64_t step = 0; step < 100; ++step) {
    for (std::int64_t point = 0; point < 100; ++point) {
      const std::int64_t iterations = iterations_of(kernel, {step, point});
      CHECK(iterations == iterations_of(kernel, {step, point}));
      sum += static_cast<double>(iterations);
      least = std::min(least, iterations);
      most = std::max(most, iterations);
    }
  }
  CHECK(std::abs(sum / 1e4 - 1000) < 10);
  CHECK(least >= 500);
  CHECK(least < 510);
  CHECK(most <= 1500);
  CHECK(most > 1490);
  kernel.imbalance = 2;
  CHECK(iterations_of(kernel, {3, 4}) >= 0);
}

TEST_CASE("all kernels run, also without iterations and with spans larger than the working set") {
  for (const auto& [name, kind] : kernel_names) {
    for (const std::int64_t iterations : {0, 1, 100}) {
      run_kernel({.kind = kind, .iterations = iterations}, {1, 1});
      run_kernel({.kind = kind, .iterations = iterations, .span_bytes = 64, .working_set_bytes = 8},
                 {1, 1});
    }
    const bool has_work = work_of_iteration({.kind = kind}) > 0;
    CHECK(has_work == (kind != KernelKind::empty));
  }
}

#pragma once

/// What all programs that run Task Bench share: its options on the command line, and its figures.

#include "taskbench/task.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <vector>

namespace taskbench {

struct Parameters {
  /// Without pattern and iterations; a width of 0 stands for the number of workers.
  Problem problem{.graph = {.width = 0, .steps = 1000}};
  /// What to run with, one after the other.
  std::vector<Pattern> patterns{Pattern::stencil_1d};
  std::vector<std::int64_t> iterations{256};
};

/// Adds the options to `app`, which fill `parameters` when it parses.
void add_options(CLI::App& app, Parameters& parameters);

/// Each pattern with each number of iterations, for `workers` threads that run tasks.
std::vector<Problem> problems_for(const Parameters& parameters, std::int64_t workers);

/// Microseconds that a task keeps a worker busy: wall x workers / tasks, the granularity of METG.
double granularity_us(const Problem& problem, double seconds, std::int64_t workers);

/// The parameters, and what they came to in a run of `seconds`: tasks, tasks a second, and the rate
/// of the kernel (floating point operations or bytes a second, all workers together and each).
nlohmann::ordered_json describe(const Problem& problem, double seconds, std::int64_t workers);

}  // namespace taskbench

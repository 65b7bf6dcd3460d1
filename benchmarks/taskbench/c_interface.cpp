/// Task Bench for programs in other languages: plain functions of the shared library libtaskbench.
/// A problem is opened by the options that tutti-bench takes, as one text, with one pattern
/// and one grain.

#include "taskbench/parameters.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace {

using taskbench::Problem;
using Points = std::vector<std::int64_t>;

void write_text(const std::string& source, char* text, std::uint64_t size) {
  const std::size_t length = std::min<std::size_t>(source.size(), size - 1);
  std::memcpy(text, source.data(), length);
  text[length] = '\0';
}

/// Runs `call`, which gives a result. When it throws, the result is -1 and `text` says why.
template <class Call>
std::int64_t guarded(char* text, std::uint64_t size, Call call) {
  try {
    return call();
  } catch (const std::exception& exception) {
    write_text(exception.what(), text, size);
    return -1;
  }
}

std::int64_t copy_points(const Points& points, std::int64_t* target) {
  std::copy(points.begin(), points.end(), target);
  return static_cast<std::int64_t>(points.size());
}

}  // namespace

extern "C" {

/// A new problem, or null, and `text` says why; see taskbench_close().
Problem* taskbench_open(const char* options, std::int64_t workers, char* text, std::uint64_t size) {
  auto problem = std::make_unique<Problem>();
  const std::int64_t result = guarded(text, size, [&]() -> std::int64_t {
    CLI::App app;
    taskbench::Parameters parameters;
    taskbench::add_options(app, parameters);
    app.parse(options);
    *problem = problems_for(parameters, workers).at(0);
    return 0;
  });
  return result == 0 ? problem.release() : nullptr;
}

void taskbench_close(Problem* problem) { delete problem; }

std::int64_t taskbench_steps(const Problem* problem) { return problem->graph.steps; }
std::int64_t taskbench_width(const Problem* problem) { return problem->graph.width; }
std::int64_t taskbench_output_bytes(const Problem* problem) { return problem->output_bytes; }

/// The points of a step, those that a task takes outputs of, and those that take its own. `points`
/// has room for a whole step; the result is their number.
std::int64_t taskbench_points(const Problem* problem, std::int64_t step, std::int64_t* points) {
  const taskbench::Points all = points_of(problem->graph, step);
  for (std::int64_t index = 0; index < all.count; ++index) points[index] = all[index];
  return all.count;
}
std::int64_t taskbench_dependencies(const Problem* problem, std::int64_t step, std::int64_t point,
                                    std::int64_t* points) {
  Points found;
  dependencies(problem->graph, {step, point}, found);
  return copy_points(found, points);
}
std::int64_t taskbench_dependents(const Problem* problem, std::int64_t step, std::int64_t point,
                                  std::int64_t* points) {
  Points found;
  dependents(problem->graph, {step, point}, found);
  return copy_points(found, points);
}

/// Checks `count` inputs, works, and fills `output`: 0, or -1 with the reason in `text`.
std::int64_t taskbench_run(const Problem* problem, std::int64_t step, std::int64_t point,
                           const std::byte* const* inputs, const std::uint64_t* input_bytes,
                           std::uint64_t count, std::byte* output, char* text, std::uint64_t size) {
  return guarded(text, size, [&]() -> std::int64_t {
    std::vector<taskbench::Input> spans;
    for (std::uint64_t index = 0; index < count; ++index)
      spans.emplace_back(inputs[index], input_bytes[index]);
    run_task(*problem, {step, point}, spans,
             {output, static_cast<std::size_t>(problem->output_bytes)});
    return 0;
  });
}

/// Writes the fields of a figure's line as JSON; the result is the granularity in microseconds.
double taskbench_describe(const Problem* problem, double seconds, std::int64_t workers, char* text,
                          std::uint64_t size) {
  write_text(describe(*problem, seconds, workers).dump(), text, size);
  return granularity_us(*problem, seconds, workers);
}
}

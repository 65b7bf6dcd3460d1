#include "taskbench/parameters.hpp"

#include <map>
#include <string>

namespace taskbench {
namespace {

std::map<std::string, Pattern> patterns() {
  std::map<std::string, Pattern> all;
  for (const auto& [name, pattern] : pattern_names) all.emplace(name, pattern);
  return all;
}

std::map<std::string, KernelKind> kernels() {
  std::map<std::string, KernelKind> all;
  for (const auto& [name, kind] : kernel_names) all.emplace(name, kind);
  return all;
}

bool has_radix(Pattern pattern) {
  return pattern == Pattern::nearest || pattern == Pattern::spread ||
         pattern == Pattern::random_nearest;
}

/// Iterations of all tasks.
double total_iterations(const Problem& problem) {
  const auto [graph, kernel, output_bytes] = problem;
  if (kernel.imbalance == 0)
    return static_cast<double>(task_count(graph)) * static_cast<double>(kernel.iterations);
  double total = 0;
  for (std::int64_t step = 0; step < graph.steps; ++step) {
    const Points points = points_of(graph, step);
    for (std::int64_t index = 0; index < points.count; ++index)
      total += static_cast<double>(iterations_of(kernel, {step, points[index]}));
  }
  return total;
}

}  // namespace

void add_options(CLI::App& app, Parameters& parameters) {
  Graph& graph = parameters.problem.graph;
  Kernel& kernel = parameters.problem.kernel;
  const CLI::Range count(std::int64_t{1}, std::int64_t{1} << 40);
  const std::string group = "Task Bench";
  app.add_option("--pattern", parameters.patterns,
                 "who takes from whom; several, as in tree,fft, are run in turn")
      ->delimiter(',')
      ->transform(CLI::CheckedTransformer(patterns()))
      ->group(group);
  app.add_option("--width", graph.width, "points of a step (default: one for each worker)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 30))
      ->group(group);
  app.add_option("--steps", graph.steps, "steps (1000)")->check(count)->group(group);
  app.add_option("--radix", graph.radix, "inputs of nearest, spread and random_nearest (3)")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 30))
      ->group(group);
  app.add_option("--fraction", graph.fraction, "share of them that random_nearest draws (0.5)")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group);
  app.add_option("--kernel", kernel.kind, "what a task does")
      ->transform(CLI::CheckedTransformer(kernels()))
      ->group(group);
  app.add_option("--iterations", parameters.iterations,
                 "how often a task does it (256); several, as in 64,32,16, too")
      ->delimiter(',')
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40))
      ->group(group);
  app.add_option("--imbalance", kernel.imbalance,
                 "tasks take from 1 - x/2 to 1 + x/2 of the iterations (0)")
      ->check(CLI::Range(0.0, 2.0))
      ->group(group);
  app.add_option("--output-bytes", parameters.problem.output_bytes, "bytes a dependency (16)")
      ->check(CLI::Range(Problem::output_bytes_min, std::int64_t{1} << 30))
      ->group(group);
  app.add_option("--span-bytes", kernel.span_bytes, "memory: bytes an iteration (4096)")
      ->check(CLI::Range(std::int64_t{8}, std::int64_t{1} << 30))
      ->group(group);
  app.add_option("--working-set-bytes", kernel.working_set_bytes,
                 "memory: bytes of a thread, whatever the iterations (64 MiB)")
      ->check(count)
      ->group(group);
}

std::vector<Problem> problems_for(const Parameters& parameters, std::int64_t workers) {
  std::vector<Problem> problems;
  for (const Pattern pattern : parameters.patterns) {
    for (const std::int64_t iterations : parameters.iterations) {
      Problem& problem = problems.emplace_back(parameters.problem);
      problem.graph.pattern = pattern;
      problem.kernel.iterations = iterations;
      if (problem.graph.width == 0) problem.graph.width = workers;
    }
  }
  return problems;
}

double granularity_us(const Problem& problem, double seconds, std::int64_t workers) {
  return seconds * 1e6 * static_cast<double>(workers) /
         static_cast<double>(task_count(problem.graph));
}

nlohmann::ordered_json describe(const Problem& problem, double seconds, std::int64_t workers) {
  const auto& [graph, kernel, output_bytes] = problem;
  nlohmann::ordered_json line;
  line["pattern"] = name_of(graph.pattern);
  line["width"] = graph.width;
  line["steps"] = graph.steps;
  if (has_radix(graph.pattern)) line["radix"] = graph.radix;
  if (graph.pattern == Pattern::random_nearest) line["fraction"] = graph.fraction;
  line["kernel"] = name_of(kernel.kind);
  line["iterations"] = kernel.iterations;
  line["imbalance"] = kernel.imbalance;
  if (kernel.kind == KernelKind::memory) {
    line["span_bytes"] = kernel.span_bytes;
    line["working_set_bytes"] = kernel.working_set_bytes;
  }
  line["output_bytes"] = output_bytes;
  line["workers"] = workers;
  line["tasks"] = task_count(graph);
  line["seconds"] = seconds;
  line["tasks_per_s"] = static_cast<double>(task_count(graph)) / seconds;
  if (kernel.kind != KernelKind::empty) {
    const double rate =
        total_iterations(problem) * static_cast<double>(work_of_iteration(kernel)) / seconds;
    const std::string unit = kernel.kind == KernelKind::compute ? "flops" : "bytes";
    line[unit + "_per_s"] = rate;
    line[unit + "_per_s_and_worker"] = rate / static_cast<double>(workers);
  }
  return line;
}

}  // namespace taskbench

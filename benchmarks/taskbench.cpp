/// Task Bench: a graph of tasks, each with a future of its own, submitted as it goes.

#include "bench.hpp"
#include "taskbench/parameters.hpp"

#include <atomic>
#include <deque>
#include <stdexcept>
#include <string>

namespace bench {
namespace {

using ::taskbench::Input;
using ::taskbench::Points;
using ::taskbench::Problem;
using ::taskbench::Task;
using Output = std::vector<std::byte>;
using OutputFuture = tutti::Future<Output>;

/// What all tasks of a run have in common; client.run() puts it on every rank.
Problem common;
/// Tasks that ran on this rank and were not yet counted.
std::atomic<std::int64_t> executed{0};

Output execute(Task task, const std::vector<Output>& outputs) {
  thread_local std::vector<Input> inputs;
  inputs.assign(outputs.begin(), outputs.end());
  Output output(static_cast<std::size_t>(common.output_bytes));
  ::taskbench::run_task(common, task, inputs, output);
  executed.fetch_add(1, std::memory_order_relaxed);
  return output;
}

/// Throws what the task threw. Its result stays where it is.
void require_success(const OutputFuture& future) {
  if (const auto failure = future.exception()) throw tutti::TaskFailed(*failure);
}

/// Submits a graph row by row. The future of a task is given up when the last task that takes its
/// output is submitted; tasks whose output nobody takes are kept until they have ended, as nobody
/// else would want them to run.
class Submitter {
 public:
  Submitter(tutti::Client& client, const Problem& problem)
      : client_(client),
        problem_(problem),
        row_(static_cast<std::size_t>(problem.graph.width)),
        next_row_(row_.size()) {}

  void run() {
    for (std::int64_t step = 0; step < problem_.graph.steps; ++step) {
      submit_row(step);
      while (!ends_.empty() && ends_.front().done()) drop_end();
    }
    while (!ends_.empty()) drop_end();
  }

 private:
  void submit_row(std::int64_t step) {
    const Points points = points_of(problem_.graph, step);
    for (std::int64_t index = 0; index < points.count; ++index) {
      const Task task{step, points[index]};
      dependencies(problem_.graph, task, neighbours_);
      inputs_.clear();
      for (const std::int64_t point : neighbours_)
        inputs_.push_back(row_[static_cast<std::size_t>(point)]);
      OutputFuture future = client_.submit(execute, task, inputs_);
      dependents(problem_.graph, task, neighbours_);
      if (neighbours_.empty()) ends_.push_back(future);
      next_row_[static_cast<std::size_t>(task.point)] = std::move(future);
    }
    row_.swap(next_row_);
  }

  void drop_end() {
    require_success(ends_.front());
    ends_.pop_front();
  }

  tutti::Client& client_;
  const Problem problem_;
  std::vector<OutputFuture> row_, next_row_;
  std::deque<OutputFuture> ends_;
  std::vector<OutputFuture> inputs_;
  std::vector<std::int64_t> neighbours_;
};

std::int64_t count_workers(tutti::Client& client) {
  std::int64_t workers = 0;
  for (const unsigned threads : client.run([] { return tutti::get_worker().threads(); }))
    workers += threads;
  return workers;
}

/// A task that was not run cannot complain about its inputs.
void require_executed(tutti::Client& client, std::int64_t expected) {
  std::int64_t total = 0;
  for (const std::int64_t each : client.run([] { return executed.exchange(0); })) total += each;
  if (total != expected) {
    throw std::runtime_error("taskbench: " + std::to_string(total) + " tasks ran instead of " +
                             std::to_string(expected));
  }
}

}  // namespace

/// Microseconds that a task of Task Bench keeps a worker busy, kernel and overhead together. Rank 0
/// is no worker when it does not run tasks.
std::vector<Figure> taskbench(tutti::Client& client, const Settings& settings) {
  const std::int64_t workers = count_workers(client);
  std::vector<Figure> figures;
  for (const Problem& problem : problems_for(settings.taskbench, workers)) {
    client.run([](const Problem& given) { common = given; }, problem);
    Figure figure = repeat("taskbench", "us", settings, [&] {
      const auto start = Clock::now();
      Submitter(client, problem).run();
      return granularity_us(problem, seconds_since(start), workers);
    });
    require_executed(client, task_count(problem.graph) * (settings.repetitions + 1));
    const double tasks = static_cast<double>(task_count(problem.graph));
    figure.parameters =
        describe(problem, figure.value * tasks / (1e6 * static_cast<double>(workers)), workers);
    figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace bench

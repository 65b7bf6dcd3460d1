/// Task Bench written by hand in MPI, for the limit: mpirun -n R plain-mpi-taskbench [OPTION...].
///
/// Each rank owns a block of the points. In a step it posts a receive for every input that another
/// rank makes, sends the outputs of the step before to every task elsewhere that takes them, and
/// runs its tasks one after the other, each as soon as its inputs are there. Inputs of the same
/// rank are read where they are. There are two rows of outputs, which take turns.
///
/// With --alone the ranks run the same tasks one after the other without inputs, outputs and
/// messages (system "kernel alone"): the rate of the kernel, which is the peak that efficiency is
/// measured by.

#include "taskbench/parameters.hpp"

#include <CLI/CLI.hpp>
#include <mpi.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <span>
#include <stdexcept>
#include <vector>

namespace {

using taskbench::Input;
using taskbench::Points;
using taskbench::Problem;
using taskbench::Task;
using Clock = std::chrono::steady_clock;

int rank = 0;
int ranks = 1;

/// The points of each rank, in blocks whose sizes differ by one at most.
class Blocks {
 public:
  explicit Blocks(std::int64_t width) : width_(width) {}
  std::int64_t first(std::int64_t owner) const { return owner * width_ / ranks; }
  int owner(std::int64_t point) const {
    return static_cast<int>(((point + 1) * ranks - 1) / width_);
  }

 private:
  std::int64_t width_;
};

/// Calls `use(task)` for the tasks of this rank in a step.
template <class Use>
void for_own(const Problem& problem, std::int64_t step, Use use) {
  const Blocks blocks(problem.graph.width);
  const Points points = points_of(problem.graph, step);
  const std::int64_t begin = blocks.first(rank);
  const std::int64_t end = blocks.first(rank + 1);
  std::int64_t index =
      std::max<std::int64_t>(0, (begin - points.first + points.stride - 1) / points.stride);
  for (; index < points.count && points[index] < end; ++index) use(Task{step, points[index]});
}

class Solver {
 public:
  explicit Solver(const Problem& problem)
      : problem_(problem), blocks_(problem.graph.width), first_(blocks_.first(rank)) {
    const std::int64_t count = blocks_.first(rank + 1) - first_;
    const auto bytes = static_cast<std::size_t>(count * problem.output_bytes);
    rows_[0].resize(bytes);
    rows_[1].resize(bytes);
  }

  void run() {
    for (std::int64_t step = 0; step < problem_.graph.steps; ++step) {
      find_tasks(step);
      post_receives();
      if (step > 0) send_row(step - 1);
      run_tasks();
      MPI_Waitall(static_cast<int>(sends_.size()), sends_.data(), MPI_STATUSES_IGNORE);
      sends_.clear();
    }
  }

 private:
  /// A task of this rank, with its part of inputs_ and receives_.
  struct Work {
    Task task;
    std::size_t first_input = 0, inputs_end = 0;
    std::size_t first_receive = 0, receives_end = 0;
  };
  struct Arrival {
    std::int64_t producer;
    std::size_t input;
  };

  std::byte* output(Task task) {
    return rows_[task.step % 2].data() + (task.point - first_) * problem_.output_bytes;
  }
  std::size_t output_bytes() const { return static_cast<std::size_t>(problem_.output_bytes); }

  void find_tasks(std::int64_t step) {
    work_.clear();
    inputs_.clear();
    arrivals_.clear();
    for_own(problem_, step, [&](Task task) {
      dependencies(problem_.graph, task, neighbours_);
      Work work{task, inputs_.size(), 0, arrivals_.size(), 0};
      for (const std::int64_t point : neighbours_) {
        if (blocks_.owner(point) == rank) {
          inputs_.emplace_back(output({step - 1, point}), output_bytes());
        } else {
          arrivals_.push_back({point, inputs_.size()});
          inputs_.emplace_back();
        }
      }
      work.inputs_end = inputs_.size();
      work.receives_end = arrivals_.size();
      work_.push_back(work);
    });
  }

  void post_receives() {
    received_.resize(std::max(received_.size(), arrivals_.size() * output_bytes()));
    receives_.resize(arrivals_.size());
    for (std::size_t index = 0; index < arrivals_.size(); ++index) {
      const auto [producer, input] = arrivals_[index];
      std::byte* const place = received_.data() + index * output_bytes();
      inputs_[input] = {place, output_bytes()};
      // Two tasks here that take the same output get equal messages, so the producer is tag enough.
      MPI_Irecv(place, static_cast<int>(output_bytes()), MPI_BYTE, blocks_.owner(producer),
                static_cast<int>(producer), MPI_COMM_WORLD, &receives_[index]);
    }
  }

  void send_row(std::int64_t step) {
    for_own(problem_, step, [&](Task task) {
      dependents(problem_.graph, task, neighbours_);
      for (const std::int64_t point : neighbours_) {
        const int owner = blocks_.owner(point);
        if (owner == rank) continue;
        MPI_Isend(output(task), static_cast<int>(output_bytes()), MPI_BYTE, owner,
                  static_cast<int>(task.point), MPI_COMM_WORLD, &sends_.emplace_back());
      }
    });
  }

  void run_tasks() {
    for (const Work& work : work_) {
      MPI_Waitall(static_cast<int>(work.receives_end - work.first_receive),
                  receives_.data() + work.first_receive, MPI_STATUSES_IGNORE);
      taskbench::run_task(
          problem_, work.task,
          std::span(inputs_).subspan(work.first_input, work.inputs_end - work.first_input),
          {output(work.task), output_bytes()});
    }
  }

  const Problem problem_;
  const Blocks blocks_;
  const std::int64_t first_;
  std::vector<std::byte> rows_[2];
  std::vector<std::byte> received_;
  std::vector<Work> work_;
  std::vector<Input> inputs_;
  std::vector<Arrival> arrivals_;
  std::vector<MPI_Request> receives_, sends_;
  std::vector<std::int64_t> neighbours_;
};

/// The tasks of this rank, and nothing between them.
void run_alone(const Problem& problem) {
  for (std::int64_t step = 0; step < problem.graph.steps; ++step)
    for_own(problem, step, [&](Task task) { run_kernel(problem.kernel, task); });
}

/// Seconds of one run, from the moment when all ranks are ready until all are done.
double run_once(const Problem& problem, bool alone) {
  Solver solver(problem);
  MPI_Barrier(MPI_COMM_WORLD);
  const auto start = Clock::now();
  if (alone) {
    run_alone(problem);
  } else {
    solver.run();
  }
  MPI_Barrier(MPI_COMM_WORLD);
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void measure(const Problem& problem, bool alone, int repetitions) {
  (void)run_once(problem, alone);
  std::vector<double> seconds;
  for (int repetition = 0; repetition < repetitions; ++repetition)
    seconds.push_back(run_once(problem, alone));
  if (rank != 0) return;
  std::vector<double> samples;
  for (const double each : seconds) samples.push_back(granularity_us(problem, each, ranks));
  std::sort(seconds.begin(), seconds.end());
  const double median = seconds[seconds.size() / 2];
  nlohmann::ordered_json line{{"case", "taskbench"},
                              {"system", alone ? "kernel alone" : "plain MPI"},
                              {"ranks", ranks},
                              {"figure", granularity_us(problem, median, ranks)},
                              {"unit", "us"}};
  line.update(describe(problem, median, ranks));
  line["repetitions"] = repetitions;
  line["samples"] = samples;
  std::cout << line.dump() << std::endl;
}

/// The producers of messages are their tags.
bool has_tags_for(const taskbench::Parameters& parameters) {
  void* largest = nullptr;
  int found = 0;
  MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &largest, &found);
  return found == 0 || parameters.problem.graph.width - 1 <= *static_cast<int*>(largest);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Task Bench in plain MPI: one JSON line for each pattern and grain.");
  taskbench::Parameters parameters;
  int repetitions = 5;
  bool alone = false;
  bool quick = false;
  app.add_option("--repetitions", repetitions, "runs, of which the median counts")
      ->check(CLI::PositiveNumber);
  app.add_flag("--alone", alone, "the kernel without anything else");
  app.add_flag("--quick", quick, "few repetitions");
  taskbench::add_options(app, parameters);
  CLI11_PARSE(app, argc, argv);
  if (quick) repetitions = std::min(repetitions, 3);
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  try {
    if (!has_tags_for(parameters)) {
      throw std::runtime_error("this MPI has not as many tags as --width asks for");
    }
    for (const Problem& problem : problems_for(parameters, ranks))
      measure(problem, alone, repetitions);
  } catch (const std::exception& exception) {
    std::cerr << "plain-mpi-taskbench: rank " << rank << ": " << exception.what() << std::endl;
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
  return 0;
}

#include "sim/schedule_alone.hpp"

#include "scheduler/scheduler.hpp"
#include "tutti/check.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <vector>

namespace tutti::sim {

using scheduler::Commands;
using Clock = std::chrono::steady_clock;

namespace {

/// Runs `calls` and adds the time that they took.
template <class Calls>
void measure(Clock::duration& inside, Calls calls) {
  const auto start = Clock::now();
  calls();
  inside += Clock::now() - start;
}

}  // namespace

SimFigure schedule_alone(int workers, std::uint64_t tasks) {
  constexpr std::uint64_t batch = 1'000;
  scheduler::Scheduler scheduler;
  for (int rank = 1; rank <= workers; ++rank) scheduler.on_worker_joined(rank, 1, 0);
  scheduler.on_timing(0, 1, 1'000);
  Commands commands;
  std::deque<Commands::Assign> assigned;
  Clock::duration inside{};
  const auto obey = [&] {
    assigned.insert(assigned.end(), commands.assign.begin(), commands.assign.end());
    commands.clear();
  };
  for (std::uint64_t submitted = 0; submitted < tasks;) {
    const std::uint64_t more = std::min(batch, tasks - submitted);
    measure(inside, [&] {
      for (std::uint64_t count = 0; count < more; ++count) scheduler.submit({}, commands);
      scheduler.place(commands);
    });
    submitted += more;
    obey();
  }
  for (std::uint64_t finished = 0; finished < tasks;) {
    const auto reports = std::min<std::size_t>(batch, assigned.size());
    check(reports != 0, "the scheduler has work for the workers until all is done");
    measure(inside, [&] {
      for (std::size_t index = 0; index < reports; ++index) {
        scheduler.on_task_finished(assigned[index].worker, assigned[index].task, 8, commands);
        scheduler.on_client_released(assigned[index].task, commands);
      }
      scheduler.place(commands);
    });
    finished += reports;
    assigned.erase(assigned.begin(), assigned.begin() + static_cast<std::ptrdiff_t>(reports));
    obey();
  }
  const double seconds = std::chrono::duration<double>(inside).count();
  return {workers, tasks, seconds, seconds * 1e9 / static_cast<double>(tasks)};
}

SimFigure schedule_graph_alone(int workers, const Workload& work) {
  constexpr std::size_t batch = 1'000;
  scheduler::Scheduler scheduler;
  for (int rank = 1; rank <= workers; ++rank) scheduler.on_worker_joined(rank, 1, 0);
  scheduler.on_timing(0, 1, 1'000);
  Commands commands;
  std::deque<Commands::Assign> assigned;
  std::vector<TaskId> ids(work.size());
  std::vector<std::uint32_t> users_left(work.size(), 0);
  for (const WorkItem& item : work) {
    for (const ItemInput& input : item.inputs) ++users_left[input.item];
  }
  std::vector<scheduler::Input> inputs;
  Clock::duration inside{};
  const auto obey = [&] {
    assigned.insert(assigned.end(), commands.assign.begin(), commands.assign.end());
    commands.clear();
  };
  std::size_t submitted = 0;
  for (std::size_t finished = 0; finished < work.size();) {
    // The client is a few batches ahead.
    const std::size_t limit = std::min({work.size(), submitted + batch, finished + 8 * batch});
    measure(inside, [&] {
      for (; submitted < limit; ++submitted) {
        inputs.clear();
        for (const ItemInput& input : work[submitted].inputs)
          inputs.push_back({ids[input.item], 0});
        scheduler::TaskSpec spec;
        spec.inputs = inputs;
        ids[submitted] = scheduler.submit(spec, commands);
        // The client lets go of what it only needed as an input.
        for (const ItemInput& input : work[submitted].inputs) {
          if (--users_left[input.item] == 0)
            scheduler.on_client_released(ids[input.item], commands);
        }
      }
      scheduler.place(commands);
    });
    obey();
    // In the order of assignment, so that inputs end before what was assigned behind them.
    const std::size_t reports = std::min(batch, assigned.size());
    check(reports != 0, "the scheduler has work for the workers until all is done");
    measure(inside, [&] {
      for (std::size_t index = 0; index < reports; ++index)
        scheduler.on_task_finished(assigned[index].worker, assigned[index].task, 8, commands);
      scheduler.place(commands);
    });
    finished += reports;
    assigned.erase(assigned.begin(), assigned.begin() + static_cast<std::ptrdiff_t>(reports));
    obey();
  }
  const double seconds = std::chrono::duration<double>(inside).count();
  return {workers, work.size(), seconds, seconds * 1e9 / static_cast<double>(work.size())};
}

}  // namespace tutti::sim

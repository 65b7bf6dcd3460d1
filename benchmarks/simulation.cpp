/// The scheduler alone: virtual workers that finish at once what they get, no messages.

#include "bench.hpp"
#include "scheduler/scheduler.hpp"

namespace bench {
namespace {

/// Seconds that the scheduler takes for `count` independent tasks on `workers` workers, from submit
/// to forgotten.
double schedule(std::uint64_t workers, std::uint64_t count) {
  tutti::scheduler::Scheduler scheduler;
  tutti::scheduler::Commands commands;
  for (std::uint64_t worker = 0; worker < workers; ++worker)
    scheduler.on_worker_joined(static_cast<int>(worker), 1, 1 << 30);
  scheduler.on_timing(0, 1000, 1'000'000);
  tutti::scheduler::TaskSpec spec;
  const int argument = 1;
  spec.payload = std::as_bytes(std::span(&argument, 1));
  std::vector<tutti::scheduler::Commands::Assign> assigned;
  std::vector<tutti::TaskId> ids;
  ids.reserve(count);
  const auto start = Clock::now();
  const auto turn = [&] {
    scheduler.place(commands);
    assigned.insert(assigned.end(), commands.assign.begin(), commands.assign.end());
    commands.clear();
  };
  constexpr std::uint64_t batch = 64;
  for (std::uint64_t index = 0; index < count; ++index) {
    ids.push_back(scheduler.submit(spec, commands));
    if (index % batch == 0) turn();
  }
  std::uint64_t finished = 0;
  std::size_t next = 0;
  while (finished < count) {
    const std::size_t last = std::min(assigned.size(), next + batch);
    for (; next < last; ++next, ++finished) {
      scheduler.on_task_finished(assigned[next].worker, assigned[next].task, 4, commands);
    }
    turn();
  }
  for (const tutti::TaskId id : ids) scheduler.on_client_released(id, commands);
  return seconds_since(start);
}

}  // namespace

/// Microseconds of the scheduler a task.
std::vector<Figure> simulation(tutti::Client&, const Settings& settings) {
  const std::uint64_t count = count_or(settings, 1'000'000, 200'000);
  Figure figure = repeat("sim", "us", settings, [&] {
    return schedule(settings.workers, count) * 1e6 / static_cast<double>(count);
  });
  figure.parameters["workers"] = settings.workers;
  figure.parameters["tasks"] = count;
  return {figure};
}

}  // namespace bench

#include "settings.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace tutti::sim {
namespace {

/// More would not fit in memory, or not in the numbers of items.
constexpr std::uint64_t items_max = 100'000'000;

const WorkloadKind& kind_of(const std::string& name) {
  return *std::ranges::find(workload_kinds(), name, &WorkloadKind::name);
}

std::uint64_t to_ns(double microseconds) {
  return static_cast<std::uint64_t>(std::llround(microseconds * 1'000));
}

void add_sizes(CLI::App& app, Settings& settings) {
  const CLI::Range items(std::uint64_t{1}, items_max);
  app.add_option("--tasks", settings.tasks, "of tasks, chain and random")->check(items);
  app.add_option("--elements", settings.elements, "of the maps")->check(items);
  app.add_option("--width", settings.width, "of fan and stencil")->check(items);
  app.add_option("--steps", settings.steps, "of stencil; maps over each other in map-of-maps")
      ->check(items);
  app.add_option("--leaves", settings.leaves, "of tree")->check(items);
  app.add_option("--fan-in", settings.fan_in, "most inputs of a task of map-reduce or random")
      ->check(CLI::Range(2, 10'000));
  app.add_option("--skew", settings.skew, "times that the last element takes longer than the first")
      ->check(CLI::Range(1e-3, 1e6));
  app.add_option("--duration-us", settings.duration_us, "mean run time of a task or element")
      ->check(CLI::Range(0.001, 1e9));
  app.add_option("--distribution", settings.distribution, "of run times")
      ->check(CLI::IsMember({"constant", "lognormal"}));
  app.add_option("--sigma", settings.sigma, "of lognormal: standard deviation of the logarithm")
      ->check(CLI::Range(0.001, 5.0));
  app.add_option("--result-bytes", settings.result_bytes, "of each task or element")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 40));
}

void add_cluster(CLI::App& app, Settings& settings) {
  ClusterOptions& cluster = settings.cluster;
  app.add_option("--workers", cluster.workers, "ranks that work")->check(CLI::Range(1, 1'000'000));
  app.add_option("--slots", cluster.slots, "tasks that a worker runs at once")
      ->check(CLI::Range(1, 4'096));
  app.add_option("--latency-us", settings.latency_us, "of a message")->check(CLI::Range(0.0, 1e6));
  app.add_option("--jitter-us", settings.jitter_us, "a message takes up to so much longer")
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--bandwidth", settings.bandwidth_gb_per_s, "GB/s between two ranks")
      ->check(CLI::Range(1e-3, 1e4));
  app.add_option("--slow-share", cluster.slow_share, "share of the workers that are slow")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--slow-factor", cluster.slow_factor, "times that they take longer")
      ->check(CLI::Range(1.0, 1e4));
  app.add_option("--failure-probability", cluster.failure_probability,
                 "that a task or element throws")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--seed", cluster.seed, "of everything that is drawn");
  app.add_option("--submit-items", cluster.submit_items, "items that the client submits at a time")
      ->check(CLI::PositiveNumber);
  app.add_option("--submit-gap-us", settings.submit_gap_us, "time between two such times")
      ->check(CLI::Range(0.001, 1e9));
  app.add_flag("--release-early", cluster.release_early,
               "the client lets go of inputs when all that need them are submitted");
  scheduler::Credit& credit = cluster.scheduler.credit;
  app.add_option("--credit-us", settings.credit_us, "credit of a slot, in estimated time")
      ->check(CLI::Range(0.0, 1e9));
  app.add_option("--credit-tasks", credit.tasks_per_slot, "tasks that a slot has in any case")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--credit-tasks-max", credit.tasks_max, "tasks that a worker has at most")
      ->check(CLI::Range(1, 10'000'000));
}

/// What does not fit together, as a sentence.
std::optional<std::string> find_mistake(const CLI::App& app, const Settings& settings) {
  const WorkloadKind& kind = kind_of(settings.workload);
  for (const std::string size :
       {"--tasks", "--elements", "--width", "--steps", "--leaves", "--fan-in", "--skew"}) {
    if (app.count(size) != 0 && std::ranges::find(kind.sizes, size) == kind.sizes.end())
      return fmt::format("{} means nothing to '{}': give {}", size, kind.name,
                         fmt::join(kind.sizes, ", "));
  }
  if (app.count("--sigma") != 0 && settings.distribution != "lognormal")
    return "--sigma is the spread of log-normal run times: give --distribution lognormal too";
  if (app.count("--slow-factor") != 0 && settings.cluster.slow_share == 0)
    return "--slow-factor is of slow workers and there are none: give --slow-share too";
  if (kind.name == "stencil" && settings.width > items_max / settings.steps)
    return fmt::format("a stencil of {} x {} tasks is too large: at most {} tasks are possible",
                       settings.width, settings.steps, items_max);
  return std::nullopt;
}

void convert(Settings& settings) {
  ClusterOptions& cluster = settings.cluster;
  cluster.network.latency_ns = to_ns(settings.latency_us);
  cluster.network.jitter_ns = to_ns(settings.jitter_us);
  cluster.network.bandwidth_bytes_per_ns = settings.bandwidth_gb_per_s;
  cluster.scheduler.bandwidth_bytes_per_ns = settings.bandwidth_gb_per_s;
  cluster.scheduler.credit.nanoseconds_per_slot = to_ns(settings.credit_us);
  cluster.submit_gap_ns = to_ns(settings.submit_gap_us);
  // As in a job: all workers are there when main begins.
  cluster.client_start_ns = 1'000 + 2 * (cluster.network.latency_ns + cluster.network.jitter_ns);
  cluster.measure_scheduler = true;
}

std::string list_of_workloads() {
  std::string text = "Workloads:\n";
  for (const WorkloadKind& kind : workload_kinds()) {
    text += fmt::format("  {:<13} {}; {}\n", kind.name, kind.meaning, fmt::join(kind.sizes, ", "));
  }
  return text;
}

}  // namespace

const std::vector<WorkloadKind>& workload_kinds() {
  static const std::vector<WorkloadKind> kinds{
      {"tasks", "independent tasks", {"--tasks"}},
      {"chain", "each task needs the one before", {"--tasks"}},
      {"fan", "a task, many that need it, one that needs all of them", {"--width"}},
      {"tree", "a binary reduction", {"--leaves"}},
      {"stencil", "rows of tasks that need three of the row before", {"--width", "--steps"}},
      {"random",
       "tasks that need earlier ones, sizes and priorities vary",
       {"--tasks", "--fan-in"}},
      {"map", "a map", {"--elements"}},
      {"skewed-map", "a map whose elements take longer and longer", {"--elements", "--skew"}},
      {"map-of-maps", "a map over a map over a map", {"--elements", "--steps"}},
      {"map-reduce", "a map, and tasks that reduce it", {"--elements", "--fan-in"}},
  };
  return kinds;
}

int read_command_line(int argc, char** argv, Settings& settings) {
  CLI::App app(
      "Runs a workload on the real scheduler and the real workers in virtual time, and says how "
      "good that was. The same options give the same run.");
  std::vector<std::string> names;
  for (const WorkloadKind& kind : workload_kinds()) names.push_back(kind.name);
  app.add_option("workload", settings.workload, "what to run")
      ->required()
      ->check(CLI::IsMember(names));
  app.option_defaults()->always_capture_default();
  settings.cluster.workers = 64;
  add_sizes(app, settings);
  add_cluster(app, settings);
  app.add_flag("--laws", settings.cluster.check_laws, "checks all laws after each event; slow");
  app.add_flag("--json", settings.json, "prints one JSON line");
  app.footer(list_of_workloads());
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    fmt::print(stderr, "tutti-sim: {}; --help lists what there is.\n", error.what());
    return 2;
  }
  if (settings.workload == "skewed-map" && app.count("--skew") == 0) settings.skew = 10;
  if (settings.workload == "map-of-maps" && app.count("--steps") == 0) settings.steps = 4;
  if (const std::optional<std::string> mistake = find_mistake(app, settings)) {
    fmt::print(stderr, "tutti-sim: {}.\n", *mistake);
    return 2;
  }
  convert(settings);
  return -1;
}

Workload make_workload(const Settings& settings) {
  const std::uint64_t duration_ns = std::max<std::uint64_t>(1, to_ns(settings.duration_us));
  const std::string& name = settings.workload;
  Workload work;
  if (name == "tasks") work = independent_tasks(settings.tasks, duration_ns);
  if (name == "chain") work = chain(settings.tasks, duration_ns);
  if (name == "fan") work = fan(settings.width, duration_ns);
  if (name == "tree") work = tree(settings.leaves, duration_ns);
  if (name == "stencil") work = stencil(settings.width, settings.steps, duration_ns);
  if (name == "map" || name == "skewed-map")
    work = map(settings.elements, duration_ns, settings.skew);
  if (name == "map-of-maps") work = map_of_map(settings.elements, settings.steps, duration_ns);
  if (name == "map-reduce") work = map_reduce(settings.elements, settings.fan_in, duration_ns);
  if (name == "random") {
    work = random_graph(settings.tasks, settings.fan_in, settings.cluster.seed);
    for (WorkItem& item : work) item.duration_ns = duration_ns;
  } else {
    for (WorkItem& item : work) item.result_bytes = settings.result_bytes;
  }
  if (settings.distribution == "lognormal")
    draw_durations(work, settings.sigma, settings.cluster.seed);
  return work;
}

}  // namespace tutti::sim

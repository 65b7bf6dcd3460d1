/// tutti-bench: measures one thing and prints it as one JSON line a figure. Started by mpirun -n R,
/// or alone.

#include "bench.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <string>

namespace bench {

const std::map<std::string, Case>& cases() {
  static const std::map<std::string, Case> all{
      {"actor", actor},
      {"map_empty", map_empty},
      {"submit_empty", submit_empty},
      {"roundtrip", roundtrip},
      {"roundtrip_idle", roundtrip_idle},
      {"chain", chain},
      {"payload", payload},
      {"broadcast", broadcast},
      {"idle", idle},
      {"memory", memory},
      {"sim", simulation},
      {"taskbench", taskbench},
      {"transfer", transfer},
      {"broadcast_memory", broadcast_memory},
      {"spill", spill},
      {"gather", gather},
      {"scatter", scatter},
  };
  return all;
}

namespace {

void print_line(const Figure& figure, int ranks, int repetitions) {
  nlohmann::ordered_json line;
  line["case"] = figure.name;
  line["system"] = "tutti";
  line["ranks"] = ranks;
  line["figure"] = figure.value;
  line["unit"] = figure.unit;
  line.update(figure.parameters);
  line["repetitions"] = repetitions;
  if (!figure.samples.empty()) line["samples"] = figure.samples;
  std::cout << line.dump() << std::endl;
}

void print_row(const Figure& figure) {
  const std::string bytes =
      figure.parameters.contains("bytes")
          ? fmt::format("{} B", figure.parameters["bytes"].get<std::uint64_t>())
          : "";
  fmt::print("{:<20} {:>14} {:>16.4g} {}\n", figure.name, bytes, figure.value, figure.unit);
  std::fflush(stdout);
}

/// Milliseconds from the return of MPI_Init until the first task has run.
Figure startup(tutti::Client& client) {
  const double client_seconds = client.seconds_since_start();
  (void)client.submit([] { return 1; }).result();
  Figure figure{
      "startup", client.seconds_since_start() * 1e3, "ms", nlohmann::ordered_json::object(), {}};
  figure.parameters["client_after_ms"] = client_seconds * 1e3;
  return figure;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  CLI::App app(
      "Measures tutti: one JSON line a figure, the median of its repetitions. 'all' prints a "
      "table, 'startup' the time from MPI_Init "
      "to the end of the first task.");
  std::string name;
  bench::Settings settings;
  std::vector<std::string> names{"all", "startup"};
  for (const auto& [each, function] : bench::cases()) names.push_back(each);
  app.add_option("case", name, "what to measure")->required()->check(CLI::IsMember(names));
  app.add_option("--count", settings.count, "tasks, calls or links (default: of the case)");
  app.add_option("--bytes", settings.bytes, "payload (default: 8 B to 256 MB)");
  app.add_option("--workers", settings.workers, "virtual workers of 'sim'")
      ->check(CLI::PositiveNumber);
  app.add_option("--repetitions", settings.repetitions, "runs, of which the median counts")
      ->check(CLI::PositiveNumber);
  app.add_option("--seconds", settings.seconds, "how long 'idle' watches")
      ->check(CLI::PositiveNumber);
  app.add_flag("--quick", settings.quick, "small sizes and few repetitions");
  taskbench::add_options(app, settings.taskbench);
  CLI11_PARSE(app, argc, argv);
  if (settings.quick) settings.repetitions = std::min(settings.repetitions, 3);

  return tutti::run(argc, argv, [&](tutti::Client& client) {
    if (name == "startup") {
      bench::print_line(bench::startup(client), client.ranks(), 1);
      return;
    }
    if (name != "all") {
      for (const bench::Figure& figure : bench::cases().at(name)(client, settings)) {
        bench::print_line(figure, client.ranks(), settings.repetitions);
      }
      return;
    }
    std::cout << client << std::endl;
    bench::print_row(bench::startup(client));
    for (const auto& [each, function] : bench::cases()) {
      for (const bench::Figure& figure : function(client, settings)) bench::print_row(figure);
    }
  });
}

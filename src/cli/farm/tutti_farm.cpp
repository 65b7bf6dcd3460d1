/// tutti-farm: what `tutti farm` becomes. It runs on every rank.

#include "cli/farm/command_line.hpp"
#include "farm/farm.hpp"
#include "farm/interruption.hpp"
#include "farm/runner.hpp"

#include <tutti/tutti.hpp>

#include <iostream>
#include <optional>

namespace {

constexpr int nothing_run_code = 255;

int run_on_rank0(tutti::Client& client, tutti::cli::FarmCommandLine& line) {
  if (!line.answer.empty()) {
    (line.answer_code == 0 ? std::cout : std::cerr) << line.answer << std::flush;
    return line.answer_code;
  }
  try {
    line.request.commands = tutti::cli::read_commands(line);
    if (line.dry_run) {
      for (const std::string& command : line.request.commands) std::cout << command << "\n";
      return 0;
    }
    return tutti::farm::run_farm(client, line.request);
  } catch (const tutti::Error& error) {
    std::cerr << "tutti farm: " << error.what() << std::endl;
    return nothing_run_code;
  }
}

}  // namespace

int main(int argc, char** argv) {
  tutti::cli::FarmCommandLine line = tutti::cli::farm_command_line(argc, argv);
  std::optional<tutti::farm::Runner> runner;
  try {
    // Before MPI and its threads: see Guard.
    if (line.answer.empty() && !line.dry_run) {
      runner.emplace(line.runner);
      tutti::farm::set_runner(&*runner);
      tutti::farm::catch_interruptions();
    }
  } catch (const tutti::Error& error) {
    std::cerr << "tutti farm: " << error.what() << std::endl;
    return nothing_run_code;
  }
  return tutti::run(argc, argv, line.options,
                    [&line](tutti::Client& client) { return run_on_rank0(client, line); });
}

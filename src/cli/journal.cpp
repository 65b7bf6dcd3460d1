#include "cli/commands.hpp"
#include "cli/process.hpp"
#include "tutti/error.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace tutti::cli {

void add_journal(CLI::App& app, int&) {
  CLI::App* command =
      app.add_subcommand("journal", "what a journal has: show, export or verify it");
  command->prefix_command();
  // The helper has the help of its own options.
  command->set_help_flag();
  command->callback([command] {
    const std::optional<std::string> helper = find_part("tutti-journal");
    if (!helper) {
      throw Error(ErrorCode::io,
                  "tutti-journal is missing, which reads journals; install tutti again, or build "
                  "its target tutti-journal");
    }
    std::vector<std::string> arguments{*helper};
    for (const std::string& each : command->remaining()) arguments.push_back(each);
    become(arguments);
  });
}

}  // namespace tutti::cli

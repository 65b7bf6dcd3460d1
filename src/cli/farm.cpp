#include "cli/commands.hpp"
#include "cli/process.hpp"
#include "tutti/error.hpp"

#include <CLI/CLI.hpp>

namespace tutti::cli {

void add_farm(CLI::App& app, int&) {
  CLI::App* command = app.add_subcommand("farm", "runs commands as tasks over all ranks");
  command->prefix_command();
  // All that follows is for tutti-farm, which links MPI, as this program does not.
  command->set_help_flag();
  command->callback([command] {
    const std::optional<std::string> program = find_part("tutti-farm");
    if (!program)
      throw Error(ErrorCode::io,
                  "tutti-farm is missing beside this program and in ../libexec/tutti: install "
                  "tutti again");
    std::vector<std::string> arguments{*program};
    for (const std::string& word : command->remaining()) arguments.push_back(word);
    become(arguments);
  });
}

}  // namespace tutti::cli

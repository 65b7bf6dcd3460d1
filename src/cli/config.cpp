#include "cli/commands.hpp"
#include "cli/job_request.hpp"
#include "tutti/error.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace tutti::cli {

void add_config(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("config", "settings of jobs");
  command->require_subcommand(1);
  CLI::App* show = command->add_subcommand("show", "prints each setting with its origin");
  const auto options = std::make_shared<JobRequestOptions>(*show);
  show->callback([options, &exit_code] {
    // Asks for everything, so that what is wrong is said.
    options->request();
    const std::string text = jobs::shown(options->layers());
    std::cout << (text.empty() ? "nothing is set: all settings have their defaults\n" : text);
    exit_code = 0;
  });
}

}  // namespace tutti::cli

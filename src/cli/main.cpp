/// tutti: job scripts for Slurm and PBS, the jobs made of them, and launching programs.

#include "cli/commands.hpp"
#include "tutti/error.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

int main(int argc, char** argv) {
  CLI::App app("tutti: job scripts, jobs, and launching programs", "tutti");
  int exit_code = 0;
  app.require_subcommand(1);
  tutti::cli::add_job_script(app, exit_code);
  tutti::cli::add_submit(app, exit_code);
  tutti::cli::add_list(app, exit_code);
  tutti::cli::add_logs(app, exit_code);
  tutti::cli::add_status(app, exit_code);
  tutti::cli::add_watch(app, exit_code);
  tutti::cli::add_scale(app, exit_code);
  tutti::cli::add_adapt(app, exit_code);
  tutti::cli::add_stop(app, exit_code);
  tutti::cli::add_run(app, exit_code);
  tutti::cli::add_farm(app, exit_code);
  tutti::cli::add_config(app, exit_code);
  tutti::cli::add_journal(app, exit_code);
  tutti::cli::add_doctor(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const tutti::Error& error) {
    std::cerr << "tutti: " << error.what() << "\n";
    return error.code() == tutti::ErrorCode::bad_argument ? 2 : 1;
  } catch (const std::exception& error) {
    std::cerr << "tutti: " << error.what() << "\n";
    return 1;
  }
  return exit_code;
}

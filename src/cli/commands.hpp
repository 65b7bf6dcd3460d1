#pragma once

/// The subcommands of `tutti`, one file each. Each adds itself to `app`; when it is chosen it runs
/// while the command line is parsed and puts its exit code into `exit_code`.

namespace CLI {
class App;
}

namespace tutti::cli {

void add_job_script(CLI::App& app, int& exit_code);
void add_submit(CLI::App& app, int& exit_code);
void add_list(CLI::App& app, int& exit_code);
void add_logs(CLI::App& app, int& exit_code);
void add_status(CLI::App& app, int& exit_code);
void add_watch(CLI::App& app, int& exit_code);
void add_scale(CLI::App& app, int& exit_code);
void add_adapt(CLI::App& app, int& exit_code);
void add_stop(CLI::App& app, int& exit_code);
void add_run(CLI::App& app, int& exit_code);
void add_farm(CLI::App& app, int& exit_code);
void add_config(CLI::App& app, int& exit_code);
void add_journal(CLI::App& app, int& exit_code);
void add_doctor(CLI::App& app, int& exit_code);

}  // namespace tutti::cli

#include "cli/farm/command_line.hpp"

#include "farm/command_list.hpp"
#include "jobs/quantities.hpp"
#include "tutti/error.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

namespace tutti::cli {
namespace {

constexpr int usage_code = 255;

std::string read_stream(std::istream& stream, const std::string& name) {
  std::ostringstream content;
  content << stream.rdbuf();
  if (stream.bad()) throw Error(ErrorCode::io, "cannot read " + name);
  return content.str();
}

std::string read_input(const std::string& path) {
  if (path == "-") return read_stream(std::cin, "standard input");
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    throw Error(ErrorCode::io, "cannot read the file '" + path + "': " + std::strerror(errno));
  return read_stream(stream, "the file '" + path + "'");
}

/// "90", "1.5", "90s", "5m", "1h30m".
std::chrono::milliseconds time_limit(const std::string& text) {
  double seconds = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, seconds);
  const bool bare = result.ec == std::errc{} && result.ptr == end;
  if (!bare) seconds = static_cast<double>(jobs::walltime_seconds("--timeout", text));
  constexpr double longest_s = 366.0 * 86400;
  if (!(seconds > 0) || seconds > longest_s)
    throw Error(ErrorCode::bad_argument,
                "--timeout takes seconds above 0, or a time such as 5m or "
                "1h30m, of at most a year, and not '" +
                    text + "'");
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

struct Texts {
  std::string halt;
  std::string timeout;
  std::string results;
  std::string logs;
  std::uint32_t jobs = 0;
  bool resume = false;
  bool resume_failed = false;
  bool ungroup = false;
};

void add_options(CLI::App& app, FarmCommandLine& line, Texts& texts) {
  app.add_option("-j,--jobs", texts.jobs, "commands at once on each rank; else one a core")
      ->check(CLI::Range(1u, 1024u));
  app.add_option("--cores", line.runner.cores, "cores of each command, 1")
      ->check(CLI::Range(1u, 4096u));
  app.add_option("-a,--arg-file", line.arguments_file, "values for {} from the lines of a file");
  app.add_option("--joblog", line.request.joblog, "a line for each command that has ended");
  app.add_flag("--resume", texts.resume, "leaves out the commands that the joblog has");
  app.add_flag("--resume-failed", texts.resume_failed,
               "the same, but runs those that failed again");
  app.add_option("--retries", line.request.tries, "tries of a command that fails, in all, 1")
      ->check(CLI::Range(1u, 1'000'000u));
  app.add_option("--timeout", texts.timeout, "a command that takes longer is ended: 90, 5m, 1h30m");
  app.add_option("--halt", texts.halt,
                 "when to stop early: soon,fail=1  now,fail=3  soon,fail=20%  now,success=1");
  CLI::Option* results =
      app.add_option("--results", texts.results, "output into DIR/NUMBER/stdout and stderr");
  CLI::Option* logs = app.add_option("--logs", texts.logs, "output into DIR/NUMBER.log");
  CLI::Option* ungroup =
      app.add_flag("-u,--ungroup", texts.ungroup, "output as it comes, lines of commands mixed");
  results->excludes(logs)->excludes(ungroup);
  logs->excludes(ungroup);
  app.add_flag("-k,--keep-order", line.request.keep_order, "output in the order of the commands");
  app.add_option("--shell", line.runner.shell, "runs the commands, /bin/sh");
  app.add_flag("-q,--quiet", line.request.quiet, "no progress and no summary");
  app.add_flag("--dry-run", line.dry_run, "prints the commands and runs none");
}

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    throw Error(ErrorCode::io, "cannot make the folder '" + path + "': " + error.message());
}

void take_output(FarmCommandLine& line, const Texts& texts) {
  using farm::OutputTo;
  if (texts.ungroup) line.runner.output_to = OutputTo::rank;
  if (!texts.results.empty()) line.runner.output_to = OutputTo::result_files;
  if (!texts.logs.empty()) line.runner.output_to = OutputTo::log_files;
  line.runner.directory = texts.results + texts.logs;
  if (!line.runner.directory.empty()) make_folder(line.runner.directory);
}

/// The command line has the last word: what a job script has set for all programs gives way.
void take_slots(FarmCommandLine& line, const Texts& texts) {
  constexpr const char* variable = "TUTTI_THREADS_PER_WORKER";
  line.options.rank0_works = true;
  line.options.cores_per_task = line.runner.cores;
  const char* given = std::getenv(variable);
  std::uint32_t slots = texts.jobs;
  if (slots == 0 && given != nullptr)
    slots = std::max<std::uint32_t>(
        1, static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10)) / line.runner.cores);
  if (slots > 0) ::setenv(variable, std::to_string(slots).c_str(), 1);
}

void take(FarmCommandLine& line, const Texts& texts) {
  if (!texts.halt.empty()) line.request.halt = farm::HaltRule(texts.halt);
  if (!texts.timeout.empty()) line.runner.timeout = time_limit(texts.timeout);
  if (texts.resume) line.request.resume = farm::Resume::finished;
  if (texts.resume_failed) line.request.resume = farm::Resume::well;
  if (line.request.resume != farm::Resume::no && line.request.joblog.empty())
    throw Error(ErrorCode::bad_argument,
                "--resume needs the joblog of the run before: --joblog FILE");
  if (!line.words.empty() && line.words[0].starts_with("-") && line.words[0] != "-")
    throw Error(ErrorCode::bad_argument,
                "there is no option " + line.words[0] + ": see tutti farm --help");
  take_output(line, texts);
  take_slots(line, texts);
}

}  // namespace

FarmCommandLine farm_command_line(int argc, char** argv) {
  FarmCommandLine line;
  Texts texts;
  CLI::App app("runs commands as tasks over all ranks", "tutti farm");
  app.prefix_command();
  app.footer(
      "Behind the options, one of\n"
      "  FILE                       a command a line\n"
      "  nothing, or -              the same from standard input\n"
      "  COMMAND ::: VALUE...       a command for each value, in the place of {}; {.} {/} {//} "
      "{/.}\n"
      "                             are parts of it, {#} is its number, {2} is the second list's\n"
      "  COMMAND :::: FILE...       the same with the lines of files\n"
      "  -a FILE COMMAND            the same\n"
      "Each command finds its number in TUTTI_TASK_ID and that of its slot in TUTTI_TASK_SLOT.\n"
      "Exit code: the number of commands that failed, 101 for more than 100 (76 stands for 75 and\n"
      "76); 75 near the end of the job and after SIGUSR1, to be run again with --resume; 128 and "
      "the\n"
      "number after SIGINT and SIGTERM; 255 when nothing could be run.");
  add_options(app, line, texts);
  try {
    app.parse(argc, argv);
    line.words = app.remaining();
    take(line, texts);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream mistakes;
    const bool wrong = app.exit(error, out, mistakes) != 0;
    line.answer = wrong ? "tutti farm: " + mistakes.str() : out.str();
    line.answer_code = wrong ? usage_code : 0;
  } catch (const Error& error) {
    line.answer = std::string("tutti farm: ") + error.what() + "\n";
    line.answer_code = usage_code;
  }
  return line;
}

std::vector<std::string> read_commands(const FarmCommandLine& line) {
  if (farm::has_lists(line.words) || !line.arguments_file.empty()) {
    farm::CommandWords words = farm::command_words(line.words, read_input);
    if (!line.arguments_file.empty())
      words.lists.insert(words.lists.begin(),
                         {.values = farm::lines_in(read_input(line.arguments_file))});
    return farm::commands_of(words);
  }
  if (line.words.size() > 1)
    throw Error(ErrorCode::bad_argument,
                "behind the options stands one file of commands, or a command with its values: "
                "tutti farm '" +
                    line.words[0] + " {}' ::: a b c");
  return farm::commands_in(read_input(line.words.empty() ? "-" : line.words[0]));
}

}  // namespace tutti::cli

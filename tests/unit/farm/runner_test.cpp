#include "farm/runner.hpp"

#include "support/temporary_directory.hpp"
#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <sstream>
#include <stdlib.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;
using tutti::farm::CommandEnd;
using tutti::farm::OutputTo;
using tutti::farm::Runner;

namespace {

/// One for all tests: it forks.
Runner& runner() {
  static Runner result({.cores = 3});
  return result;
}

CommandEnd run(const std::string& line) { return runner().run({.number = 12, .line = line}); }

std::string content(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a command gives its exit code or its signal, and what it wrote") {
  const CommandEnd good = run("echo out; echo err >&2");
  CHECK(good.exit_value == 0);
  CHECK(good.signal == 0);
  CHECK(good.output == "out\n");
  CHECK(good.messages == "err\n");
  CHECK(good.output_bytes == 4);
  CHECK(good.run_s > 0);
  CHECK(run("exit 3").exit_value == 3);
  const CommandEnd killed = run("kill -9 $$");
  CHECK(killed.signal == SIGKILL);
  CHECK(killed.exit_value == 0);
}

TEST_CASE("a command without signs of the shell is started without one") {
  CHECK(run("true").exit_value == 0);
  CHECK(run("false").exit_value == 1);
  CHECK(run("echo a  b").output == "a b\n");
  // No program, but a command of the shell.
  CHECK(run("exit 7").exit_value == 7);
  const CommandEnd unknown = run("no_such_program_here");
  CHECK(unknown.exit_value == 127);
  CHECK(unknown.messages.find("no_such_program_here") != std::string::npos);
}

TEST_CASE("a command knows its number, its slot and its cores, and reads nothing") {
  CHECK(run("echo $TUTTI_TASK_ID $TUTTI_TASK_SLOT $OMP_NUM_THREADS").output == "12 1 3\n");
  CHECK(run("cat").output.empty());
  CHECK(run("env | grep -c ^TUTTI_").output == "2\n");
  // Standard input, output and error, and the folder that is being read.
  CHECK(run("ls /proc/self/fd | wc -l").output == "4\n");
}

TEST_CASE("a command has the usual reactions to signals") {
  ::signal(SIGPIPE, SIG_IGN);
  const CommandEnd end = run("kill -PIPE $$; echo still here");
  ::signal(SIGPIPE, SIG_DFL);
  CHECK(end.signal == SIGPIPE);
}

TEST_CASE("large output is whole") {
  const CommandEnd end = run("head -c 3000000 /dev/zero");
  CHECK(end.output.size() == 3'000'000);
  CHECK(end.output_bytes == 3'000'000);
}

TEST_CASE("a command that takes too long is ended, with what it has started") {
  Runner impatient({.timeout = 300ms, .time_to_end = 200ms});
  const CommandEnd end = impatient.run({.number = 1, .line = "sleep 60 & echo $!; wait"});
  CHECK(end.timed_out);
  CHECK(end.signal == SIGTERM);
  CHECK(end.run_s < 30);
  const pid_t grandchild = std::stoi(end.output);
  // It is nobody's child here: gone is when the system has taken it away.
  for (int tries = 0; tries < 1000 && ::kill(grandchild, 0) == 0; ++tries)
    std::this_thread::sleep_for(10ms);
  CHECK(::kill(grandchild, 0) != 0);
}

TEST_CASE("a command that does not hear TERM is killed, one that answers it well has failed") {
  Runner impatient({.timeout = 300ms, .time_to_end = 200ms});
  CHECK(impatient.run({.number = 1, .line = "trap '' TERM; while :; do sleep 1; done"}).signal ==
        SIGKILL);
  const CommandEnd polite =
      impatient.run({.number = 1, .line = "trap 'exit 0' TERM; while :; do sleep 0.01; done"});
  CHECK(polite.timed_out);
  CHECK(polite.signal == SIGTERM);
}

TEST_CASE("many threads run commands at once, each in a slot of its own") {
  std::vector<std::thread> threads;
  std::vector<std::string> slots(8);
  const tutti::testing::TemporaryDirectory folder;
  // All eight run until all eight are there.
  const std::string line = "touch " + folder.path().string() + "/$TUTTI_TASK_SLOT; while [ $(ls " +
                           folder.path().string() + " | wc -l) -lt 8 ]; do sleep 0.01; done";
  for (std::uint64_t i = 0; i < slots.size(); ++i)
    threads.emplace_back([&line, i] { runner().run({.number = i, .line = line}); });
  for (std::thread& thread : threads) thread.join();
  for (int slot = 1; slot <= 8; ++slot)
    CHECK(std::filesystem::exists(folder / std::to_string(slot)));
}

TEST_CASE("output goes to files of results or logs") {
  const tutti::testing::TemporaryDirectory folder;
  Runner results({.output_to = OutputTo::result_files, .directory = folder.path().string()});
  const CommandEnd end = results.run({.number = 5, .line = "echo out; echo err >&2"});
  CHECK(end.output.empty());
  CHECK(end.output_bytes == 4);
  CHECK(content(folder / "5/stdout") == "out\n");
  CHECK(content(folder / "5/stderr") == "err\n");
  Runner logs({.output_to = OutputTo::log_files, .directory = folder.path().string()});
  logs.run({.number = 6, .line = "echo out; echo err >&2; echo end"});
  CHECK(content(folder / "6.log") == "out\nerr\nend\n");
  std::filesystem::remove_all(folder.path());
  CHECK_THROWS_WITH_AS(logs.run({.number = 7, .line = "true"}), doctest::Contains("/7.log"),
                       tutti::Error);
}

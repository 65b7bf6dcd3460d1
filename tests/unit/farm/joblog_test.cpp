#include "farm/joblog.hpp"

#include "farm/joblog_file.hpp"
#include "support/temporary_directory.hpp"
#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

using tutti::Error;
using tutti::farm::joblog_entries;
using tutti::farm::joblog_header;
using tutti::farm::joblog_line;
using tutti::farm::JoblogEntry;
using tutti::farm::JoblogFile;
using tutti::farm::left_to_run;
using tutti::farm::Resume;
using tutti::farm::whole_lines;

namespace {

const std::string header(joblog_header);

JoblogEntry entry(std::uint64_t number, const std::string& command, int exit_value = 0) {
  return {.number = number, .host = "n1", .exit_value = exit_value, .command = command};
}

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// A path in a folder that goes with it.
struct TemporaryPath {
  tutti::testing::TemporaryDirectory folder;
  std::string path = (folder / "log").string();
};

}  // namespace

TEST_CASE("a line is what GNU parallel writes") {
  CHECK(header == "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n");
  CHECK(joblog_line({.number = 3,
                     .host = "node7",
                     .start_s = 1700000000.1234,
                     .run_s = 1.5,
                     .received_bytes = 12,
                     .exit_value = 2,
                     .command = "echo a\tb"}) ==
        "3\tnode7\t1700000000.123\t     1.500\t0\t12\t2\t0\techo a\tb\n");
}

TEST_CASE("what is written is read again, with the command whole") {
  const std::string line = joblog_line({.number = 3,
                                        .host = ":",
                                        .start_s = 1.25,
                                        .run_s = 0.5,
                                        .sent_bytes = 1,
                                        .received_bytes = 2,
                                        .exit_value = -1,
                                        .signal = 15,
                                        .command = "a\t b"});
  const auto entries = joblog_entries(header + line);
  REQUIRE(entries.size() == 1);
  CHECK(joblog_line(entries[0]) == line);
  CHECK(entries[0].failed());
}

TEST_CASE("a line that was cut off is no line") {
  const std::string whole = header + joblog_line(entry(1, "a"));
  CHECK(joblog_entries(whole + "2\tn1\t17").size() == 1);
  CHECK(whole_lines(whole + "2\tn1") == whole.size());
  CHECK(joblog_entries("Seq\tHo").empty());
  CHECK(joblog_entries("").empty());
}

TEST_CASE("a file that is no joblog is refused with the line") {
  CHECK_THROWS_WITH_AS(joblog_entries("hello\n"), doctest::Contains("line 1"), Error);
  CHECK_THROWS_WITH_AS(joblog_entries(header + joblog_line(entry(1, "a")) + "x\n"),
                       doctest::Contains("line 3 is none of a joblog: 'x'"), Error);
}

TEST_CASE("a resumed farm leaves out what the joblog has, or what it has and was well") {
  const std::vector<std::string> commands{"a", "b", "c", "d"};
  const std::vector<JoblogEntry> entries{entry(2, "b"), entry(3, "c", 1)};
  using Numbers = std::vector<std::uint64_t>;
  CHECK(left_to_run(commands, entries, Resume::no) == Numbers{1, 2, 3, 4});
  CHECK(left_to_run(commands, entries, Resume::finished) == Numbers{1, 4});
  CHECK(left_to_run(commands, entries, Resume::well) == Numbers{1, 3, 4});
}

TEST_CASE("the last entry of a command counts") {
  using Numbers = std::vector<std::uint64_t>;
  CHECK(left_to_run({"a", "b"}, {entry(1, "a", 1), entry(1, "a"), entry(2, "b"), entry(2, "b", 9)},
                    Resume::well) == Numbers{2});
}

TEST_CASE("a joblog of other commands is refused") {
  CHECK_THROWS_WITH_AS(left_to_run({"a"}, {entry(1, "b")}, Resume::finished),
                       doctest::Contains("command 1 was 'b' in the joblog and is 'a' now"), Error);
  CHECK_THROWS_WITH_AS(left_to_run({"a"}, {entry(2, "a")}, Resume::finished),
                       doctest::Contains("command 2, but there are 1"), Error);
}

TEST_CASE("the file of a joblog is begun anew, or gone on with behind its last whole line") {
  const TemporaryPath temporary;
  {
    JoblogFile file(temporary.path, Resume::no);
    file.add(entry(1, "a"));
    CHECK_THROWS_WITH_AS(JoblogFile(temporary.path, Resume::finished),
                         doctest::Contains("another farm writes the joblog"), Error);
  }
  const std::string first = header + joblog_line(entry(1, "a"));
  CHECK(content(temporary.path) == first);
  std::ofstream(temporary.path, std::ios::app) << "2\tcut";
  {
    JoblogFile file(temporary.path, Resume::finished);
    REQUIRE(file.entries().size() == 1);
    file.add(entry(2, "b"));
  }
  CHECK(content(temporary.path) == first + joblog_line(entry(2, "b")));
  { const JoblogFile file(temporary.path, Resume::no); }
  CHECK(content(temporary.path) == header);
}

TEST_CASE("a joblog that cannot be written is an error with its path") {
  CHECK_THROWS_WITH_AS(JoblogFile("/nonexistent/log", Resume::no),
                       doctest::Contains("/nonexistent/log"), Error);
}

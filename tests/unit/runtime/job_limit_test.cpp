#include "runtime/job_limit.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>

using tutti::Options;
using tutti::runtime::Environment;
using tutti::runtime::JobLimit;
using Clock = JobLimit::Clock;

namespace {

double left_s(JobLimit& limit) {
  return std::chrono::duration<double>(*limit.end() - Clock::now()).count();
}

/// A program of this name on the PATH that prints `text`.
class FakeCommand {
 public:
  FakeCommand(const std::string& name, const std::string& text) {
    std::string pattern = (std::filesystem::temp_directory_path() / "limit-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    std::ofstream(folder_ / name) << "#!/bin/sh\necho \"$@\" >" << (folder_ / "asked").string()
                                  << "\ncat <<'END'\n"
                                  << text << "END\n";
    std::filesystem::permissions(folder_ / name, std::filesystem::perms::owner_all);
    path_ = std::getenv("PATH");
    ::setenv("PATH", (folder_.string() + ":" + path_).c_str(), 1);
  }
  ~FakeCommand() {
    ::setenv("PATH", path_.c_str(), 1);
    std::filesystem::remove_all(folder_);
  }
  std::string asked() const {
    std::string words;
    std::ifstream stream(folder_ / "asked");
    std::getline(stream, words);
    return words;
  }

 private:
  std::filesystem::path folder_;
  std::string path_;
};

/// Asks until there is an answer.
bool answered(JobLimit& limit) {
  for (int tries = 0; tries < 2000; ++tries) {
    if (limit.end()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace

TEST_CASE("the option says when the job ends, whatever the batch system does") {
  Options options;
  options.walltime_s = 600;
  JobLimit limit(options, {{"SLURM_JOB_ID", "7"}, {"SLURM_JOB_END_TIME", "1"}});
  CHECK(left_s(limit) > 590);
  CHECK(left_s(limit) <= 600);
}

TEST_CASE("a variable of Slurm says when the job ends") {
  JobLimit limit({}, {{"SLURM_JOB_END_TIME", std::to_string(std::time(nullptr) + 300)}});
  CHECK(left_s(limit) > 290);
  CHECK(left_s(limit) <= 301);
}

TEST_CASE("outside of a job there is no end, and nobody is asked") {
  JobLimit limit({}, {{"HOME", "/root"}, {"SLURM_JOB_END_TIME", ""}});
  CHECK_FALSE(limit.end().has_value());
}

TEST_CASE("Slurm is asked once") {
  const FakeCommand squeue("squeue", "7|RUNNING|2|2026-01-01T00:00:00|9:58|None|7\n");
  JobLimit limit({}, {{"SLURM_JOB_ID", "7"}});
  CHECK_FALSE(limit.end().has_value());
  REQUIRE(answered(limit));
  CHECK(left_s(limit) > 580);
  CHECK(left_s(limit) <= 598);
  CHECK(squeue.asked().find("--jobs=7") != std::string::npos);
}

TEST_CASE("PBS is asked once") {
  const FakeCommand qstat("qstat",
                          "Job Id: 12.server\n    job_state = R\n"
                          "    Resource_List.walltime = 01:00:00\n"
                          "    resources_used.walltime = 00:30:00\n");
  JobLimit limit({}, {{"PBS_JOBID", "12.server"}});
  REQUIRE(answered(limit));
  CHECK(left_s(limit) > 1780);
  CHECK(left_s(limit) <= 1800);
  CHECK(qstat.asked() == "-f 12.server");
}

TEST_CASE("what is left is read in all forms of Slurm and PBS") {
  using std::chrono::seconds;
  CHECK(JobLimit::seconds_left("9:58") == seconds(598));
  CHECK(JobLimit::seconds_left("1:02:03") == seconds(3723));
  CHECK(JobLimit::seconds_left("1-02:03:04") == seconds(93784));
  CHECK(JobLimit::seconds_left("00:39:55") == seconds(2395));
  CHECK(JobLimit::seconds_left("0:00") == seconds(0));
  CHECK_FALSE(JobLimit::seconds_left("UNLIMITED").has_value());
  CHECK_FALSE(JobLimit::seconds_left("").has_value());
}

#include "runtime/job_files.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdlib.h>
#include <unistd.h>

using tutti::runtime::JobFiles;
using tutti::runtime::JobProgress;
using tutti::runtime::status_text;

namespace {

struct TemporaryFolder {
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "job-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

std::string content(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("the status tells how far the run is and what its workers use") {
  JobProgress progress;
  progress.snapshot.counts.tasks_done = 57;
  progress.snapshot.counts.outstanding = 4;
  progress.tasks_left = 75;
  progress.seconds = 12.34;
  progress.ending = "somebody said \"stop\"";
  tutti::scheduler::WorkerSnapshot worker;
  worker.rank = 1;
  worker.slots = 2;
  worker.memory.process_bytes = 1000;
  worker.memory_limit_bytes = 4000;
  progress.snapshot.workers = {worker};
  std::vector<tutti::transport::Place> places(2);
  places[1].host = "node7";
  CHECK(status_text(progress, places, 1'700'000'000) ==
        "{\n  \"version\": 1,\n  \"time\": 1700000000,\n  \"seconds\": 12.3,\n  \"done\": 57,\n"
        "  \"left\": 75,\n  \"outstanding\": 4,\n"
        "  \"ending\": \"somebody said \\\"stop\\\"\",\n  \"over\": false,\n"
        "  \"workers\": [\n    {\"rank\": 1, \"host\": \"node7\", \"slots\": 2, "
        "\"outstanding\": 0, \"memory_bytes\": 1000, \"memory_limit_bytes\": 4000, "
        "\"spilled_bytes\": 0, \"paused\": false, \"parked\": false}]\n}\n");
}

TEST_CASE("the status replaces the one before, and is the owner's alone") {
  const TemporaryFolder folder;
  JobFiles files(folder.path);
  CHECK(files.is_due());
  files.write_status("one\n");
  CHECK_FALSE(files.is_due());
  files.write_status("two\n");
  CHECK(content(folder.path / "status.json") == "two\n");
  CHECK_FALSE(std::filesystem::exists(folder.path / "status.json.new"));
  CHECK((std::filesystem::status(folder.path / "status.json").permissions() &
         (std::filesystem::perms::group_all | std::filesystem::perms::others_all)) ==
        std::filesystem::perms::none);
}

TEST_CASE("a folder that has vanished is no reason to end") {
  JobFiles files("/nonexistent/job");
  files.write_status("one\n");
  files.write_status("two\n");
  CHECK_FALSE(files.is_stop_requested());
}

TEST_CASE("without a folder nothing is due") { CHECK_FALSE(JobFiles("").is_due()); }

TEST_CASE("a request to stop is a file of the same user") {
  const TemporaryFolder folder;
  const JobFiles files(folder.path);
  CHECK_FALSE(files.is_stop_requested());
  const std::filesystem::path request = folder.path / "stop";
  std::ofstream(request) << "\n";
  CHECK(files.is_stop_requested());
  if (::geteuid() == 0) {
    REQUIRE(::chown(request.c_str(), 12345, 12345) == 0);
    CHECK_FALSE(files.is_stop_requested());
  }
  std::filesystem::remove(request);
  std::filesystem::create_symlink("/etc/passwd", request);
  CHECK_FALSE(files.is_stop_requested());
}

TEST_CASE("a request is taken once, and only from the user's own file") {
  const TemporaryFolder folder;
  const JobFiles files(folder.path);
  CHECK_EQ(files.take_request("scale"), "");
  std::ofstream(folder.path / "scale") << "1 8\n";
  CHECK_EQ(files.take_request("scale"), "1 8\n");
  CHECK_EQ(files.take_request("scale"), "");
  std::filesystem::create_symlink("/etc/hostname", folder.path / "scale");
  CHECK_EQ(files.take_request("scale"), "");
  CHECK_EQ(JobFiles("").take_request("scale"), "");
}

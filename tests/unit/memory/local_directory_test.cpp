#include "memory/local_directory.hpp"

#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace tutti::memory {
namespace {

Lookup lookup_in(std::map<std::string, std::string> variables) {
  return [variables](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(std::string(name));
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST_CASE("variables in a path are replaced") {
  const Lookup lookup = lookup_in({{"USER", "ann"}, {"JOB", "7"}});
  CHECK_EQ(expanded("/scratch/$USER/${JOB}x", lookup), "/scratch/ann/7x");
  CHECK_EQ(expanded("$USER$JOB", lookup), "ann7");
  CHECK_EQ(expanded("/a$/b$$/${", lookup), "/a$/b$$/${");
  CHECK_EQ(expanded("", lookup), "");
}

TEST_CASE("a variable that is not set is an error that names it") {
  try {
    (void)expanded("/scratch/$NOBODY", lookup_in({}));
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::bad_argument);
    CHECK(std::string(error.what()).find("NOBODY") != std::string::npos);
  }
}

TEST_CASE("the option comes first, then the job's directory, then the system's") {
  const Lookup job = lookup_in({{"SLURM_TMPDIR", "/job"}, {"TMPDIR", "/tmp/of/user"}});
  CHECK_EQ(local_directory("/given", job), "/given");
  CHECK_EQ(local_directory("$SLURM_TMPDIR/x", job), "/job/x");
  CHECK_EQ(local_directory("", job), "/job");
  CHECK_EQ(local_directory("", lookup_in({{"TMPDIR", "/t"}})), "/t");
  CHECK_EQ(local_directory("", lookup_in({{"TMPDIR", ""}})), "/tmp");
}

TEST_CASE("network and memory file systems are told from disks") {
  CHECK(file_system_of(0x6969).kind == FileSystemKind::network);
  CHECK_EQ(file_system_of(0x0bd00bd0).name, "Lustre");
  CHECK_EQ(file_system_of(0xff534d42).name, "CIFS");
  CHECK(file_system_of(0x01021994).kind == FileSystemKind::memory);
  CHECK(file_system_of(0xef53).kind == FileSystemKind::disk);
}

TEST_CASE("a directory in memory and one that is not there are told of") {
  struct stat facts {};
  if (::stat("/dev/shm", &facts) == 0)
    CHECK(problem_of_directory("/dev/shm").text.find("lies in memory (tmpfs)") !=
          std::string::npos);
  CHECK(!problem_of_directory("/dev/shm").is_unusable);
  const DirectoryProblem problem = problem_of_directory("/no/such/directory");
  CHECK(problem.text.find("/no/such/directory") != std::string::npos);
  CHECK(problem.text.find("No such file") != std::string::npos);
  CHECK(problem.is_unusable);
  const DirectoryProblem file = problem_of_directory("/proc/self/exe");
  CHECK(file.text.find("Not a directory") != std::string::npos);
  CHECK(file.is_unusable);
}

TEST_CASE("a file without a name leaves nothing in its directory") {
  std::string pattern = (std::filesystem::temp_directory_path() / "tutti-test-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  const int file = open_unnamed_file(pattern, 3);
  CHECK(file >= 0);
  CHECK(std::filesystem::is_empty(pattern));
  struct stat facts {};
  CHECK_EQ(::fstat(file, &facts), 0);
  CHECK_EQ(facts.st_mode & 0777u, 0600u);
  CHECK(free_bytes(file) > 0);
  ::close(file);
  std::filesystem::remove(pattern);
  CHECK_THROWS_AS(open_unnamed_file(pattern, 3), Error);
}

}  // namespace
}  // namespace tutti::memory

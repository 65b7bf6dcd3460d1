#include "jobs/job_plan.hpp"

#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>

using namespace tutti;
using namespace tutti::jobs;

namespace {

void check_refused(const std::function<void(JobOptions&)>& change, const char* words,
                   BatchSystem system = BatchSystem::slurm) {
  JobOptions options{.program = "./app", .ranks_per_node = 4};
  change(options);
  CAPTURE(words);
  CHECK_THROWS_WITH_AS(plan_of(options, system), doctest::Contains(words), Error);
}

}  // namespace

TEST_CASE("cores alone are split by the documented rule") {
  const auto ranks = [](std::uint32_t cores) { return split_cores(cores, 0, 0).ranks_per_node; };
  CHECK(ranks(1) == 1);
  CHECK(ranks(4) == 4);
  CHECK(ranks(6) == 3);
  CHECK(ranks(7) == 7);
  CHECK(ranks(16) == 4);
  CHECK(ranks(48) == 8);
  CHECK(ranks(128) == 16);
  CHECK(split_cores(48, 0, 0).worker_cores == 6);
}

TEST_CASE("from two numbers the third follows") {
  CHECK(split_cores(48, 4, 0).worker_cores == 12);
  CHECK(split_cores(48, 0, 6).ranks_per_node == 8);
  CHECK(split_cores(48, 5, 0).worker_cores == 9);
  CHECK(split_cores(48, 5, 0).rule.find("3 cores stay idle") != std::string::npos);
  CHECK(split_cores(7, 3, 0).rule.find(", 1 core stays idle") != std::string::npos);
  CHECK(split_cores(0, 3, 2).ranks_per_node == 3);
  CHECK(split_cores(0, 0, 2).ranks_per_node == 1);
  CHECK_THROWS_AS(split_cores(0, 0, 0), Error);
  CHECK_THROWS_AS(split_cores(4, 4, 2), Error);
  CHECK_THROWS_AS(split_cores(4, 8, 0), Error);
  CHECK_THROWS_AS(split_cores(4, 0, 8), Error);
}

TEST_CASE("memory of node and rank follow from each other") {
  JobOptions options{.ranks_per_node = 4, .memory = "8GiB"};
  CHECK(plan_of(options, BatchSystem::slurm).worker_memory_bytes == std::uint64_t{2} << 30);
  options = {.ranks_per_node = 4, .worker_memory = "1GiB"};
  CHECK(plan_of(options, BatchSystem::slurm).memory_bytes == std::uint64_t{4} << 30);
  options.memory = "5GiB";
  CHECK(plan_of(options, BatchSystem::slurm).memory_bytes == std::uint64_t{5} << 30);
  options.memory = "3GiB";
  CHECK_THROWS_WITH_AS(plan_of(options, BatchSystem::slurm), doctest::Contains("raise memory"),
                       Error);
}

TEST_CASE("what cannot stand in a script is refused by name") {
  check_refused([](JobOptions& job) { job.name = "a b"; }, "the option name is 'a b'");
  check_refused([](JobOptions& job) { job.name = ""; }, "the option name");
  check_refused([](JobOptions& job) { job.queue = "q --uid=0"; }, "the option queue");
  check_refused([](JobOptions& job) { job.account = "a\n#SBATCH -x"; }, "the option account");
  check_refused([](JobOptions& job) { job.modules = {"hdf5;id"}; }, "the option modules");
  check_refused([](JobOptions& job) { job.interface = "ib0'; id"; }, "the option interface");
  check_refused([](JobOptions& job) { job.array = "0-9 x"; }, "the option array");
  check_refused([](JobOptions& job) { job.shebang = "bash"; }, "must begin with #!");
  check_refused([](JobOptions& job) { job.shebang = "#!/bin/sh\nid"; }, "the option shebang");
  check_refused([](JobOptions& job) { job.job_extra_directives = {"-q a\nid"}; },
                "the option extra");
  check_refused([](JobOptions& job) { job.job_script_prologue = {"a\nb"}; }, "the option prologue");
  check_refused([](JobOptions& job) { job.arguments = {"a\nb"}; }, "the option arguments");
  check_refused(
      [](JobOptions& job) {
        job.program = "";
        job.arguments = {"a"};
      },
      "no program");
  check_refused([](JobOptions& job) { job.env = {{"A;id", "x"}}; }, "names the variable 'A;id'");
  check_refused([](JobOptions& job) { job.env = {{"A", "x\ny"}}; }, "the option env");
  check_refused([](JobOptions& job) { job.log_directory = "a b"; }, "the option log_directory");
  check_refused([](JobOptions& job) { job.job_directives_skip = {""}; }, "skip");
  check_refused([](JobOptions& job) { job.launcher = "mpirum"; }, "did you mean mpirun?");
  check_refused([](JobOptions& job) { job.nodes = 0; }, "the option nodes is 0");
  check_refused([](JobOptions& job) { job.ranks_per_node = 0; }, "neither cores");
  check_refused([](JobOptions& job) { job.warn_s = 1800; }, "the option warn");
  check_refused([](JobOptions& job) { job.resource_spec = "select=1"; }, "is for PBS");
  check_refused([](JobOptions& job) { job.resource_spec = "select=1 -q x"; }, "resource_spec",
                BatchSystem::pbs);
  check_refused(
      [](JobOptions& job) {
        job.requeue = true;
        job.array = "0-9";
      },
      "do not go together", BatchSystem::pbs);
}

TEST_CASE("limits of a site are checked, each by its name") {
  const JobPlan plan = plan_of({.walltime = "02:00:00", .nodes = 4, .cores = 48, .memory = "10GB"},
                               BatchSystem::pbs);
  CHECK_NOTHROW(check_limits(plan, {}));
  CHECK_NOTHROW(check_limits(
      plan, {.nodes = 4, .cores = 48, .memory_bytes = 10'000'000'000, .walltime_s = 7200}));
  const auto refused = [&plan](const JobLimits& limits, const char* words) {
    CHECK_THROWS_WITH_AS(check_limits(plan, limits), doctest::Contains(words), Error);
  };
  refused({.nodes = 3}, "asks for nodes of 4, but this site allows at most 3");
  refused({.cores = 47}, "max_cores");
  refused({.memory_bytes = 1}, "max_memory");
  refused({.walltime_s = 3600},
          "asks for walltime of 02:00:00, but this site allows at most 01:00");
}

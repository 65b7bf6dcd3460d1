#include "jobs/queue_text.hpp"

#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tutti::jobs;

TEST_CASE("the id is found in what sbatch and qsub print, greetings or not") {
  CHECK(submitted_id(BatchSystem::slurm, "123\n") == "123");
  CHECK(submitted_id(BatchSystem::slurm, "123;cluster\n") == "123");
  CHECK(submitted_id(BatchSystem::pbs, "welcome to 9 nodes\n4567.gadi-pbs\n") == "4567");
  CHECK(submitted_id(BatchSystem::pbs, "12[].server\n") == "12[]");
  CHECK_THROWS_WITH_AS(submitted_id(BatchSystem::slurm, "error: no\n"),
                       doctest::Contains("sbatch printed no job id"), tutti::Error);
}

TEST_CASE("lines of squeue become jobs, the parts of an array one") {
  const auto jobs = slurm_queue(
      "7|RUNNING|2|2026-01-01T00:00:00|9:58|None|7\n"
      "8|PENDING|1|N/A|10:00|Resources|8\n"
      "10|COMPLETED|1|N/A|INVALID|None|9\n11|RUNNING|1|N/A|1:00|None|9\n"
      "noise\n");
  REQUIRE(jobs.size() == 3);
  CHECK(jobs[0].id == "7");
  CHECK(jobs[0].state == QueueState::running);
  CHECK(jobs[0].nodes == "2");
  CHECK(jobs[0].time_left == "9:58");
  CHECK(jobs[1].state == QueueState::pending);
  CHECK(jobs[1].reason == "Resources");
  CHECK(jobs[2].id == "9");
  CHECK(jobs[2].state == QueueState::running);
}

TEST_CASE("what qstat prints becomes jobs") {
  const auto jobs = pbs_queue(
      "Job Id: 12.server\n    Job_Name = tutti\n    job_state = R\n"
      "    Resource_List.nodect = 2\n    stime = Thu Jan  1 00:00:00 2026\n"
      "    comment = Job run\n\nJob Id: 13[].server\n    job_state = Q\n"
      "Job Id: 14.server\n    job_state = F\n");
  REQUIRE(jobs.size() == 3);
  CHECK(jobs[0].id == "12");
  CHECK(jobs[0].state == QueueState::running);
  CHECK(jobs[0].nodes == "2");
  CHECK(jobs[0].start == "Thu Jan  1 00:00:00 2026");
  CHECK(jobs[1].id == "13[]");
  CHECK(jobs[1].state == QueueState::pending);
  CHECK(jobs[2].state == QueueState::ended);
  CHECK(jobs[0].time_left.empty());
}

TEST_CASE("what is left of a job of PBS is its limit without what it has used") {
  const auto left = [](const std::string& lines) {
    return pbs_queue("Job Id: 1.server\n    job_state = R\n" + lines).at(0).time_left;
  };
  // The two stand in either order.
  CHECK(left("    resources_used.walltime = 00:20:05\n    Resource_List.walltime = 01:00:00\n") ==
        "00:39:55");
  CHECK(left("    Resource_List.walltime = 01:00:00\n    resources_used.walltime = 00:00:00\n") ==
        "01:00:00");
  CHECK(left("    Resource_List.walltime = 00:10:00\n    resources_used.walltime = 00:11:00\n") ==
        "00:00:00");
  CHECK(left("    Resource_List.walltime = 01:00:00\n").empty());
  CHECK(
      left("    resources_used.walltime = soon\n    Resource_List.walltime = 01:00:00\n").empty());
}

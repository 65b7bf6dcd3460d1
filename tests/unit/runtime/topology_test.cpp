#include "runtime/topology.hpp"

#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sched.h>
#include <string>
#include <vector>

using namespace tutti::runtime;

namespace {

/// `number` ranks that share one CPU set of `cores` cores; rank 0 only schedules.
std::vector<RankOnNode> sharing_ranks(int number, unsigned cores, bool rank0_works = false) {
  std::vector<RankOnNode> ranks;
  for (int rank = 0; rank < number; ++rank) {
    ranks.push_back({.rank = rank,
                     .works = rank > 0 || rank0_works,
                     .cores = cores,
                     .cpu_set = "0-" + std::to_string(cores - 1)});
  }
  return ranks;
}

}  // namespace

TEST_CASE("this machine has cores, memory and a CPU set") {
  const Topology& here = topology();
  CHECK(here.cores >= 1);
  CHECK(here.cores <= here.cores_of_node);
  CHECK_FALSE(here.cpu_set.empty());
  CHECK(here.node_bytes > 0);
  CHECK(usable_node_bytes(here, std::nullopt) <= here.node_bytes);
}

TEST_CASE(
    "a worker gets its share of the cores, and a scheduler keeps one where there are enough") {
  CHECK(default_threads({.cores = 8, .workers_sharing = 1, .scheduler_sharing = false}) == 8);
  CHECK(default_threads({.cores = 8, .workers_sharing = 1, .scheduler_sharing = true}) == 7);
  CHECK(default_threads({.cores = 8, .workers_sharing = 3, .scheduler_sharing = true}) == 2);
  CHECK(default_threads({.cores = 8, .workers_sharing = 8, .scheduler_sharing = true}) == 1);
  CHECK(default_threads({.cores = 2, .workers_sharing = 7, .scheduler_sharing = true}) == 1);
  CHECK(default_threads({.cores = 1, .workers_sharing = 1, .scheduler_sharing = true}) == 1);
  CHECK(default_threads({.cores = 0, .workers_sharing = 0, .scheduler_sharing = false}) == 1);
}

TEST_CASE("workers that share a CPU set are pinned beside each other when they fill it") {
  const auto ranks = sharing_ranks(3, 5);
  CHECK(plan_threads(ranks, 0, 0, 5, "node7").threads == 0);
  const ThreadPlan first = plan_threads(ranks, 1, 0, 5, "node7");
  CHECK(first.threads == 2);
  CHECK(first.first_core == 1);
  CHECK(first.pin);
  const ThreadPlan second = plan_threads(ranks, 2, 0, 5, "node7");
  CHECK(second.first_core == 3);
  CHECK(second.pin);
  CHECK(second.warnings.empty());
}

TEST_CASE("threads are not pinned when cores are left over or shared") {
  CHECK_FALSE(plan_threads(sharing_ranks(3, 6), 1, 0, 6, "node7").pin);
  CHECK_FALSE(plan_threads(sharing_ranks(8, 2), 1, 0, 2, "node7").pin);
  CHECK_FALSE(plan_threads(sharing_ranks(1, 4, true), 0, 8, 4, "node7").pin);
}

TEST_CASE("fewer threads than cores leave cores to OpenMP inside tasks") {
  const ThreadPlan plan = plan_threads(sharing_ranks(1, 8, true), 0, 2, 8, "node7");
  CHECK(plan.threads == 2);
  CHECK(plan.cores_per_thread == 4);
  CHECK(plan.first_core == 0);
  CHECK(plan.pin);
}

TEST_CASE("tasks of several cores are fewer, and each has its cores") {
  const ThreadPlan plan = plan_threads(sharing_ranks(1, 8, true), 0, 0, 8, "node7", 4);
  CHECK(plan.threads == 2);
  CHECK(plan.cores_per_thread == 4);
  CHECK(plan.pin);
  CHECK(plan_threads(sharing_ranks(1, 8, true), 0, 0, 8, "node7", 100).threads == 1);
  CHECK(plan_threads(sharing_ranks(1, 8, true), 0, 6, 8, "node7", 4).threads == 6);
}

TEST_CASE("ranks with CPU sets of their own use them in full") {
  const std::vector<RankOnNode> ranks{{.rank = 0, .works = false, .cores = 4, .cpu_set = "0-3"},
                                      {.rank = 1, .works = true, .cores = 4, .cpu_set = "4-7"}};
  const ThreadPlan plan = plan_threads(ranks, 1, 0, 8, "node7");
  CHECK(plan.threads == 4);
  CHECK(plan.first_core == 0);
  CHECK(plan.pin);
  CHECK(plan.warnings.empty());
}

TEST_CASE("sets that overlap in part are shared but not pinned") {
  const std::vector<RankOnNode> ranks{{.rank = 0, .works = true, .cores = 4, .cpu_set = "0-3"},
                                      {.rank = 1, .works = true, .cores = 4, .cpu_set = "2-5"}};
  const ThreadPlan plan = plan_threads(ranks, 1, 0, 8, "node7");
  CHECK(plan.threads == 2);
  CHECK_FALSE(plan.pin);
}

TEST_CASE("more threads than cores on a node are told once, with both numbers") {
  const auto ranks = sharing_ranks(5, 4);
  const ThreadPlan first = plan_threads(ranks, 0, 2, 4, "node7");
  REQUIRE(first.warnings.size() == 1);
  CHECK(first.warnings[0] ==
        "node7 runs 4 workers with 8 threads in all on its 4 cores: tasks will share cores; start "
        "fewer ranks or set a "
        "smaller threads_per_worker");
  CHECK(plan_threads(ranks, 1, 2, 4, "node7").warnings.empty());
}

TEST_CASE(
    "a rank that the launcher bound to fewer cores than it has threads is told how to start") {
  const std::vector<RankOnNode> ranks{{.rank = 0, .works = false, .cores = 1, .cpu_set = "0"},
                                      {.rank = 1, .works = true, .cores = 1, .cpu_set = "1"}};
  const ThreadPlan plan = plan_threads(ranks, 1, 4, 8, "node7");
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings[0].starts_with(
      "the launcher bound rank 1 on node7 to 1 core, fewer than its 4 threads (mpirun "));
  CHECK(plan.warnings[0].find("mpirun --bind-to none") != std::string::npos);
}

TEST_CASE("the memory limit of a control group is the smallest on the way up") {
  const tutti::testing::TemporaryDirectory folder;
  CHECK(cgroup_memory_limit("0::/job/step\n", folder.path()) == std::nullopt);
  folder.write("job/step/memory.max", "max\n");
  CHECK(cgroup_memory_limit("0::/job/step\n", folder.path()) == std::nullopt);
  folder.write("job/memory.max", "2000000\n");
  CHECK(cgroup_memory_limit("0::/job/step\n", folder.path()) == 2'000'000);
  folder.write("job/step/memory.max", "1000000\n");
  CHECK(cgroup_memory_limit("0::/job/step\n", folder.path()) == 1'000'000);
  CHECK(cgroup_memory_limit("0::/\n", folder.path()) == std::nullopt);
}

TEST_CASE("version 1 of control groups is read too, also where a container hides the path") {
  const tutti::testing::TemporaryDirectory folder;
  folder.write("memory/memory.limit_in_bytes", "9223372036854771712\n");
  const std::string membership = "12:cpu,cpuacct:/job\n5:memory:/docker/abc\n0::/\n";
  CHECK(cgroup_memory_limit(membership, folder.path()) == std::nullopt);
  folder.write("memory/memory.limit_in_bytes", "3000000\n");
  CHECK(cgroup_memory_limit(membership, folder.path()) == 3'000'000);
  CHECK(cgroup_memory_limit("nonsense\n::\n", folder.path()) == std::nullopt);
}

TEST_CASE("usable memory is the least of node, control group and job") {
  Topology node;
  node.node_bytes = 100;
  CHECK(usable_node_bytes(node, std::nullopt) == 100);
  CHECK(usable_node_bytes(node, 70) == 70);
  node.cgroup_bytes = 50;
  CHECK(usable_node_bytes(node, 70) == 50);
  node.node_bytes = 0;
  CHECK(usable_node_bytes(node, 70) == 50);
}

#pragma once

/// What a node and a rank's share of it offer, and how many threads a worker gets. The questions to
/// the machine go through hwloc and /sys; the decisions are pure functions.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::runtime {

/// What this process sees of its node.
struct Topology {
  unsigned cores_of_node = 1;  ///< those that the job may use
  unsigned cores = 1;          ///< cores in the CPU set of this process
  std::string cpu_set;         ///< the hardware threads of the CPU set as a list, "0-3,8"
  std::uint64_t node_bytes = 0;
  std::optional<std::uint64_t> cgroup_bytes;  ///< the limit of the control group, if there is one
};

/// Asks hwloc the first time that it is called; before threads are pinned. Any thread may call it.
const Topology& topology();

/// Binds the calling thread to `count` cores of the CPU set that topology() saw, from core `first`
/// on. False when there are fewer cores or the system refuses.
bool bind_to_cores(unsigned first, unsigned count);

/// The memory limit of the control group, version 1 or 2, that /proc/self/cgroup (`membership`)
/// names: the smallest from there up to `root` (/sys/fs/cgroup). Nothing when there is no limit.
std::optional<std::uint64_t> cgroup_memory_limit(std::string_view membership,
                                                 const std::filesystem::path& root);

/// Memory that the ranks of this node may use together: the least of node, control group and job.
std::uint64_t usable_node_bytes(const Topology& topology, std::optional<std::uint64_t> job_bytes);

/// One rank of a node, as its neighbours need to know it.
struct RankOnNode {
  int rank = 0;
  bool works = true;         ///< false for a rank 0 that only schedules
  unsigned cores = 1;        ///< in its CPU set
  std::string cpu_set = {};  ///< equal sets are shared, sets without common CPUs are not
};

/// What default_threads needs to know.
struct ThreadQuestion {
  unsigned cores = 1;            ///< in the rank's CPU set
  unsigned workers_sharing = 1;  ///< worker ranks of the node that use this set, this one included
  bool scheduler_sharing = false;  ///< whether a rank 0 that does not work uses it too
};

/// Threads of a worker by default: its equal share of the cores. A rank 0 that schedules keeps a
/// core when there are more cores than workers. At least 1.
unsigned default_threads(const ThreadQuestion& question);

/// Where the executor threads of one rank run.
struct ThreadPlan {
  unsigned threads = 0;           ///< 0 for a rank that does not work
  unsigned cores_per_thread = 1;  ///< for OpenMP and BLAS inside a task
  unsigned first_core =
      0;  ///< of the CPU set; thread k gets the cores from first_core + k * cores_per_thread
  bool pin = false;  ///< false when cores are shared, or left over for the system to use
  std::vector<std::string> warnings;  ///< whole sentences
};

/// Plans for the rank at `index` of `ranks`, which are all ranks of one node in order.
/// `threads_wanted` is the option threads_per_worker, `cores_per_task` the one of that name.
/// Warnings about the whole node are given by its first rank only.
ThreadPlan plan_threads(const std::vector<RankOnNode>& ranks, std::size_t index,
                        unsigned threads_wanted, unsigned cores_of_node, std::string_view host,
                        unsigned cores_per_task = 1);

}  // namespace tutti::runtime

#pragma once

/// Options: every setting of a run, with default, unit and limits. The value given to run() counts
/// first, the environment variable TUTTI_<NAME> (TUTTI_THREADS_PER_WORKER=4) overrides it. Rank 0's
/// options are those of all ranks.

#include <cstdint>
#include <optional>
#include <string>

namespace tutti {

/// How much is written to stderr. Each level includes those after it.
enum class LogLevel : std::uint8_t { trace, debug, info, warning, error, off };

/// The order of the fields is part of the interface: designated initializers are written in it.
/// (Every field has an initializer, so that a compiler does not warn about those that were left
/// out.)
struct Options {
  /// Name of the run in logs and reports. Default: the name of the program's file.
  std::string name = {};
  /// Tasks that a worker runs at once, 0 to 1024. 0: the cores of its CPU set, divided among the
  /// ranks that share it.
  std::uint32_t threads_per_worker = 0;
  /// Whether rank 0 runs tasks too. Not set: only in a world of one.
  std::optional<bool> rank0_works = {};
  /// Memory that one rank may take: "4GB", "512MiB", a fraction of the node's memory such as "0.5",
  /// "auto", the rank's equal share of what the node or the job allows, or "none".
  std::string memory_limit = "auto";
  /// Binds each executor thread to its own cores where the ranks of a node fill their CPU set
  /// without overlap.
  bool pin = true;
  /// 0 or 1. 1: rank 0 prints options, placement and counts of collectives once.
  std::uint32_t verbose = 0;
  /// Runs each task at submit, in order, on the calling thread.
  bool serial = false;
  /// Results up to this size come back inside the completion, in bytes, 0 to 32 KiB.
  std::uint64_t inline_result_bytes = 1024;
  /// Memory on rank 0 for results that came back that way, in bytes, 0 to 1 TiB.
  std::uint64_t rank0_result_budget_bytes = std::uint64_t{256} << 20;
  /// Estimated work that a worker may hold ahead, in microseconds, 10 to 60,000,000.
  std::uint64_t credit_time_us = 10'000;
  /// How long an idle rank looks for messages before it yields and sleeps, in microseconds, 0 to
  /// 1,000,000.
  std::uint64_t idle_spin_us = 50;
  /// How long nobody may move messages before the keeper thread does, in microseconds, 10 to
  /// 1,000,000.
  std::uint64_t keeper_interval_us = 100;
  /// How many first closures of each function are searched for pointers, 0 (none) to 1,000,000,000.
  std::uint64_t guard_closures = 4;
  /// Walks the whole state of scheduler and workers after every event, which is slow.
  bool validate = false;
  /// The job ends when work is left, nothing runs, and nothing has changed for so many seconds, 0
  /// (never) to 86,400. How long tasks take does not matter.
  std::uint64_t watchdog_s = 60;
  /// Key of the random numbers of tasks, see get_worker().random().
  std::uint64_t seed = 0;
  /// Tasks of one rank that may wait for tasks that they submitted at the same time, 1 to 65,536.
  /// Recursion without end is an error there.
  std::uint32_t max_waiting_tasks = 256;
  /// trace, debug, info, warning, error or off.
  LogLevel log_level = LogLevel::warning;
  /// Large values lie once on a node, in memory that its ranks share. Off: each rank has its own
  /// copy.
  bool node_store = true;
  /// Whether `new` asks for pages of 2 MiB when 4 MiB or more are wanted, where the system leaves
  /// the choice to programs: filling new memory is four times faster with them.
  bool huge_pages = true;
  /// When the values of a rank take more than this fraction of its memory limit, those that were
  /// not used for longest are written to disk; 0 to 1, 0: never.
  double memory_target = 0.6;
  /// The same for all that the process has allocated since the start; 0 to 1, 0: never.
  double memory_spill = 0.7;
  /// Above this fraction a rank starts no new tasks; 0 to 1, 0: never.
  double memory_pause = 0.8;
  /// Whether values may be written to disk at all.
  bool spill = true;
  /// Where to: a directory, better one on a disk of the node. `$NAME` stands for an environment
  /// variable, of each rank its own. Default: the first of $SLURM_TMPDIR, $TMPDIR and /tmp.
  std::string local_directory = {};
  /// The most that one rank writes there, in bytes, 0 to 1 PiB. 0: until the file system is full.
  std::uint64_t spill_limit = 0;
  /// Cores that each task uses, 1 to 1024: where threads_per_worker is 0, a worker runs so many
  /// fewer tasks at once.
  std::uint32_t cores_per_task = 1;
  /// What each rank has for tasks that ask for it (TaskOptions::resources): "gpu=2,license=0.5".
  /// The one option that may differ from rank to rank (TUTTI_RESOURCES). GPUs that a batch system
  /// or CUDA_VISIBLE_DEVICES names are found without it.
  std::string resources = {};
  /// Seconds from the start until the job ends, 0 to 31,536,000. 0: asked of Slurm or PBS inside a
  /// job of theirs; outside there is no end.
  std::uint64_t walltime_s = 0;
  /// The run ends so many seconds before the job does, 0 to 86,400.
  std::uint64_t walltime_margin_s = 20;
  /// The folder of a job of `tutti submit`, which sets it: the run keeps its status there and looks
  /// for requests. Empty: there is none.
  std::string job_directory = {};
  /// Results of work that has a name are recorded on disk, and a run that finds them there does not
  /// compute them again. "results/sweep" means the folder results/sweep.journal and the file
  /// results/sweep.h5. Empty: nothing is recorded.
  std::string journal = {};
  /// Whether work that is recorded as failed is tried again; else it fails as before.
  bool journal_retry = true;

  bool operator==(const Options&) const = default;
};

}  // namespace tutti

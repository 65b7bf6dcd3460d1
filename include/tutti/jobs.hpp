#pragma once

/// Job scripts: the text that sbatch or qsub takes, made from options. Nothing is submitted here
/// and no file is read or written; the program `tutti` does that (`tutti job-script`, `tutti
/// submit`).

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace tutti {

/// A variable that each rank gets. Without a value it is taken from the environment in which the
/// job is submitted, and its value stays out of the script (tokens, proxies).
struct JobVariable {
  std::string name;
  std::optional<std::string> value = {};

  bool operator==(const JobVariable&) const = default;
};

/// What a job asks for and runs. Empty texts, zeros and empty lists mean: not given. The order of
/// the fields is part of the interface: designated initializers are written in it.
struct JobOptions {
  /// Program, as a path or found by PATH. Empty: the script runs what it gets as its arguments.
  std::string program = {};
  std::vector<std::string> arguments = {};
  /// Letters, digits and `_ . + -`. The name in the queue, and the first part of the output's name.
  std::string name = "tutti";
  /// Loaded by `module load`, before the prologue.
  std::vector<std::string> modules = {};
  /// Queue of PBS, partition of Slurm.
  std::string queue = {};
  /// Account of Slurm (`--account`), project or account of PBS (`-A`).
  std::string account = {};
  /// "00:20:00", "1-12:00:00", "90m", "1h30m"; bare numbers are refused.
  std::string walltime = "00:30:00";
  std::uint32_t nodes = 1;
  /// Processes on each node. With those of all nodes, one of them is rank 0, which schedules.
  std::uint32_t ranks_per_node = 0;
  /// Cores of each node that the job uses. See split_cores: from two of `cores`, `ranks_per_node`
  /// and `worker_cores` the third follows, and from `cores` alone the other two.
  std::uint32_t cores = 0;
  /// Cores of each rank, and with that the tasks that it runs at once.
  std::uint32_t worker_cores = 0;
  /// Memory of each node, with its unit: "192GB" is 192 * 10^9 bytes, "192GiB" 192 * 2^30.
  std::string memory = {};
  /// Memory of each rank. With `memory` as well, it may take no more than that in all.
  std::string worker_memory = {};
  std::vector<JobVariable> env = {};
  /// First line of the script. The script is one for bash.
  std::string shebang = "#!/usr/bin/env bash";
  /// PBS only: what stands after `-l` in place of `select=...`.
  std::string resource_spec = {};
  /// Further directives, each as it stands after #SBATCH or #PBS: "-q normal".
  std::vector<std::string> job_extra_directives = {};
  /// Where the output goes, as a file NAME-ID.out. `$NAME` is expanded when the job starts.
  std::string log_directory = {};
  /// Where ranks keep files of their own. `$NAME` is expanded by each rank on its node.
  std::string local_directory = {};
  /// Generated directives that contain one of these are left out; extra ones stay.
  std::vector<std::string> job_directives_skip = {};
  /// Network interface, such as "ib0", for connections by TCP.
  std::string interface = {};
  /// Lines of shell, run once on the first node before the program.
  std::vector<std::string> job_script_prologue = {};
  /// Lines of shell, run once on the first node after the program, whatever its end.
  std::vector<std::string> job_script_epilogue = {};
  /// No other job shares the nodes.
  bool exclusive = false;
  std::uint32_t gpus_per_node = 0;
  /// Indices of an array of jobs: "0-9", "1-99:2", "0-99%4".
  std::string array = {};
  /// A run that was warned, or that ends with exit code 75, is put back into the queue, at most
  /// `requeue_limit` times.
  bool requeue = false;
  std::uint32_t requeue_limit = 10;
  /// The program gets SIGUSR1 so many seconds before the walltime is over. 0: it does not.
  std::uint32_t warn_s = 0;
  /// srun, mpirun, mpiexec or tutti (`tutti run`). Empty: srun for Slurm, mpirun for PBS.
  std::string launcher = {};

  bool operator==(const JobOptions&) const = default;
};

/// The exit code by which a program asks to be run again: EX_TEMPFAIL of sysexits.h.
inline constexpr int requeue_exit_code = 75;

/// How the cores of a node become ranks, and how it was found.
struct CoreSplit {
  std::uint32_t ranks_per_node = 1;
  std::uint32_t worker_cores = 1;
  std::string rule = {};  ///< one sentence, for people
};

/// The third of `cores`, `ranks_per_node` and `worker_cores` from the other two, 0 meaning not
/// given. From `cores` alone: one rank a core up to 4 cores, else the smallest divisor of `cores`
/// that is at least their square root. From `ranks_per_node` alone: one core each. From
/// `worker_cores` alone: one rank. Throws Error (bad_argument) when nothing is given or the numbers
/// contradict each other.
CoreSplit split_cores(std::uint32_t cores, std::uint32_t ranks_per_node,
                      std::uint32_t worker_cores);

/// A job for Slurm.
class SlurmJob {
 public:
  /// Throws Error (bad_argument) naming the option, its value and what is allowed.
  explicit SlurmJob(JobOptions options);
  const JobOptions& options() const noexcept { return options_; }
  /// The text for sbatch. The same options give the same text.
  std::string job_script() const;

 private:
  JobOptions options_;
};

/// A job for OpenPBS or PBS Professional.
class PbsJob {
 public:
  /// Throws Error (bad_argument) naming the option, its value and what is allowed.
  explicit PbsJob(JobOptions options);
  const JobOptions& options() const noexcept { return options_; }
  /// The text for qsub. The same options give the same text.
  std::string job_script() const;

 private:
  JobOptions options_;
};

std::ostream& operator<<(std::ostream& stream, const SlurmJob& job);
std::ostream& operator<<(std::ostream& stream, const PbsJob& job);

}  // namespace tutti

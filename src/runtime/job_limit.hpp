#pragma once

/// JobLimit: when the batch job ends that this run is part of.

#include "runtime/launch_environment.hpp"
#include "tutti/options.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace tutti::runtime {

/// From the option walltime_s, from $SLURM_JOB_END_TIME, or from the answer of squeue or qstat,
/// which is asked once and not waited for. One thread uses it.
class JobLimit {
 public:
  using Clock = std::chrono::steady_clock;

  /// The run begins now.
  JobLimit(const Options& options, const Environment& environment);
  ~JobLimit();
  JobLimit(const JobLimit&) = delete;
  JobLimit& operator=(const JobLimit&) = delete;

  /// To be called now and then. The end of the job, once it is known; nothing outside of a job.
  std::optional<Clock::time_point> end();

  /// The seconds that are left of a job, as Slurm ("1-02:03:04", "9:58") and PBS write them;
  /// nothing for words such as UNLIMITED.
  static std::optional<std::chrono::seconds> seconds_left(const std::string& text);

 private:
  void ask();
  void read_answer();

  std::vector<std::string> question_;  ///< the command that answers; empty: nobody is to be asked
  bool of_slurm_ = false;
  Clock::time_point ask_at_;
  pid_t asked_ = 0;
  int answers_ = -1;  ///< what the command prints
  std::string answer_;
  std::optional<Clock::time_point> end_;
};

}  // namespace tutti::runtime

#pragma once

/// Which job a subcommand is about.

#include "cli/batch_queue.hpp"

#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace tutti::cli {

/// Adds `--jobs-directory`, and JOB when a command is about one; a command with more words than
/// that reads them itself and calls choose(). It has to live as long as the subcommand.
class KnownJobs {
 public:
  enum class About { all, one, chosen };
  KnownJobs(CLI::App& command, About about);
  KnownJobs(const KnownJobs&) = delete;
  KnownJobs& operator=(const KnownJobs&) = delete;

  /// The id or name of the job that is meant; empty: the only one.
  void choose(std::string wanted) { wanted_ = std::move(wanted); }
  /// All jobs that were submitted by `tutti submit`, by time.
  std::vector<JobStatus> all() const;
  /// The one that is named among all; without a name the only one that is not over, and if all are
  /// over the only one. Throws Error (bad_argument) with a list otherwise.
  JobStatus one() const;

 private:
  std::string jobs_directory_;
  std::string wanted_;
};

}  // namespace tutti::cli

#pragma once

/// JobFiles: how a run and the program `tutti` talk, through the folder of the job: the run tells
/// how far it is, and looks for requests. No port is open, and the folder is the owner's alone.

#include "scheduler/snapshot.hpp"
#include "transport/transport.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace tutti::runtime {

/// What status.json says.
struct JobProgress {
  scheduler::Snapshot snapshot;
  std::uint64_t tasks_left = 0;  ///< elements of maps included
  double seconds = 0;            ///< since the start of the run
  std::string ending;            ///< why the run ends early; empty while it does not
  bool over = false;
};

/// The text of status.json.
std::string status_text(const JobProgress& progress, const std::vector<transport::Place>& places,
                        std::int64_t now_s);

/// The keeper thread of rank 0 uses it.
class JobFiles {
 public:
  using Clock = std::chrono::steady_clock;

  /// An empty directory: there is no job, nothing is due.
  explicit JobFiles(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// Every second.
  bool is_due() const { return !directory_.empty() && Clock::now() >= next_; }
  /// Replaces status.json at once, so that readers see the old or the new one. Where that fails the
  /// run goes on; the first failure is a warning.
  void write_status(const std::string& text);
  /// Whether a file `stop` lies in the folder that the user of this process has made.
  bool is_stop_requested() const;
  /// The text of such a file of a request, which is removed; empty when there is none.
  std::string take_request(const std::string& name) const;

 private:
  std::filesystem::path directory_;
  Clock::time_point next_;
  bool warned_ = false;
};

}  // namespace tutti::runtime

#pragma once

/// What a running task can ask about where it runs.

#include <string>

namespace tutti {

/// The rank on which the calling code runs.
class WorkerInfo {
 public:
  /// 0 to size() - 1; 0 in one process.
  int rank() const { return rank_; }
  /// Ranks of the run, the scheduling one included.
  int size() const { return size_; }
  const std::string& host() const { return host_; }
  /// Tasks that this rank runs at once; 0 for a rank 0 that only schedules.
  unsigned threads() const { return threads_; }

  WorkerInfo(int rank, int size, std::string host, unsigned threads)
      : rank_(rank), size_(size), host_(std::move(host)), threads_(threads) {}

 private:
  int rank_;
  int size_;
  std::string host_;
  unsigned threads_;
};

/// The rank of the calling thread's process. Throws Error (not_running) outside of a run. Any
/// thread may call it.
const WorkerInfo& get_worker();

}  // namespace tutti

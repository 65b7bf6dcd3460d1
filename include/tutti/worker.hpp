#pragma once

/// get_worker(): what a running task can ask about itself and about where it runs.

#include "tutti/random.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

namespace tutti {

class Client;

/// The rank on which the calling code runs, and the task that the calling thread runs. All threads
/// of a rank may ask about the rank; about the task only the thread that runs it, others get
/// Error (not_running).
class Worker {
 public:
  // ---- the rank

  /// 0 to size() - 1; 0 in one process.
  int rank() const { return rank_; }
  /// Ranks of the run, the scheduling one included.
  int size() const { return size_; }
  const std::string& hostname() const { return hostname_; }
  /// Number of the node among those of the run; ranks with equal numbers share memory.
  int node() const { return node_; }
  /// Tasks that this rank runs at once; 0 for a rank 0 that only schedules.
  unsigned threads() const { return threads_; }
  /// A directory of this rank alone, for scratch files. It is made when it is first asked for, in
  /// the directory of the option `local_directory`, and removed with all that is in it when the run
  /// ends in an orderly way. Throws Error (io) when none can be made.
  std::filesystem::path local_directory() const;

  // ---- the task

  /// The client of the run, to submit tasks from inside of the task and to wait for them.
  Client client() const;
  /// Slots that the task has: TaskOptions::cores.
  unsigned cores() const;
  /// The GPUs that the task may use, by their places among those that its process sees (what CUDA
  /// and HIP call them there), as it asked for by TaskOptions::resources; no other task has them,
  /// but for those that share one by asking for parts. Valid until the task ends.
  std::span<const std::int32_t> devices() const;
  /// The first of them; -1 when it asked for none.
  int device() const;
  /// 1, and one more each time that the task is tried again.
  int attempt() const;
  /// Tells how far the task, or the element of a map, has come, from 0 to 1: Future::progress().
  /// Cheap enough to be called often: it is sent ten times a second at most. Throws Error
  /// (bad_argument) for a number out of these limits.
  void progress(double fraction) const;
  /// True when nobody wants the result any more, or its time is over: a long task looks now and
  /// then and stops. False outside of tasks.
  bool cancelled() const noexcept;
  /// Random numbers of the task, or of the element of a map: the same on any number of ranks, and
  /// in each attempt. They depend on the option `seed`, and on the task's place in the program: the
  /// how many-th submission of main it is, or of the task that submitted it, and the element. The
  /// reference is valid until the task, or the element, ends.
  Random& random() const;

  // For tutti itself.
  struct Place {
    int rank = 0;
    int size = 1;
    int node = 0;
    std::string hostname = {};
    unsigned threads = 0;
    std::uint64_t seed = 0;
  };
  explicit Worker(Place place)
      : rank_(place.rank),
        size_(place.size),
        node_(place.node),
        threads_(place.threads),
        seed_(place.seed),
        hostname_(std::move(place.hostname)) {}

 private:
  int rank_;
  int size_;
  int node_;
  unsigned threads_;
  std::uint64_t seed_;
  std::string hostname_;
};

/// Throws Error (not_running) outside of a run. Any thread may call it.
const Worker& get_worker();

}  // namespace tutti

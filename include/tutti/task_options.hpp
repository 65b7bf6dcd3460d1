#pragma once

/// Options of single calls. The order of the fields is part of the interface: designated
/// initializers follow it.

#include "tutti/data.hpp"
#include "tutti/detail/handle.hpp"
#include "tutti/timeout.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tutti {

/// What a call waits for without taking its value. Made by after().
struct After {
  /// For tutti itself: a task, an element of a map, or detail::whole_group of it.
  struct Each {
    detail::HandlePtr handle;
    std::uint64_t index = 0;
  };
  std::vector<Each> each = {};
};

/// For submit and map: `client.submit({.name = "first", .priority = 2}, f, x)`.
struct TaskOptions {
  /// Name in logs, errors and reports; the function's own name when empty. Elements of a map get
  /// "name[index]". Where there is a journal, work with a name is recorded and found again.
  std::string name = {};
  /// Higher runs earlier; -32768 to 32767. Tasks of equal priority run in order of submission.
  int priority = 0;
  /// A task that throws runs again, on any rank, up to so many times more, 0 to 255. An element of
  /// a map does so at once, on the same rank.
  int retries = 0;
  /// Seconds, or a duration, that one attempt may run; then it fails with TimeoutError, and its
  /// token tells it to stop. An element of a map has failed when it returns.
  Timeout timeout = forever;
  /// Cores for threads that the task starts itself (OpenMP, BLAS): so many slots of its worker, and
  /// so many times the threads of those libraries, while it runs.
  int cores = 1;
  /// What the task takes of its worker while it runs: `{{"gpu", 1}}`. Workers declare what they
  /// have (Options::resources); a part of 1 is possible. get_worker().devices() tells which GPUs it
  /// got.
  std::map<std::string, double> resources = {};
  /// Who may run it, by rank or host; all workers when empty.
  std::vector<WorkerName> workers = {};
  /// Others than `workers` may run it, when they have nothing to do and those have.
  bool allow_other_workers = false;
  /// The same function with the same arguments gives the same result, which is computed once while
  /// a future of it lives. Counts for submit() in main.
  bool pure = false;
  /// Bytes that the result is expected to take: a worker gets the task when it has room for them.
  /// 0: as results of the function did before.
  std::uint64_t memory = 0;
  /// `after(a, b)`: starts when these have ended well, and fails when one of them failed.
  After after = {};
  /// Where there is a journal: another version of work of this name, whose results are computed
  /// anew.
  std::string version = {};
};

/// For fold() and map_reduce(): the shape of the tree, which depends on these and on the number of
/// elements and on nothing else.
struct FoldOptions {
  /// Partial results that one call combines, at least 2.
  std::size_t split_every = 8;
  /// Elements from which one call makes a partial result. 0: split_every of them for fold, one for
  /// map_reduce. It is raised where there would be more than 4096 such calls.
  std::size_t chunk_size = 0;
};

/// What gather does about tasks that failed.
enum class Errors {
  raise,  ///< throws the first one, in order
  skip,   ///< leaves their results out
};

/// For gather().
struct GatherOptions {
  Errors errors = Errors::raise;
};

/// When wait() returns.
enum class ReturnWhen { all_completed, first_completed };

}  // namespace tutti

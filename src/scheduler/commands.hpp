#pragma once

/// Commands: everything the scheduler asks of the outside, in spans. The caller owns the buffer, so
/// that one serves a whole batch of events, and clears it when it has obeyed.

#include "protocol/messages.hpp"
#include "tutti/error.hpp"
#include "tutti/ids.hpp"

#include <compare>
#include <cstdint>
#include <memory>
#include <vector>

namespace tutti::scheduler {

using FailurePtr = std::shared_ptr<const TaskFailure>;

/// What is held, copied and dropped as a whole: a value, or the stretch of a sequence that begins
/// at `begin`.
struct Piece {
  TaskId id;
  std::uint64_t begin = 0;

  auto operator<=>(const Piece&) const = default;
};

/// What members of gangs are told.
struct GangCommands {
  /// Send the task to a member; the run has the others.
  struct Assign {
    TaskId task;
    std::uint64_t run;
    std::int32_t worker;
  };
  /// Tell the member to begin, or to stop.
  struct Tell {
    TaskId task;
    std::uint64_t run;
    std::int32_t worker;
  };
  /// Tell the worker that no gang will name the communicator again.
  struct Drop {
    std::uint32_t communicator;
    bool failed;
    std::int32_t worker;
  };

  std::vector<Assign> assign;
  std::vector<Tell> start;
  std::vector<Tell> stop;
  std::vector<Drop> drop;
  std::vector<TaskId> done;  ///< they have ended well: tell the future

  bool empty() const {
    return assign.empty() && start.empty() && stop.empty() && drop.empty() && done.empty();
  }
  void clear() {
    assign.clear();
    start.clear();
    stop.clear();
    drop.clear();
    done.clear();
  }
};

struct Commands {
  /// Send the task to the worker; the record has function, payload and inputs.
  struct Assign {
    TaskId task;
    std::int32_t worker;
    std::uint32_t claim = 0;  ///< see Demands; 0: none
  };
  /// Send a stretch of a map to the worker.
  struct AssignRange {
    TaskId group;
    std::uint64_t begin;
    std::uint64_t count;
    std::int32_t worker;
    std::uint32_t claim = 0;
  };
  /// Tell the holder that the value is not needed.
  struct Release {
    TaskId id;
    std::int32_t worker;
  };
  /// Ask the worker for work that it has not begun.
  struct GiveBack {
    std::int32_t worker;
    std::uint32_t units_max;
  };
  /// Tell the worker where a value is, or will be; no_worker: nowhere, ever.
  struct Located {
    TaskId id;
    std::int32_t worker;
    std::int32_t holder;
  };
  /// Tell the worker that nobody wants the result of what it was assigned.
  struct Cancel {
    TaskId id;
    std::int32_t worker;
  };
  /// Tell the future.
  struct Failed {
    TaskId task;
    FailurePtr failure;
  };

  /// Have the worker fetch a copy of a value or stretch from `source` and keep it.
  struct Replicate {
    Piece piece;
    std::uint64_t count;
    std::int32_t worker;
    std::int32_t source;
  };
  /// Tell the worker that a copy of it that others have too is not needed there. Comes before what
  /// is assigned in the same turn.
  struct Drop {
    Piece piece;
    std::int32_t worker;
  };
  /// Tell the client that a copy was made, or could not be.
  struct Replicated {
    Piece piece;
    std::int32_t worker;
    bool kept;
  };

  std::vector<Drop> drop;
  std::vector<Assign> assign;
  std::vector<AssignRange> assign_range;
  GangCommands gangs;
  std::vector<Release> release;
  std::vector<GiveBack> give_back;
  std::vector<Located> located;
  std::vector<Cancel> cancel;
  std::vector<Replicate> replicate;
  std::vector<Replicated> replicated;
  std::vector<Failed> failed;      ///< tasks and whole groups
  std::vector<TaskId> group_done;  ///< every element finished or failed
  std::vector<TaskId> forgotten;   ///< ids that mean nothing from now on

  bool empty() const {
    return assign.empty() && assign_range.empty() && gangs.empty() && release.empty() &&
           give_back.empty() && located.empty() && cancel.empty() && drop.empty() &&
           replicate.empty() && replicated.empty() && failed.empty() && group_done.empty() &&
           forgotten.empty();
  }
  void clear() {
    assign.clear();
    assign_range.clear();
    gangs.clear();
    release.clear();
    give_back.clear();
    located.clear();
    cancel.clear();
    drop.clear();
    replicate.clear();
    replicated.clear();
    failed.clear();
    group_done.clear();
    forgotten.clear();
  }
};

}  // namespace tutti::scheduler

#pragma once

/// ActorCalls: whose turn it is at each actor. Its calls run one at a time, those of one caller in
/// the order in which they were submitted; of several callers the one whose call, of those that are
/// ready, was submitted first.
///
/// A call that was let go has its actor until both are over: the call, and its claim, when it was
/// given to a worker. What is cancelled while it runs keeps its actor so until its worker is
/// through with it.

#include "tutti/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace tutti::scheduler {

/// Who calls, by a number that tells apart all handles of all ranks.
using CallerId = std::uint64_t;

class ActorCalls {
 public:
  /// A call that was submitted stands behind those of its caller.
  void add(TaskId call, TaskId actor, CallerId caller);
  /// It misses no input any more.
  void on_ready(TaskId call);
  /// It has ended in whatever way, or will not run. Unknown ones are ignored.
  void on_ended(TaskId call);
  /// Its worker is through with what it was given under the claim. Unknown ones are ignored.
  void on_claim_ended(std::uint32_t claim);

  struct Turn {
    TaskId call;  ///< none: nobody's
    TaskId actor;
  };
  /// The next call that may run now: from here on its actor is busy.
  Turn next();
  /// What next() gave was given to a worker.
  void note_claim(TaskId call, std::uint32_t claim);

  /// Calls that are ready and wait for their turn.
  template <class Visit>
  void for_each_ready(Visit visit) const {
    for (const auto& [id, call] : calls_) {
      if (call.ready && !call.running) visit(id);
    }
  }
  /// Nothing is left of calls that have ended.
  bool empty() const { return calls_.empty() && actors_.empty() && claims_.empty(); }
  void describe(std::vector<std::uint64_t>& words) const;

 private:
  struct Call {
    TaskId actor;
    CallerId caller = 0;
    std::uint64_t number = 0;  ///< in order of submission
    bool ready = false;
    bool running = false;  ///< next() gave it
  };
  struct Actor {
    std::map<CallerId, std::deque<TaskId>> lines;  ///< what was not let go, none of them empty
    std::map<std::uint64_t, TaskId> ready;         ///< the first ones of lines, by number
    bool call_runs = false;
    std::uint32_t claim = 0;  ///< of the call that was let go, until it ended; 0: none

    bool is_busy() const { return call_runs || claim != 0; }
  };
  void note_front(TaskId actor_id, Actor& actor, CallerId caller);
  void leave_line(TaskId call, const Call& record, Actor& actor);
  void consider(TaskId actor_id, const Actor& actor);
  void drop_if_idle(TaskId actor_id);

  std::map<TaskId, Call> calls_;
  std::map<TaskId, Actor> actors_;          ///< with calls, or busy
  std::map<std::uint32_t, TaskId> claims_;  ///< to actors
  std::uint64_t next_number_ = 0;
  std::deque<TaskId> startable_;  ///< actors that may have a call to let go
};

}  // namespace tutti::scheduler

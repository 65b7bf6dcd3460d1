#pragma once

/// SyncTable: locks, semaphores, events, queues, variables, barriers and topics of a run. On rank
/// 0; requests in, answers out.
///
/// Pure: no clock, thread or message. Each request gets exactly one answer, at once or later. A
/// time limit is the asker's: it cancels, and the one answer tells whether it was in time. Names of
/// each kind are apart, and are there from their first use.

#include "sync/barriers.hpp"
#include "sync/events.hpp"
#include "sync/locks.hpp"
#include "sync/queues.hpp"
#include "sync/request.hpp"
#include "sync/semaphores.hpp"
#include "sync/topics.hpp"
#include "sync/variables.hpp"

#include <cstdint>
#include <map>

namespace tutti::sync {

class SyncTable {
 public:
  /// Without a name it is refused.
  void on_request(const Request& request, Answers& answers);
  /// Answers not_now when the request still waits; nothing when its answer is on its way.
  void on_cancel(RequestId id, Answers& answers);
  /// The task has ended: what its objects hold is free, what they wait for is cancelled.
  void on_task_ended(std::int32_t rank, std::uint64_t task, Answers& answers);
  /// Answers to that rank are of no use to anybody.
  void on_rank_lost(std::int32_t rank, Answers& answers);

  /// Requests that wait.
  std::size_t waiting() const { return waiting_.size(); }
  const Locks& locks() const { return locks_; }

 private:
  enum class Kind : std::uint8_t { lock, semaphore, event, queue, variable, barrier, topic };
  static Kind kind_of(Operation operation);
  void perform(const Request& request, Answers& answers);
  bool cancel(Kind kind, RequestId id, Answers& answers);
  void forget_answered(const Answers& answers, std::size_t first);
  template <class IsGone>
  void drop_holders(IsGone is_gone, Answers& answers);

  Locks locks_;
  Semaphores semaphores_;
  Events events_;
  Queues queues_;
  Variables variables_;
  Barriers barriers_;
  Topics topics_;
  std::map<RequestId, Kind> waiting_;
};

}  // namespace tutti::sync

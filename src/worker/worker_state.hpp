#pragma once

/// WorkerState: what this rank was told to do and how far it is; events in, commands out.
///
/// Pure: no clock, thread, message. Not thread-safe: used under the rank's lock. Values are opaque
/// to it.

#include "base/durations.hpp"
#include "protocol/messages.hpp"
#include "worker/store.hpp"
#include "worker/work.hpp"

#include <tsl/robin_map.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace tutti::worker {

/// What must be done outside.
struct WorkerCommands {
  struct Fetch {
    std::uint64_t request;
    TaskId id;
    bool slice;
    std::uint64_t begin;
    std::uint64_t count;
    std::int32_t holder;
  };
  std::vector<Fetch> fetch;
  std::vector<TaskId> replicas;             ///< copies that were stored; tell rank 0
  std::vector<RangeWork*> finished_ranges;  ///< report them, then call recycle()
  void clear() {
    fetch.clear();
    replicas.clear();
    finished_ranges.clear();
  }
};

struct WorkerLimits {
  std::uint32_t slots = 1;
  std::int32_t rank = 0;
  /// A thread takes at most this much estimated time before it looks at messages again.
  std::uint64_t batch_ns = 20'000;
  std::uint64_t block_ns = 200'000;
  std::size_t batch_tasks_max = 64;
};

class WorkerState {
 public:
  explicit WorkerState(WorkerLimits limits, Store& store) : limits_(limits), store_(store) {}
  WorkerState(const WorkerState&) = delete;
  WorkerState& operator=(const WorkerState&) = delete;

  // ---- events

  void on_define_function(FunctionId function, const FunctionOps* ops);
  void on_define_group(const protocol::DefineGroup& message, const FunctionOps* ops,
                       WorkerCommands& commands);
  void on_assign(const protocol::AssignTask& message, WorkerCommands& commands);
  void on_assign(const protocol::AssignRange& message, WorkerCommands& commands);
  /// The answer to a fetch; `found` is false when the holder does not have it any more.
  void on_data(std::uint64_t request, bool found, detail::ValuePtr value, std::uint64_t bytes,
               WorkerCommands& commands);
  void on_release(TaskId id);
  /// What a thread took is done; the results are in the items.
  void on_done(Batch& batch, WorkerCommands& commands);
  /// A finished range was reported.
  void recycle(RangeWork* range);

  /// Appends the run times measured since the last call.
  void take_timings(std::vector<protocol::Timing>& timings);

  /// Gives a free thread something to do; leaves the batch empty when nothing is ready.
  void take(Batch& batch);

  // ---- questions

  bool has_ready() const { return ready_count_ != 0; }
  std::size_t ready_count() const { return ready_count_; }
  /// True when a thread that starts now could be away for long: other threads must look after
  /// messages.
  bool may_take_long(const Batch& batch) const;
  std::size_t taken() const { return taken_; }
  /// Values that are being fetched, and results of this rank's own tasks that somebody waits for.
  std::size_t awaited() const { return fetches_.size() + local_waiters_.size(); }
  /// True when nothing is assigned, defined or awaited.
  bool is_idle() const {
    return ready_count_ == 0 && taken_ == 0 && awaited() == 0 && groups_.empty();
  }
  const FunctionOps* function(FunctionId function) const;
  const WorkerLimits& limits() const { return limits_; }
  void check_invariants() const;

 private:
  struct Ready {
    TaskWork* task = nullptr;
    RangeWork* range = nullptr;
    GroupWork* bind = nullptr;
  };
  /// Somebody who waits for a value. Exactly one of the pointers is set.
  struct Waiter {
    TaskWork* task = nullptr;
    RangeWork* range = nullptr;
    GroupWork* group = nullptr;
    std::uint32_t place = 0;  ///< input number, or source number of a range
    std::uint32_t piece = 0;  ///< piece number within the source
  };
  struct PendingFetch {
    TaskId id;
    bool slice = false;
    std::uint64_t begin = 0;
    std::uint64_t count = 0;
    std::vector<Waiter> waiters;
  };
  struct SliceKey {
    TaskId id;
    std::uint64_t begin;
    std::uint64_t count;
    auto operator<=>(const SliceKey&) const = default;
  };

  void make_ready(Ready ready, std::int16_t priority, bool at_front);
  void task_complete(TaskWork* task);
  void group_complete(GroupWork* group);
  bool resolve_input(const protocol::InputRef& input, Waiter waiter, detail::InputValue& value,
                     WorkerCommands& commands);
  void fetch(TaskId id, bool slice, std::uint64_t begin, std::uint64_t count, std::int32_t holder,
             Waiter waiter, WorkerCommands& commands);
  void arrived(const Waiter& waiter, const detail::ValuePtr& value, std::uint64_t slice_begin,
               bool failed);
  void produced(TaskId id, const detail::ValuePtr& value, bool failed);
  void drop(TaskWork* task);
  void finish_task(Execution& item);
  void finish_block(Execution& item, WorkerCommands& commands);
  void finish_bind(Execution& item);
  void add_timing(TaskId group, FunctionId function, std::uint64_t calls,
                  std::uint64_t nanoseconds);
  void recycle(TaskWork* task);
  GroupWork& group_entry(TaskId id);
  void forget_group_if_done(GroupWork& group);
  std::uint64_t block_length(const RangeWork& range) const;

  WorkerLimits limits_;
  Store& store_;
  std::vector<const FunctionOps*> functions_;
  Durations durations_;
  std::vector<protocol::Timing> timings_;
  std::map<std::int16_t, std::deque<Ready>, std::greater<>> ready_;
  std::size_t ready_count_ = 0;
  std::size_t taken_ = 0;
  tsl::robin_map<TaskId, std::vector<Waiter>>
      local_waiters_;                              ///< for results that tasks of this rank produce
  std::map<std::uint64_t, PendingFetch> fetches_;  ///< by request
  tsl::robin_map<TaskId, std::uint64_t> fetch_of_value_;
  std::map<SliceKey, std::uint64_t> fetch_of_slice_;
  std::uint64_t next_request_ = 1;
  std::map<TaskId, std::unique_ptr<GroupWork>> groups_;
  // Records stay where they are and are used again.
  std::deque<TaskWork> tasks_;
  std::vector<TaskWork*> free_tasks_;
  std::deque<RangeWork> ranges_;
  std::vector<RangeWork*> free_ranges_;
};

}  // namespace tutti::worker

#pragma once

/// Scheduler: tasks, maps and workers; events in, commands out.
///
/// Pure: no clock, thread, random number or IO. The same events in the same order always give the
/// same commands. Not thread-safe: the caller has one lock. Events only note what happened and what
/// follows from it; place() then decides who gets what, once for a whole batch of events.

#include "base/durations.hpp"
#include "protocol/messages.hpp"
#include "scheduler/commands.hpp"
#include "scheduler/group_table.hpp"
#include "scheduler/ready_queue.hpp"
#include "scheduler/story.hpp"
#include "scheduler/task_table.hpp"
#include "scheduler/worker_table.hpp"

#include <tsl/robin_map.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tutti::scheduler {

struct SchedulerOptions {
  Credit credit;
  std::size_t story_events = 1 << 14;
  /// Moving inputs costs this much; used to weigh an idle worker against the one that holds the
  /// data.
  double bandwidth_bytes_per_ns = 4.0;
  double latency_ns = 5'000;
  /// Stretches of a map: aim at this share of what is left per slot, within these bounds of time
  /// and bytes.
  std::uint64_t range_ns_min = 50'000;
  std::uint64_t range_ns_max = 50'000'000;
  std::uint64_t range_bytes_max = 4 << 20;
};

/// A task as the client hands it over.
struct TaskSpec {
  FunctionId function = 0;
  std::int16_t priority = 0;
  bool inline_result = false;
  bool client_holds = true;
  std::span<const std::byte> payload;
  std::span<const Input> inputs;
};

/// A map as the client hands it over.
struct GroupSpec {
  FunctionId function = 0;
  std::int16_t priority = 0;
  bool client_holds = true;
  bool pinned = false;
  std::uint64_t total = 0;
  std::uint64_t bytes_per_element = 0;
  std::span<const Input> inputs;
  std::span<const TaskId> sources;
};

/// Counts for observers and for the watchdog.
struct Counts {
  std::uint64_t tasks_live = 0;
  std::uint64_t groups_live = 0;
  std::uint64_t tasks_done = 0;   ///< finished or failed since the start, elements of maps included
  std::uint64_t work_left = 0;    ///< tasks and groups not done
  std::uint64_t outstanding = 0;  ///< assigned and not reported, tasks and ranges
};

class Scheduler {
 public:
  explicit Scheduler(SchedulerOptions options = {});

  // ---- events; all of them keep the invariants

  /// The time of the events that follow, for stories only.
  void set_time(std::uint64_t now_ns) { story_.set_time(now_ns); }
  void on_worker_joined(int rank, std::uint32_t slots, std::uint64_t memory_limit_bytes);
  /// An input that failed already fails the task at once.
  TaskId submit(const TaskSpec& spec, Commands& commands);
  TaskId submit_group(const GroupSpec& spec, Commands& commands);
  /// A value that the client placed. `holders` is not empty; the first one is asked by others.
  TaskId place_value(std::span<const std::int32_t> holders, std::uint64_t bytes, bool client_holds);
  /// A sequence that the client placed, in stretches.
  TaskId place_sequence(std::span<const AvailablePiece> stretches, std::uint64_t total);
  /// Both return false when the report is stale and was ignored.
  bool on_task_finished(int rank, TaskId task, std::uint64_t result_bytes, Commands& commands);
  bool on_task_threw(int rank, TaskId task, TaskFailure failure, Commands& commands);
  /// Elements that threw are told before the range that they are in.
  bool on_element_threw(int rank, TaskId group, std::uint64_t index, bool inherited,
                        TaskFailure failure);
  bool on_range_finished(int rank, TaskId group, std::uint64_t begin, std::uint64_t count,
                         std::uint64_t result_bytes, Commands& commands);
  void on_timing(FunctionId function, std::uint64_t calls, std::uint64_t nanoseconds);
  void on_replica(int rank, TaskId id, Commands& commands);
  /// No future names the task or group any more.
  void on_client_released(TaskId id, Commands& commands);

  /// Gives ready work to workers that have credit.
  void place(Commands& commands);

  // ---- questions

  const TaskRecord* find_task(TaskId id) const { return tasks_.find(id); }
  const GroupRecord* find_group(TaskId id) const { return groups_.find(id); }
  FailurePtr failure_of_task(TaskId id) const;
  /// The rank a consumer on `consumer` should take the input from; it is finished, or is produced
  /// there.
  int holder_of(const Input& input, int consumer) const;
  /// Pieces of a source group that cover [begin, begin + count), which are finished.
  void append_pieces(TaskId source, std::uint32_t source_number, std::uint64_t begin,
                     std::uint64_t count, std::vector<protocol::PieceRef>& pieces) const;
  const Story& story() const { return story_; }
  const WorkerTable& workers() const { return workers_; }
  const Durations& durations() const { return durations_; }
  Counts counts() const;
  /// True when a task that is submitted now could start at once.
  bool anybody_idle() { return workers_.anybody_idle(); }

  /// Walks the whole state and stops the program if any two parts of it disagree. For tests and
  /// TUTTI_VALIDATE.
  void check_invariants() const;

 private:
  // scheduler.cpp: single tasks
  void attach_inputs(TaskId dependent, std::span<const Input> inputs, std::uint32_t& missing,
                     FailurePtr& failure);
  void note_placed(TaskId dependent, int worker);
  void become_ready(TaskId task);
  void finish_dependents(std::uint32_t& head, bool placed, Commands& commands);
  void input_finished(TaskId dependent, bool placed, Commands& commands);
  void fail(TaskId id, FailurePtr failure, Commands& commands);
  void fail_one(TaskId id, const FailurePtr& failure, Commands& commands);
  void drop_inputs(std::span<const Input> inputs, Commands& commands);
  void drop_reference(TaskId id);
  void forget_unneeded(Commands& commands);
  void forget_task(TaskId id, Commands& commands);

  // group_events.cpp: maps
  void note_derived(GroupRecord& source, TaskId id);
  void activate(TaskId group);
  void offer(TaskId group, AvailablePiece piece);
  void offer_derived(const GroupRecord& source, std::uint64_t begin, std::uint64_t count,
                     int worker);
  void activate_derived(const GroupRecord& source);
  void enqueue(TaskId group);
  void complete_group(TaskId group, Commands& commands);
  void forget_group(TaskId id, Commands& commands);

  // placement.cpp
  void assign(TaskId task, int worker, Commands& commands);
  void consider_ahead(TaskId task);
  void place_own_queues(Commands& commands);
  bool place_task(TaskId task, Commands& commands);
  bool place_range(TaskId group, Commands& commands);
  void place_pinned(TaskId group, Commands& commands);
  void take_from_queues(Commands& commands);
  int preferred_worker(const TaskRecord& record, std::uint64_t& bytes_there,
                       std::uint64_t& bytes_all) const;
  std::uint64_t range_length(const GroupRecord& group, int worker) const;

  // invariants.cpp
  struct Tally;
  void tally_queues(Tally& tally) const;
  void tally_reference(TaskId id, Tally& tally) const;
  bool is_missing(const Input& input) const;
  void check_task(std::uint32_t slot, Tally& tally) const;
  void check_group(std::uint32_t slot, Tally& tally) const;
  void check_tally(const Tally& tally) const;

  std::uint64_t unknown_ns() const { return options_.credit.nanoseconds_per_slot; }

  SchedulerOptions options_;
  TaskTable tasks_;
  GroupTable groups_;
  EdgePool edges_;
  WorkerTable workers_;
  ReadyQueue ready_;
  Durations durations_;
  Story story_;
  tsl::robin_map<std::uint32_t, FailurePtr> task_failures_;          ///< by slot
  tsl::robin_map<std::uint32_t, std::vector<std::int32_t>> copies_;  ///< more holders, by slot
  std::vector<TaskId> pinned_;    ///< pinned groups that can be placed
  std::vector<TaskId> unneeded_;  ///< may have lost their last reference
  std::vector<TaskId> scratch_;
  std::uint64_t done_ = 0;
  std::uint64_t work_left_ = 0;
};

}  // namespace tutti::scheduler

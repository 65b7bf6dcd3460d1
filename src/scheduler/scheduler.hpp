#pragma once

/// Scheduler: tasks, maps and workers; events in, commands out.
///
/// Pure: no clock, thread, random number or IO. The same events in the same order always give the
/// same commands. Not thread-safe: the caller has one lock. Events only note what happened and what
/// follows from it; place() then decides who gets what, once for a whole batch of events.

#include "base/durations.hpp"
#include "protocol/messages.hpp"
#include "scheduler/actor_calls.hpp"
#include "scheduler/adaptive.hpp"
#include "scheduler/commands.hpp"
#include "scheduler/demands.hpp"
#include "scheduler/gang_table.hpp"
#include "scheduler/group_table.hpp"
#include "scheduler/ready_queue.hpp"
#include "scheduler/replication.hpp"
#include "scheduler/story.hpp"
#include "scheduler/task_table.hpp"
#include "scheduler/worker_table.hpp"

#include <tsl/robin_map.h>

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace tutti::scheduler {

struct SchedulerOptions {
  Credit credit;
  std::size_t story_events = 1 << 14;
  /// Moving inputs costs this much, until transfers were measured; used to weigh workers against
  /// those that hold the data.
  double bandwidth_bytes_per_ns = 4.0;
  double latency_ns = 5'000;
  /// A task is assigned ahead when its inputs are expected within twice the credit in time, or
  /// twice this.
  std::uint64_t ahead_ns_min = 1'000'000;
  /// Stretches of a map: one in so many of what is left per slot, within these bounds of time and
  /// bytes.
  double range_share = 4;
  std::uint64_t range_ns_min = 50'000;
  std::uint64_t range_ns_max = 50'000'000;
  std::uint64_t range_bytes_max = 4 << 20;
  /// The same for what they give, and no more than this share of the memory limit of a worker.
  std::uint64_t range_result_bytes_max = 64 << 20;
  std::uint64_t range_limit_share = 32;
  /// A gang that waits for workers is overtaken by so many that came later.
  std::uint32_t gang_overtaken_max = 16;
  /// Communicators of gangs that are kept.
  std::size_t communicators_max = 64;
};

/// A task as the client hands it over.
struct TaskSpec {
  TaskId id;  ///< a reserved number; none: the next free one
  FunctionId function = 0;
  std::int16_t priority = 0;
  std::uint16_t owner = 0;
  std::uint16_t depth = 0;
  std::uint8_t retries = 0;
  std::uint64_t stream = 0;
  bool inline_result = false;
  bool client_holds = true;
  std::uint32_t gang = 0;  ///< so many workers run it together; 0: it is no gang
  std::span<const std::byte> payload;
  std::span<const Input> inputs;
  const protocol::Demand* demand = nullptr;  ///< null: none
  /// creates_actor, or the line of a call of the actor that the first input is; lines are told
  /// apart by their owner and by this number.
  std::uint32_t line = detail::no_line;
};

/// A map as the client hands it over.
struct GroupSpec {
  TaskId id;  ///< a reserved number; none: the next free one
  FunctionId function = 0;
  std::int16_t priority = 0;
  std::uint16_t owner = 0;
  std::uint16_t depth = 0;
  std::uint64_t stream = 0;
  bool client_holds = true;
  bool pinned = false;
  std::uint64_t total = 0;
  std::uint64_t bytes_per_element = 0;
  std::span<const Input> inputs;
  std::span<const TaskId> sources;
  /// What is not run, ascending, and the failures among its elements.
  std::span<const FinishedPiece> finished = {};
  std::map<std::uint64_t, FailurePtr> failures = {};
  const protocol::Demand* demand = nullptr;  ///< of each element; null: none
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

  /// The time of the events that follow, for stories and for what may still start.
  void set_time(std::uint64_t now_ns) {
    now_ns_ = now_ns;
    story_.set_time(now_ns);
  }
  /// Nothing starts from now on that is not expected to end by then; what is not known to take long
  /// is. 0: there is no end.
  void set_end(std::uint64_t end_ns) { end_ns_ = end_ns; }
  /// Nothing is given to workers any more, but what they have may run.
  void stop_starting() { stopped_ = true; }
  void on_worker_joined(int rank, std::uint32_t slots, std::uint64_t memory_limit_bytes,
                        protocol::Resources resources = {});
  /// Numbers for tasks and maps that a worker will submit.
  TaskId reserve_task() { return tasks_.reserve(); }
  TaskId reserve_group() { return groups_.reserve(); }
  /// An input that failed already fails the task at once.
  TaskId submit(const TaskSpec& spec, Commands& commands);
  TaskId submit_group(const GroupSpec& spec, Commands& commands);
  /// A value that the client placed. `holders` is not empty; the first one is asked by others.
  TaskId place_value(std::span<const std::int32_t> holders, std::uint64_t bytes, bool client_holds);
  /// A task that is known to fail and does not run.
  TaskId place_failure(FailurePtr failure);
  /// A sequence that the client placed, in stretches.
  TaskId place_sequence(std::span<const AvailablePiece> stretches, std::uint64_t total,
                        std::uint64_t bytes = 0);
  /// A value, or a sequence of `count` elements, that a task placed on its rank under a reserved
  /// number.
  void place_for_task(int rank, TaskId id, std::uint64_t bytes, std::uint64_t count, bool held);
  /// So many runs of the worker wait inside of themselves, and have given up their slots.
  /// What it holds back until some of those have ended takes no credit either.
  void on_waits(int rank, std::uint32_t suspended, std::uint32_t held_back = 0) {
    workers_.suspend(rank, suspended, held_back);
  }
  /// Both return false when the report is stale and was ignored.
  bool on_task_finished(int rank, TaskId task, std::uint64_t result_bytes, Commands& commands);
  /// A task with retries left is assigned again; else it fails, with all that need it.
  bool on_task_threw(int rank, TaskId task, TaskFailure failure, Commands& commands);
  // Members of gangs; these return false too when the report is stale.
  /// The member has its inputs and a slot. When all have, they are told to begin.
  bool on_member_ready(int rank, std::uint64_t run, Commands& commands);
  /// The member threw, or its time is over: all are told to stop. A gang with retries left is tried
  /// again when all have ended; else it fails at once.
  bool on_member_failed(int rank, std::uint64_t run, TaskFailure failure, Commands& commands);
  /// The member has given its slot back. When the last one of a gang that did not fail has, the
  /// gang is finished.
  bool on_member_ended(int rank, std::uint64_t run, std::uint64_t result_bytes, Commands& commands);
  /// Elements that threw are told before the range that they are in.
  bool on_element_threw(int rank, TaskId group, std::uint64_t index, bool inherited,
                        TaskFailure failure);
  bool on_range_finished(int rank, TaskId group, std::uint64_t begin, std::uint64_t count,
                         std::uint64_t result_bytes, Commands& commands);
  void on_timing(FunctionId function, std::uint64_t calls, std::uint64_t nanoseconds);
  void on_replica(int rank, TaskId id, Commands& commands);
  /// What a worker will not run after all. It goes to others, or comes back to it, at once: those
  /// that were told to wait for it rely on that.
  void on_gave_back(int rank, std::span<const TaskId> tasks,
                    std::span<const protocol::RangeCut> ranges, Commands& commands);
  /// An input of a task of the worker is not where it was said to be.
  void on_locate(int rank, TaskId id, Commands& commands);
  void on_transfer(std::uint64_t bytes, std::uint64_t nanoseconds);
  /// Ends what has not ended, and all that needs it, with the failure that is given.
  void cancel(TaskId id, const FailurePtr& failure, Commands& commands);
  /// Ends everything that has not ended.
  void cancel_all(const FailurePtr& failure, Commands& commands);
  void on_memory(int rank, const protocol::MemoryState& memory);
  /// What a worker was assigned under this claim has ended there: what it took is free.
  void on_claim_ended(std::uint32_t claim) {
    demands_.release(claim);
    actor_calls_.on_claim_ended(claim);
  }
  /// Has something that is finished, and that the client holds, copied to `targets`, in a tree;
  /// those that have it already are left out. Then the holders in `leaving` give it up, except the
  /// last one, and not while something that is not done needs it.
  void replicate(const Piece& piece, std::span<const std::int32_t> targets,
                 std::span<const std::int32_t> leaving, Commands& commands);
  /// A rank has the copy that it was told to fetch, or could not get it.
  void on_replicated(int rank, const Piece& piece, bool kept, Commands& commands);
  /// Moves idle values and stretches of `ids` among `ranks`, so that what these hold evens out;
  /// gives the moves that it began.
  std::vector<Move> rebalance(std::span<const TaskId> ids, std::span<const std::int32_t> ranks,
                              Commands& commands);
  /// Leaves `wanted` workers, at least 1, and parks the others: those that hold least. More than
  /// there are: all work.
  void scale(std::uint32_t wanted);
  /// Moves what parked workers hold and nobody uses to the others; to be called again and again
  /// while there are parked workers. True when none of them has or gets anything any more.
  bool evacuate(Commands& commands);
  /// No future names the task or group any more.
  void on_client_released(TaskId id, Commands& commands);

  /// Gives ready work to workers that have credit.
  void place(Commands& commands);

  // ---- questions

  const TaskRecord* find_task(TaskId id) const { return tasks_.find(id); }
  const GroupRecord* find_group(TaskId id) const { return groups_.find(id); }
  /// An attempt of a gang that is under way, or null.
  const GangRun* find_run(std::uint64_t run) const;
  /// That of the gang; null when none is.
  const GangRun* find_run_of(TaskId gang) const;
  FailurePtr failure_of_task(TaskId id) const;
  /// Who holds it, the one first that others are sent to; nobody when it is not finished.
  std::vector<std::int32_t> holders_of(const Piece& piece) const;
  /// True while copies of it, or of a stretch of it, are being made.
  bool is_replicating(TaskId id) const;
  /// Calls `visit(piece, bytes)` for each stretch of a group, or once for a finished task.
  template <class Visit>
  void for_each_piece_of(TaskId id, Visit visit) const {
    if (const GroupRecord* group = groups_.find(id)) {
      for (const auto& [begin, chunk] : group->chunks) visit(Piece{id, begin}, chunk.bytes);
    } else if (const TaskRecord* record = tasks_.find(id);
               record != nullptr && record->state == TaskState::finished) {
      visit(Piece{id, 0}, record->result_bytes);
    }
  }
  /// The same for all that is held anywhere.
  template <class Visit>
  void for_each_piece(Visit visit) const {
    for (std::uint32_t slot = 0; slot < tasks_.slots(); ++slot) {
      if (tasks_.at(slot).state == TaskState::finished)
        for_each_piece_of(tasks_.id_of(slot), visit);
    }
    for (std::uint32_t slot = 0; slot < groups_.slots(); ++slot) {
      if (groups_.at(slot).state != GroupState::unused)
        for_each_piece_of(groups_.id_of(slot), visit);
    }
  }
  /// The rank a consumer on `consumer` should take the input from; it is finished, or is produced
  /// there.
  int holder_of(const Input& input, int consumer) const;
  /// The data inputs of a task that is sent to `consumer`: where each piece is, or will be.
  void append_input_refs(const TaskRecord& task, int consumer,
                         std::vector<protocol::InputRef>& refs) const;
  /// The same for the constants of a map, which its elements share.
  void append_constant_refs(const GroupRecord& group, int consumer,
                            std::vector<protocol::InputRef>& refs) const;
  /// What an InputRef says of how many tasks its holder was assigned.
  std::uint32_t sequence_of(int holder) const;
  /// Pieces of a source group that cover [begin, begin + count), which are finished.
  void append_pieces(TaskId source, std::uint32_t source_number, std::uint64_t begin,
                     std::uint64_t count, std::vector<protocol::PieceRef>& pieces) const;
  const Story& story() const { return story_; }
  const WorkerTable& workers() const { return workers_; }
  const Demands& demands() const { return demands_; }
  const Durations& durations() const { return durations_; }
  Counts counts() const;
  /// Tasks and elements of maps that are not done. Looks at each map.
  std::uint64_t tasks_left() const;
  /// How much work is known. Looks at each task.
  Occupancy occupancy() const;
  /// True when work is left that would not end in time, and nothing else is done.
  bool only_held_left() const;
  /// True when a task that is submitted now could start at once.
  bool anybody_idle() { return workers_.anybody_idle(); }

  /// The state as text: workers, what is not done and why, the last events. Long.
  std::string tell_state() const;

  /// Walks the whole state and stops the program if any two parts of it disagree. For tests and
  /// TUTTI_VALIDATE.
  void check_invariants() const;
  /// Appends all that decides what happens next: where two states give the same words, the same
  /// events have the same consequences. For tests that tell states apart.
  void describe(std::vector<std::uint64_t>& words) const;

 private:
  // scheduler.cpp: single tasks
  void attach_inputs(TaskId dependent, std::span<const Input> inputs, std::uint32_t& missing,
                     FailurePtr& failure);
  bool attach_task(TaskId dependent, const Input& input, FailurePtr& failure);
  bool attach_elements(TaskId dependent, const Input& input, FailurePtr& failure);
  void become_ready(TaskId task);
  void finish(TaskId task, std::uint64_t result_bytes, Commands& commands);
  void try_again(TaskId task);
  void unload(const TaskRecord& record);
  void finish_dependents(std::uint32_t& head, bool placed, Commands& commands);
  void input_finished(TaskId dependent, bool placed, Commands& commands);
  void fail(TaskId id, FailurePtr failure, Commands& commands);
  void fail_one(TaskId id, const FailurePtr& failure, Commands& commands);
  void withdraw(TaskId task, TaskRecord& record, Commands& commands);
  void withdraw_ranges(TaskId group, GroupRecord& record, Commands& commands);
  void append_refs(std::span<const Input> inputs, int consumer, bool may_move,
                   std::vector<protocol::InputRef>& refs) const;
  void drop_inputs(TaskRecord& record);
  void drop_inputs(GroupRecord& group);
  void drop_reference(TaskId id);
  void forget_unneeded(Commands& commands);
  void forget_task(TaskId id, Commands& commands);

  // group_events.cpp: maps
  void place_group_for_task(int rank, TaskId id, std::uint64_t bytes, std::uint64_t count);
  void note_derived(GroupRecord& source, TaskId id);
  void activate(TaskId group);
  void note_finished(GroupRecord& group, const GroupSpec& spec);
  void offer(TaskId group, AvailablePiece piece);
  void offer_gaps(GroupRecord& group, const AvailablePiece& piece);
  void offer_derived(const GroupRecord& source, std::uint64_t begin, std::uint64_t count,
                     int worker);
  void activate_derived(const GroupRecord& source);
  void enqueue(TaskId group);
  void end_elements(GroupRecord& group, std::uint64_t begin, std::uint64_t count,
                    Commands& commands);
  void end_slices(GroupRecord& group, std::uint64_t begin, std::uint64_t count, Commands& commands);
  void complete_group(TaskId group, Commands& commands);
  void take_back(int rank, const protocol::RangeCut& cut);
  void forget_group(TaskId id, Commands& commands);

  // parking.cpp
  std::vector<int> by_holding() const;
  int roomiest(std::span<const std::uint64_t> more_bytes) const;

  // replication.cpp
  std::uint32_t users_of(TaskId id) const;
  void go_on(Piece piece, Commands& commands);
  void end_replication(Piece piece, Commands& commands);
  void add_holder(const Piece& piece, std::int32_t rank);
  void drop_holder(const Piece& piece, std::int32_t rank, Commands& commands);

  // placement.cpp
  void assign(TaskId task, int worker, Commands& commands);
  void give(TaskId task, int worker, Commands& commands);
  void consider_ahead(TaskId task);
  void place_ahead(Commands& commands);
  void place_bound(TaskId task, int urgency_min, Commands& commands);
  void serve_queues(int urgency_min, Commands& commands);
  void serve(int rank, int urgency_min, Commands& commands);
  bool place_source(TaskId task, Commands& commands);
  bool place_range(TaskId group, Commands& commands);
  void give_range(TaskId group, int worker, std::uint64_t length_max, Commands& commands);
  void place_from_ready(Commands& commands);
  void place_pinned(TaskId group, Commands& commands);
  bool fits(FunctionId function) const;
  bool is_in_time(int worker, FunctionId function) const;
  bool may_take(int worker, FunctionId function) const;
  void take_from_queues(Commands& commands);
  void ask_for_work(Commands& commands);
  int thief_for(int victim);
  std::uint64_t range_length(const GroupRecord& group, int worker) const;

  // demand_placement.cpp: tasks that need more than a slot
  void enqueue_demanding(TaskId id);
  void place_demanding(Commands& commands);
  bool place_next(DemandId demand, Commands& commands);
  bool place_demanding_range(TaskId group, DemandId demand, Commands& commands);
  int most_likely_for(DemandId demand) const;
  bool has_memory_for(const protocol::Demand& demand, const WorkerRecord& worker) const;
  int choose_for_demand(DemandId demand, FunctionId function, const TaskRecord* record) const;
  // gangs.cpp
  void queue_gang(TaskId gang);
  void forget_gang(TaskId gang);
  std::vector<std::int32_t> free_seats() const;
  void place_gangs(Commands& commands);
  void start_run(TaskId gang, std::vector<std::int32_t> members, Commands& commands);
  GangRun* run_of_member(int rank, std::uint64_t run, std::size_t& index);
  void stop_run(std::uint64_t run, Commands& commands);

  // actors.cpp
  void submit_call(TaskId id, const TaskSpec& spec);
  void end_actor_work(TaskId id, const TaskRecord& record);
  void place_actors(Commands& commands);
  bool place_actor(TaskId id, Commands& commands);
  int choose_for_actor(const TaskRecord& record) const;
  void start_call(const ActorCalls::Turn& turn, Commands& commands);
  DemandId demand_for_rank(int rank);

  // choice.cpp
  struct Candidates;
  int choose_worker(const TaskRecord& record);
  void add_candidates(const Input& input, Candidates& candidates) const;
  double start_ns(const TaskRecord& record, int worker) const;
  double arrival_ns(const Input& input, int worker) const;
  double due_in_ns(const TaskRecord& record) const;

  // invariants.cpp
  struct Tally;
  void tally_queues(Tally& tally) const;
  void tally_reference(TaskId id, Tally& tally) const;
  bool is_missing(const Input& input) const;
  void check_task(std::uint32_t slot, Tally& tally) const;
  void check_group(std::uint32_t slot, Tally& tally) const;
  void check_replications(Tally& tally) const;
  void check_gangs() const;
  void check_tally(const Tally& tally) const;

  // tell_state.cpp
  void tell_workers(std::string& text) const;
  void tell_work(std::string& text) const;

  // describe.cpp
  void describe_task(std::uint32_t slot, std::vector<std::uint64_t>& words) const;
  void describe_group(std::uint32_t slot, std::vector<std::uint64_t>& words) const;
  void describe_gangs(std::vector<std::uint64_t>& words) const;

  std::uint64_t unknown_ns() const { return options_.credit.nanoseconds_per_slot; }

  SchedulerOptions options_;
  TaskTable tasks_;
  GroupTable groups_;
  EdgePool edges_;
  WorkerTable workers_;
  ReadyQueue ready_;                      ///< tasks whose inputs bind them to nobody, and maps
  Demands demands_;                       ///< and what is ready and has one
  std::vector<bool> reserved_;            ///< workers that are kept for who waits, in this turn
  std::uint32_t claim_ = 0;               ///< of what is assigned next
  ActorCalls actor_calls_;                ///< calls of actors that have not ended
  std::vector<TaskId> new_actors_;        ///< that are ready
  std::vector<std::uint32_t> actors_on_;  ///< by rank: actors that live there, or will
  std::vector<DemandId> rank_demands_;    ///< by rank: to run there and nowhere else
  std::vector<TaskId> ready_bound_;       ///< ready tasks that belong to workers by their inputs
  std::map<std::uint32_t, GangRecord> gangs_;  ///< that have not ended, by slot
  std::deque<TaskId> waiting_gangs_;  ///< ready, and there were too few workers: by urgency
  bool gangs_changed_ = false;        ///< since they were placed
  std::map<std::uint64_t, GangRun> runs_;
  std::uint64_t runs_begun_ = 0;
  CommunicatorTable communicators_;
  Durations durations_;
  Story story_;
  tsl::robin_map<std::uint32_t, FailurePtr> task_failures_;          ///< by slot
  tsl::robin_map<std::uint32_t, std::vector<std::int32_t>> copies_;  ///< more holders, by slot
  std::map<Piece, Replication> replications_;
  std::vector<TaskId> ahead_;     ///< waiting tasks that may be assigned ahead of readiness
  std::vector<TaskId> pinned_;    ///< pinned groups that can be placed
  std::vector<TaskId> unneeded_;  ///< may have lost their last reference
  bool cancelling_ = false;       ///< what fails now is called back from its workers
  std::vector<EdgePool::Edge> scratch_;
  double bandwidth_bytes_per_ns_;  ///< measured
  std::vector<TaskId> held_;       ///< ready, but would not end in time
  std::uint64_t now_ns_ = 0;
  std::uint64_t end_ns_ = 0;
  bool stopped_ = false;
  std::uint64_t done_ = 0;
  std::uint64_t work_left_ = 0;
};

}  // namespace tutti::scheduler

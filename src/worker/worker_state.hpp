#pragma once

/// WorkerState: what this rank was told to do and how far it is; events in, commands out.
///
/// Pure: no clock, thread, message. Not thread-safe: used under the rank's lock. Values are opaque
/// to it.

#include "base/durations.hpp"
#include "protocol/messages.hpp"
#include "worker/slot_table.hpp"
#include "worker/small_values.hpp"
#include "worker/store.hpp"
#include "worker/work.hpp"

#include <tsl/robin_map.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
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
    std::uint32_t sequence;
  };
  /// A value of this rank's store is away: bring it back, then call on_data().
  struct Load {
    std::uint64_t request;
    ValueKey key;
  };
  /// A rank that asked gets its answer; `found`: the value is in the store.
  struct Answer {
    Asker to;
    TaskId id;
    protocol::Data::Answer answer;
  };
  /// What is given back to rank 0, in answer to its question.
  struct GaveBack {
    std::vector<TaskId> tasks;
    std::vector<protocol::RangeCut> ranges;
  };
  std::vector<Fetch> fetch;
  std::vector<Load> load;
  std::vector<Answer> answers;
  /// What rank 0 wanted copied: it is in the store, or cannot be brought here.
  struct Replicated {
    TaskId id;
    std::uint64_t begin;
    bool kept;
  };
  std::vector<Replicated> replicated;
  std::vector<TaskId> locate;               ///< ask rank 0 where they are
  std::vector<TaskId> replicas;             ///< copies that were stored; tell rank 0
  std::vector<RangeWork*> finished_ranges;  ///< report them, then call recycle()
  std::vector<const TaskWork*> stopped;     ///< run, and were told to stop
  /// A member of a gang that no thread has begun, and that gave its slot back.
  struct MemberEnded {
    std::uint64_t run;
    bool failed;  ///< an input is nowhere; else it was told to stop
  };
  std::vector<std::uint64_t> members_ready;  ///< they have slots: tell rank 0
  std::vector<MemberEnded> members_ended;
  bool empty() const {
    return fetch.empty() && load.empty() && answers.empty() && replicated.empty() &&
           locate.empty() && replicas.empty() && finished_ranges.empty() && stopped.empty() &&
           members_ready.empty() && members_ended.empty();
  }
  void clear() {
    fetch.clear();
    load.clear();
    answers.clear();
    replicated.clear();
    locate.clear();
    replicas.clear();
    finished_ranges.clear();
    stopped.clear();
    members_ready.clear();
    members_ended.clear();
  }
};

/// Whether threads get something to do, see WorkerState::set_pause().
enum class Pause : std::uint8_t {
  none,
  all,            ///< nothing new starts
  one_at_a_time,  ///< something starts when nothing runs, so that the rank does not wait for ever
};

struct WorkerLimits {
  std::uint32_t slots = 1;
  std::int32_t rank = 0;
  /// A thread takes at most this much estimated time before it looks at messages again.
  std::uint64_t batch_ns = 20'000;
  /// The same for elements of maps. A thread that is away for longer hands the watch over first,
  /// which costs two switches of threads.
  std::uint64_t block_ns = 200'000;
  std::size_t batch_tasks_max = 64;
  /// What a thread that waits inside of a task may run meanwhile is expected to take at most this
  /// long; for what takes longer another thread is worth its switch.
  std::uint64_t nested_ns = 100'000;
  /// So many tasks and elements may wait inside of themselves at the same time.
  std::uint32_t suspended_max = 256;
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
  void on_assign(const protocol::AssignMember& message, WorkerCommands& commands);
  /// All members of a gang have slots.
  void on_start(std::uint64_t run);
  /// A gang has failed, or was cancelled.
  void on_stop(const protocol::StopGang& message, WorkerCommands& commands);
  /// The answer to a fetch or load. `problem` says why there is no value: what needs it fails with
  /// this sentence.
  void on_data(std::uint64_t request, protocol::Data::Answer answer, detail::ValuePtr value,
               std::uint64_t bytes, WorkerCommands& commands, const std::string& problem = {});
  /// A rank asks for a value that is not in the store: it waits when the value will be.
  void on_fetch(int from, const protocol::Fetch& message, WorkerCommands& commands);
  /// Where a value is that was not found; `holder` is below 0 when it will never be anywhere.
  void on_located(const protocol::Located& message, WorkerCommands& commands);
  /// Gives back half of what no thread has begun, at most `units_max` tasks and elements, the least
  /// urgent first; a task whose result is waited for stays.
  WorkerCommands::GaveBack on_give_back(std::uint32_t units_max, WorkerCommands& commands);
  void on_release(TaskId id);
  /// Nobody wants the results of these: what was not begun is dropped; what runs is told to stop
  /// and ends without a trace.
  void on_cancel(std::span<const TaskId> ids, WorkerCommands& commands);
  /// The time of a task that runs is over; the same. False when it does not run.
  bool on_timeout(TaskId id, WorkerCommands& commands);
  /// Rank 0 wants a copy of a value or stretch here.
  void on_replicate(const protocol::InputRef& piece, WorkerCommands& commands);
  void on_drop_stretch(TaskId id, std::uint64_t begin) { store_.erase_stretch(id, begin); }
  /// What a thread took is done; the results are in the items.
  void on_done(Batch& batch, WorkerCommands& commands);
  /// A finished range was reported.
  void recycle(RangeWork* range);
  /// Short of memory, or not any more.
  void set_pause(Pause pause) { pause_ = pause; }

  /// Appends the claims whose work has ended, or will not begin, since the last call.
  void take_ended_claims(std::vector<std::uint32_t>& claims);
  /// Appends the run times measured since the last call.
  void take_timings(std::vector<protocol::Timing>& timings);

  /// Gives a free thread something to do, and a slot for it; leaves the batch empty when nothing is
  /// ready. A thread that waits inside of a task takes only what has at least its depth.
  void take(Batch& batch, int depth_min = 0);

  // What runs in a batch waits inside of itself. Its slot goes to others, until it resumes.

  /// The items before the one that runs are done. The caller reports `done`.
  void split(Batch& batch, Batch& done, WorkerCommands& commands);
  /// What was behind it goes back; of a block that are the elements after the first `begun`, which
  /// the caller does not run then. Must not be called when may_suspend() is false.
  void suspend(Batch& batch, WorkerCommands& commands, WaitsFor what = WaitsFor::results,
               std::uint64_t begun = ~std::uint64_t{0});
  bool may_suspend() const { return suspended_ < limits_.suspended_max; }
  /// It uses locks, queues and their like: whoever runs on its stack, or below it, could wait for
  /// it for ever, so its function gets a stack of its own from now on.
  void on_coordination(const Execution& item);
  /// Its wait is over: it wants a slot before anything else begins.
  void want_slot() { ++wanting_; }
  bool has_slot_to_resume(const Batch& batch) const {
    return active_ + batch.slots <= limits_.slots;
  }
  /// There must be a slot.
  void resume(const Batch& batch);

  // ---- questions

  /// Whether take() gives something. A rank that runs one at a time begins something when all that
  /// it runs waits inside of itself: else that could wait for ever.
  bool has_ready() const {
    return ready_count_ != 0 &&
           (pause_ == Pause::none || (pause_ == Pause::one_at_a_time && active_ + wanting_ == 0));
  }
  /// Threads that could begin something now.
  std::size_t startable() const { return begun_members_.size() + startable_alone(); }
  /// What a thread that waits inside of a task of this depth could run now, without being away for
  /// long.
  bool can_nest(int depth_min) const;
  /// Tasks and elements that wait inside of themselves.
  std::uint32_t suspended() const { return suspended_; }
  /// What is ready and may not begin, as too many wait.
  std::uint32_t held_back() const {
    return static_cast<std::uint32_t>(ready_count_ - ready_count(floor()));
  }
  bool somebody_wants_slot() const { return wanting_ != 0; }
  std::size_t ready_count() const { return ready_count_; }
  /// True when a thread that starts now could be away for long: other threads must look after
  /// messages.
  bool may_take_long(const Batch& batch) const;
  std::size_t taken() const { return taken_; }
  /// Of those, what does not wait inside of itself.
  std::size_t running() const { return taken_ - suspended_; }
  /// Null when nothing of it is here.
  const GroupWork* find_group(TaskId id) const {
    const auto found = groups_.find(id);
    return found == groups_.end() ? nullptr : found->second.get();
  }
  Pause pause() const { return pause_; }
  /// Appends the values that something assigned points to: they must stay where they are. (What is
  /// fetched for a task alone, and what a run reads that nobody wants any more, is counted, and not
  /// among them.)
  void append_read(std::vector<const detail::Value*>& values) const;
  /// Values that are being fetched or loaded.
  std::size_t awaited() const { return fetches_.size(); }
  /// Tasks that were assigned and have not ended.
  std::size_t assigned() const { return known_.size(); }
  /// Tasks of this rank that others, and ranks that asked too early, wait for.
  std::size_t askers() const;
  /// Those that asked for a task that this rank may yet be assigned.
  std::size_t asked_early() const { return early_.size(); }
  /// True when nothing is assigned, defined or awaited.
  bool is_idle() const {
    return ready_count_ == 0 && taken_ == 0 && awaited() == 0 && known_.empty() && early_.empty() &&
           groups_.empty() && members_.empty();
  }
  const FunctionOps* function(FunctionId function) const;
  const WorkerLimits& limits() const { return limits_; }
  void check_invariants() const;
  /// Appends all that decides what happens next: where two states give the same words, the same
  /// events have the same consequences. For tests that tell states apart.
  void describe(std::vector<std::uint64_t>& words) const;

 private:
  struct Ready {
    TaskWork* task = nullptr;
    RangeWork* range = nullptr;
    GroupWork* bind = nullptr;
  };
  struct PendingFetch {
    TaskId id;
    bool slice = false;
    std::uint64_t begin = 0;
    std::uint64_t count = 0;
    bool keep = true;        ///< others of this rank may need it too
    bool replicate = false;  ///< rank 0 wants it to stay here
    std::vector<Waiter> waiters = {};
    bool own = false;  ///< it is in this rank's store, away
  };
  /// Asked for a task that this rank may yet be assigned.
  struct Early {
    TaskId id;
    std::uint32_t sequence = 0;
    Asker asker;
  };
  struct SliceKey {
    TaskId id;
    std::uint64_t begin;
    std::uint64_t count;
    auto operator<=>(const SliceKey&) const = default;
  };

  // inputs.cpp: values that are waited for
  bool resolve_input(const protocol::InputRef& input, Waiter waiter, detail::InputValue& value,
                     std::vector<detail::ValuePtr>& held, WorkerCommands& commands);
  bool resolve_elements(const protocol::InputRef& input, Waiter waiter, detail::InputValue& value,
                        WorkerCommands& commands);
  PendingFetch* find_pending(TaskId id);
  std::uint64_t begin_fetch(PendingFetch fetch);
  void fetch_value(const protocol::InputRef& input, Waiter waiter, WorkerCommands& commands);
  void load_value(TaskId id, Waiter waiter, WorkerCommands& commands);
  void load_stretch(TaskId id, const Store::Stretch& stretch, Waiter waiter,
                    WorkerCommands& commands);
  void fetch_slice(TaskId id, std::uint64_t begin, std::uint64_t count, std::int32_t holder,
                   Waiter waiter, WorkerCommands& commands);
  PendingFetch end_fetch(std::uint64_t request);
  struct Arrival {
    const detail::ValuePtr& value;
    std::uint64_t slice_begin = 0;
    bool failed = false;
    std::string_view problem = {};
  };
  void keep_fetched(const PendingFetch& fetched, const detail::ValuePtr& value, std::uint64_t bytes,
                    WorkerCommands& commands);
  void arrived(const Waiter& waiter, const Arrival& arrival, WorkerCommands& commands);
  void ended(TaskWork* task, const detail::ValuePtr& value, bool failed, WorkerCommands& commands);
  std::vector<Waiter> tell_askers(TaskWork& task, bool failed, WorkerCommands& commands);
  void drop(TaskWork* task, WorkerCommands& commands);
  void end_wait_elsewhere(TaskWork& task);
  void admit_early(TaskWork& task, WorkerCommands& commands);

  // balance.cpp: what is given back
  std::uint64_t units_to_give(std::uint32_t units_max) const;
  bool give_back(std::deque<Ready>& level, std::size_t position, std::uint64_t& units,
                 WorkerCommands::GaveBack& given, WorkerCommands& commands);
  bool cut(RangeWork& range, std::uint64_t& units, WorkerCommands::GaveBack& given,
           WorkerCommands& commands);

  // gangs.cpp
  TaskWork* find_member(std::uint64_t run) const;
  void seat_members(WorkerCommands& commands);
  void forget_member(const TaskWork* task);
  void end_unbegun(const TaskWork& task, WorkerCommands& commands);
  void take_member(Batch& batch);
  void finish_member(Execution& item, WorkerCommands& commands);

  // cancel.cpp
  void detach(TaskWork* task, WorkerCommands& commands);
  void remove_ready(const TaskWork* task);
  void cancel_group(TaskId id);

  void accept(TaskWork& task, const protocol::AssignTask& message, WorkerCommands& commands);
  void make_ready(Ready ready, std::int32_t urgency, bool at_front);
  void add_task(Execution& item, TaskWork* task);
  static std::uint32_t cores_of(const Ready& ready);
  std::uint32_t cores_of_next() const;
  /// Of those that could begin, what is no member of a gang: such a one has its slot.
  std::size_t startable_alone() const {
    const std::size_t used = active_ + wanting_;
    if (used >= limits_.slots || !has_ready()) return 0;
    if (used + cores_of_next() > limits_.slots) return 0;
    const std::size_t slots = pause_ == Pause::none ? limits_.slots - used : 1;
    return std::min(ready_count(floor()), slots);
  }
  void fill(Batch& batch, int depth_min);
  static int depth_of(std::int32_t urgency) { return urgency & 0xffff; }
  static int depth_of(const Execution& item);
  void return_rest(Execution& block, std::uint64_t begun);
  int floor() const;
  bool coordinates(FunctionId function) const {
    return function < coordinating_.size() && coordinating_[function] != 0;
  }
  std::size_t ready_count(int depth_min) const;
  void end_items(std::span<Execution> items, WorkerCommands& commands);
  void note_duration(const Execution& item, std::uint64_t nanoseconds);
  static void mark_movable(TaskWork& task);
  TaskWork& new_task(const protocol::AssignTask& message);
  void task_complete(TaskWork* task, WorkerCommands& commands);
  void group_complete(GroupWork* group);
  void finish_task(Execution& item, WorkerCommands& commands);
  void finish_block(Execution& item, WorkerCommands& commands);
  void finish_bind(Execution& item);
  void add_timing(TaskId group, FunctionId function, std::uint64_t calls,
                  std::uint64_t nanoseconds);
  void recycle(TaskWork* task);
  GroupWork& group_entry(TaskId id);
  void forget_group_if_done(GroupWork& group);
  std::uint64_t block_length(const RangeWork& range) const;
  void check_inputs(const TaskWork& task) const;

  WorkerLimits limits_;
  Store& store_;
  std::vector<const FunctionOps*> functions_;
  Durations durations_;
  std::vector<protocol::Timing> timings_;
  std::map<std::int32_t, std::deque<Ready>, std::greater<>> ready_;  ///< by urgency
  std::size_t ready_count_ = 0;
  std::size_t taken_ = 0;        ///< items, those that wait inside of themselves among them
  std::uint32_t active_ = 0;     ///< slots of threads, and of members of gangs
  std::uint32_t suspended_ = 0;  ///< items that wait inside of themselves
  std::uint32_t wanting_ = 0;    ///< of those, whose wait is over
  /// Of those that do not wait for what may not have begun, how many of each depth.
  std::map<int, std::uint32_t> suspended_depths_;
  std::uint32_t waiting_for_results_ = 0;
  std::vector<std::uint8_t>
      coordinating_;  ///< by function: it was seen to use locks and their like
  Pause pause_ = Pause::none;
  std::vector<TaskWork*> members_;       ///< of gangs, that have not ended or been told to stop
  std::deque<TaskWork*> begun_members_;  ///< what no thread has taken, stopped or not
  SlotTable<TaskWork*> known_;           ///< assigned and not ended
  std::uint32_t assignments_ = 0;        ///< tasks assigned since the start, modulo 2^31
  std::vector<Early> early_;
  std::vector<std::uint32_t> ended_claims_;
  std::vector<TaskWork*> dropped_;  ///< whose end is being told to those who wait for them
  SmallValues small_;
  tsl::robin_map<std::uint64_t, PendingFetch> fetches_;  ///< by request
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

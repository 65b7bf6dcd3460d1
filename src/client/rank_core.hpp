#pragma once

/// RankCore: the Core on rank 0 of a run: futures on top of the scheduler driver.

#include "client/completion.hpp"
#include "client/content_key.hpp"
#include "client/copy_call.hpp"
#include "client/datasets.hpp"
#include "client/element_slices.hpp"
#include "client/failure_ledger.hpp"
#include "client/journal_keeper.hpp"
#include "client/repeated_constants.hpp"
#include "client/results_here.hpp"
#include "client/submission.hpp"
#include "client/told_progress.hpp"
#include "runtime/rank.hpp"
#include "runtime/scheduler_driver.hpp"
#include "tutti/detail/core.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tutti::client_module {

using detail::CallBuilder;
using detail::CompletionQueue;
using detail::FailurePtr;
using detail::FunctionOps;
using detail::FutureState;
using detail::GroupState;
using detail::Handle;
using detail::HandlePtr;
using detail::InputValue;
using detail::Target;
using detail::ValuePtr;
using runtime::SchedulerDriver;

class RankCore final : public detail::Core, private runtime::FutureSink {
 public:
  /// Throws Error when the journal of the options cannot be opened.
  explicit RankCore(runtime::Rank& rank);
  ~RankCore() override;

  HandlePtr submit(const FunctionOps& function, const TaskOptions& options,
                   CallBuilder& builder) override;
  std::vector<HandlePtr> submit_graph(const detail::CallGraph& graph,
                                      std::span<const std::uint64_t> outputs) override;
  HandlePtr map(const FunctionOps& function, const TaskOptions& options, std::uint64_t total,
                CallBuilder& builder) override;
  HandlePtr run(const FunctionOps& function, CallBuilder& builder) override;
  std::vector<HandlePtr> scatter(std::vector<ValuePtr> values,
                                 const detail::Placement& where) override;
  HandlePtr scatter_sequence(ValuePtr elements, const detail::Placement& where,
                             bool borrowed) override;
  HandlePtr keep_sequence(ValuePtr elements) override;
  void replicate(std::span<const Target> targets, const ReplicateOptions& options) override;
  void scale(std::size_t workers) override;
  void adapt(const AdaptOptions& options) override;
  std::size_t active_workers() override;
  std::uint64_t rebalance(const std::vector<Target>* targets,
                          const RebalanceOptions& options) override;
  std::vector<HeldData> who_has(const std::vector<Target>* targets) override;
  std::vector<std::int32_t> ranks_of(const std::vector<WorkerName>& names) override;

  Status status(Target target) override;
  bool wait(std::span<const Target> targets, ReturnWhen when, Timeout timeout) override;
  InputValue result(Target target, Timeout timeout) override;
  bool may_move(Target target) override;
  FailurePtr failure(Target target) override;
  double progress(Target target) override;
  void fetch(std::span<const Target> targets) override;
  std::vector<ValuePtr> fetch_group(GroupState& group) override;
  void gather_into(GroupState& group, MutableBuffer place) override;
  void expect_room(std::span<const Target> targets) override;
  void add_done_callback(Target target, std::function<void()> callback) override;
  void fire_and_forget(Handle& handle) override;
  HandlePtr lend(TaskId id) override;
  void cancel(std::span<const Target> targets) override;
  void watch(Target target, const std::shared_ptr<CompletionQueue::Shared>& queue,
             std::uint64_t tag) override;
  bool next_completion(CompletionQueue::Shared& queue, CompletionQueue::Completion& completion,
                       Timeout timeout) override;
  bool peek_completion(const CompletionQueue::Shared& queue) override;

  detail::SyncReply coordinate(const detail::SyncCall& call, Timeout timeout) override {
    return rank_.sync().ask(call, timeout);
  }

  void publish(const std::string& name, detail::Dataset dataset, bool replace) override {
    refuse_in_task("publish()");
    datasets_.publish(name, std::move(dataset), replace);
  }
  detail::Dataset find_dataset(const std::string& name) override {
    refuse_in_task("get_dataset()");
    return datasets_.find(name);
  }
  std::vector<std::string> dataset_names() override {
    refuse_in_task("list_datasets()");
    return datasets_.names();
  }
  bool unpublish(const std::string& name) override {
    refuse_in_task("unpublish()");
    return datasets_.unpublish(name);
  }

  int ranks() const override { return rank_.size(); }
  std::string summary() override;
  std::vector<RankMemory> memory() override;
  double seconds_since_start() override {
    return std::chrono::duration<double>(runtime::Clock::now() - rank_.transport().ready_since())
        .count();
  }
  void shutdown() override;

  /// Waits until all workers have joined.
  void await_workers();
  /// The exit code of a run whose main gave `main_code`: 1 instead of 0 when a task failed and
  /// nobody asked. Prints which.
  int exit_code(int main_code);
  /// Why tasks that still ran at the end were ended with it.
  std::string straggler_sentence() const;
  /// True when a worker did not end its tasks in time.
  bool has_stragglers() const { return stragglers_; }

 private:
  using Lock = runtime::ProgressEngine::Lock;

  // FutureSink, under the lock
  void on_finished(TaskId task, bool has_result, std::span<const std::byte> result) override;
  void on_progress(TaskId id, std::uint64_t index, double fraction) override;
  void on_failed(TaskId id, const scheduler::FailurePtr& failure) override;
  void on_range(TaskId group, std::uint64_t begin, std::uint64_t count) override;
  void on_element_failed(TaskId group, std::uint64_t index,
                         const scheduler::FailurePtr& failure) override;
  void on_group_done(TaskId group) override;
  void on_forgotten(TaskId id) override;
  void on_replicated(const scheduler::Piece& piece, int rank, bool kept) override;
  void on_ending(const detail::FailurePtr& failure, int exit_code,
                 std::chrono::steady_clock::duration patience) override;
  void before_turn() override;

  void released(Handle* handle) noexcept override;
  void drain_released();
  void cancel_pending();

  FutureState* find_task(TaskId id);
  GroupState* find_group(TaskId id);
  void enroll(Handle& handle, TaskId id);
  void resolved(Handle& handle);
  TaskId place_literal(ValuePtr value);
  scheduler::Input resolve(Target future, std::uint64_t count) const;
  void add_after(const TaskOptions& options, std::vector<scheduler::Input>& inputs) const;
  void resolve_inputs(CallBuilder& builder, std::vector<scheduler::Input>& inputs);
  protocol::Demand demand_for(const TaskOptions& options);
  TaskId submit_call(const FunctionOps& function, const TaskOptions& options,
                     std::span<const std::byte> payload, const protocol::Demand& demand,
                     std::uint32_t gang = 0, std::uint32_t line = detail::no_line);
  GroupState* submit_group(const FunctionOps& function, const TaskOptions& options,
                           std::uint64_t total, bool pinned, CallBuilder& builder,
                           const Recording& recording, const protocol::Demand& demand, TaskId& id);
  void run_here(TaskId group, const FunctionOps& function, CallBuilder& builder, Bytes payload);
  void bring_input(const detail::CallInput& input, std::vector<InputValue>& inputs,
                   std::vector<ValuePtr>& held);
  void after_submit();
  Status status_locked(Target target);
  void refuse_at_end(const char* what) const;
  void await_transfers(Lock& lock, const std::function<bool()>& ready);
  InputValue bring(Target target, Timeout timeout, bool own_copy);
  void request(Target target, Coming& coming, bool own_copy);
  void request_element(GroupState& group, std::uint64_t index, Coming& coming);
  void fetch_apart(GroupState& group, std::uint64_t begin, std::uint64_t count,
                   std::uint64_t wanted, Coming& coming);
  std::vector<ElementSlice> slices_for(std::span<const Target> targets,
                                       std::vector<Target>& elements);
  std::vector<HandlePtr> broadcast_constants(CallBuilder& builder);
  ValuePtr put_on_node(ValuePtr value);
  using OnArrived = std::function<void(runtime::DataExchange::Arrived arrived)>;
  void fetch_single(FutureState& state, bool own_copy, OnArrived on_arrived);
  void fetch_stretch(TaskId group, std::uint64_t begin, std::uint64_t count, MutableBuffer place,
                     OnArrived on_arrived);
  void note_arrival(Target target, const runtime::DataExchange::Arrived& arrived, Coming& coming);
  std::string task_of(Target target) const;
  bool gather_collectively(const scheduler::GroupRecord& record, TaskId id,
                           std::vector<ValuePtr>& stretches, Coming& coming);

  // rank_core_data.cpp
  std::uint64_t memory_limit_of(std::int32_t rank) const;
  std::int32_t next_home(std::span<const std::int32_t> workers);
  HandlePtr find_same(const ContentKey& key);
  void note_same(const ContentKey& key, Handle& handle);
  void forget_same(Handle& handle);
  HandlePtr place_everywhere(Lock& lock, ValuePtr value);
  HandlePtr place_at(ValuePtr value, std::span<const std::int32_t> targets, CopyCall& copies);
  void finish_placed(Lock& lock, std::span<const HandlePtr> handles, const CopyCall& copies);
  HandlePtr spread(Lock& lock, ValuePtr elements, std::span<const std::int32_t> workers,
                   bool borrowed);
  std::vector<scheduler::Piece> pieces_of(Target target) const;
  void wait_for_copies(Lock& lock, const CopyCall& copies);

  // rank_core_journal.cpp; where there is no journal these are not called
  HandlePtr place_known(const FunctionOps& function, const Recording& recording);
  std::vector<scheduler::FinishedPiece> pieces_of(const Recording& recording) const;
  void follow(Handle& handle, const Recording& recording);
  void record_finished(FutureState& state, bool has_result, std::span<const std::byte> result);
  void record_range(GroupState& state, std::uint64_t begin, std::uint64_t count);
  void record_failed(TaskId id, std::uint64_t index, const scheduler::FailurePtr& failure);
  void record_later(Handle& handle, std::uint64_t begin, std::uint64_t count);
  bool keep_to_record(Handle& handle);
  void forget_recorded(TaskId id);
  void bring_recorded();
  void bring_recorded(const RecordedWorkPtr& work, const HandlePtr& handle, std::uint64_t begin,
                      std::uint64_t count);
  void finish_journal(Lock& lock);

  runtime::Rank& rank_;
  runtime::SchedulerDriver& driver_;
  runtime::ProgressEngine& engine_;
  std::uint32_t epoch_ = 0;
  std::vector<FutureState*> tasks_;   ///< by slot
  std::vector<GroupState*> groups_;   ///< by slot
  std::map<TaskId, HandlePtr> kept_;  ///< fired and forgotten, not ended
  std::mutex released_mutex_;
  std::vector<Handle*> released_;
  std::vector<TaskId> orphans_;  ///< released while an exception ended the task that made them
  std::atomic<std::size_t> released_count_{0};
  std::vector<scheduler::Input> inputs_;
  std::uint64_t submissions_ = 0;  ///< of main
  std::uint32_t unsent_ = 0;
  std::uint32_t turns_ = 0;
  FailureLedger failures_;
  ToldProgress progress_;
  Datasets datasets_;
  std::map<ContentKey, Handle*> same_;
  std::map<Handle*, ContentKey> content_keys_;
  std::vector<std::uint64_t> homes_;   ///< values that were scattered, by rank
  std::vector<CopyCall*> copy_calls_;  ///< under way, of several threads
  RepeatedConstants repeated_constants_;
  /// The run ends before its work is done.
  struct Ending {
    detail::FailurePtr failure;  ///< of what had not ended
    int exit_code = 0;
    std::chrono::steady_clock::duration patience;
    bool cancelled_any = false;
  };
  std::optional<Ending> ending_;
  /// Results that are to be recorded and that lie on other ranks.
  struct JournalState {
    explicit JournalState(const Options& options, std::function<void(const char*)> thread_setup)
        : keeper(options, std::move(thread_setup)) {}
    struct Waiting {
      RecordedWorkPtr work;
      HandlePtr handle;  ///< keeps the results
      std::uint64_t begin = 0;
      std::uint64_t count = 0;
    };
    JournalKeeper keeper;
    std::unordered_map<TaskId, RecordedWorkPtr> works;  ///< what is not forgotten
    /// Stretches that ended when no future named them any more, and whose handle is not freed yet.
    std::unordered_map<TaskId, std::vector<std::pair<std::uint64_t, std::uint64_t>>> missed;
    std::deque<Waiting> waiting;
    std::uint64_t coming = 0;        ///< requests
    std::uint64_t coming_bytes = 0;  ///< estimated
  };
  std::unique_ptr<JournalState> journal_;  ///< null when there is no journal
  std::uint32_t transfers_awaited_ = 0;    ///< by how many threads of the client
  bool shut_down_ = false;
  bool shutting_down_ = false;  ///< what needs other ranks begins no more
  bool stragglers_ = false;
};

}  // namespace tutti::client_module

#pragma once

/// WorkerCore: the Core on ranks other than 0, for the tasks that run there. What they submit goes
/// to rank 0, under numbers that rank 0 granted; results are fetched from where they are.

#include "client/completion.hpp"
#include "client/element_slices.hpp"
#include "client/results_here.hpp"
#include "client/told_progress.hpp"
#include "runtime/rank.hpp"
#include "runtime/task_client.hpp"
#include "tutti/detail/core.hpp"

#include <tsl/robin_map.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
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

class WorkerCore final : public detail::Core, private runtime::TaskClient {
 public:
  explicit WorkerCore(runtime::Rank& rank);
  ~WorkerCore() override;

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
  // Where data lies is up to main: these throw Error (unsatisfiable).
  void replicate(std::span<const Target> targets, const ReplicateOptions& options) override;
  void scale(std::size_t workers) override;
  void adapt(const AdaptOptions& options) override;
  std::size_t active_workers() override;
  std::uint64_t rebalance(const std::vector<Target>* targets,
                          const RebalanceOptions& options) override;
  std::vector<HeldData> who_has(const std::vector<Target>* targets) override;
  std::vector<std::int32_t> ranks_of(const std::vector<WorkerName>& names) override;
  std::vector<RankMemory> memory() override;

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

  // Data sets are known where all futures are: these throw Error (unsatisfiable).
  void publish(const std::string& name, detail::Dataset dataset, bool replace) override;
  detail::Dataset find_dataset(const std::string& name) override;
  std::vector<std::string> dataset_names() override;
  bool unpublish(const std::string& name) override;

  int ranks() const override { return rank_.size(); }
  std::string summary() override;
  double seconds_since_start() override;
  void shutdown() override;

 private:
  using Lock = runtime::ProgressEngine::Lock;

  /// A stretch of a map that has ended.
  struct Chunk {
    std::uint64_t count = 0;
    std::int32_t holder = -1;
    std::uint64_t bytes = 0;
  };
  /// What is known of a map whose futures are here.
  struct Group {
    GroupState* state = nullptr;
    std::map<std::uint64_t, Chunk> chunks;
  };
  struct Task {
    FutureState* state = nullptr;
    std::int32_t holder = -1;  ///< of the result
    std::uint64_t bytes = 0;   ///< the same
  };

  // TaskClient, under the lock
  void on(const protocol::GrantIds& message) override;
  void on(const protocol::TaskEnded& message) override;
  void on(const protocol::RangeEnded& message) override;
  void on(const protocol::GroupEnded& message) override;
  void on(const protocol::WorkFailed& message) override;
  void on(const protocol::ProgressTold& message) override;
  Handle* find_handle(TaskId id);
  void on_finished_here(TaskId task, const ValuePtr& value, std::uint64_t bytes) override;
  void before_turn() override;

  void released(Handle* handle) noexcept override;
  void drain_released();

  // worker_core_submit.cpp
  void need_ids(Lock& lock, std::size_t tasks, std::size_t groups);
  void request_ids();
  TaskId next_task_id();
  TaskId next_group_id();
  protocol::FunctionId number_of(const FunctionOps& function);
  void enroll(Handle& handle, TaskId id);
  TaskId place_literal(ValuePtr value);
  protocol::NeedRef resolve(Target future, std::uint64_t count) const;
  void add_after(const TaskOptions& options);
  void resolve_inputs(CallBuilder& builder);
  protocol::Demand demand_for(const TaskOptions& options) const;
  TaskId submit_call(const FunctionOps& function, const TaskOptions& options,
                     std::span<const std::byte> payload, const protocol::Demand& demand,
                     std::uint32_t gang = 0, std::uint32_t line = detail::no_line);

  void finished(Task& task, std::int32_t holder, std::uint64_t bytes);
  void resolved(Handle& handle);
  Status status_locked(Target target);
  void request(Target target, Coming& coming);
  void request_element(GroupState& group, std::uint64_t index, Coming& coming);
  void fetch_apart(GroupState& group, std::int32_t holder, std::uint64_t begin, std::uint64_t count,
                   std::uint64_t wanted, Coming& coming);
  void fetch_stretch(TaskId group, std::uint64_t begin, const Chunk& chunk, MutableBuffer place,
                     runtime::DataExchange::OnValue on_value);
  void note_arrival(const runtime::DataExchange::Arrived& arrived, Coming& coming);
  HandlePtr place_here(ValuePtr value);
  const Group* find_group(TaskId id) const;
  std::vector<ElementSlice> slices_for(std::span<const Target> targets,
                                       std::vector<Target>& elements);

  runtime::Rank& rank_;
  runtime::ProgressEngine& engine_;
  std::uint32_t epoch_ = 0;
  tsl::robin_map<TaskId, Task> tasks_;    ///< whose futures are here
  tsl::robin_map<TaskId, Group> groups_;  ///< the same for maps
  std::map<TaskId, HandlePtr> kept_;      ///< fired and forgotten, not ended
  // Numbers that rank 0 granted, the next one last.
  std::vector<TaskId> task_ids_;
  std::vector<TaskId> group_ids_;
  std::uint32_t grant_ = 0;  ///< how many were asked for last
  bool asked_ = false;
  tsl::robin_map<const FunctionOps*, protocol::FunctionId> functions_;
  std::vector<protocol::NeedRef> inputs_;
  std::uint64_t submissions_ = 0;  ///< outside of tasks
  std::mutex released_mutex_;
  std::vector<Handle*> released_;
  std::vector<TaskId> orphans_;  ///< released while an exception ended the task that made them
  std::atomic<std::size_t> released_count_{0};
  std::uint32_t turns_ = 0;
  ToldProgress progress_;
};

}  // namespace tutti::client_module

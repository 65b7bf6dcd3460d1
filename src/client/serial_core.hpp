#pragma once

/// SerialCore: the Core of TUTTI_SERIAL=1. Each task runs at submit, in order, on the calling
/// thread: for a first try, and for a debugger.

#include "client/completion.hpp"
#include "client/datasets.hpp"
#include "client/failure_ledger.hpp"
#include "client/journal_keeper.hpp"
#include "client/serial_sync.hpp"
#include "client/submission.hpp"
#include "gang/communicators.hpp"
#include "tutti/detail/core.hpp"
#include "worker/task_context.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace tutti::client_module {

using detail::GroupState;

class SerialCore final : public detail::Core {
 public:
  /// Throws Error when the journal of the options cannot be opened.
  explicit SerialCore(const Options& options);
  ~SerialCore() override;

  detail::HandlePtr submit(const detail::FunctionOps& function, const TaskOptions& options,
                           detail::CallBuilder& builder) override;
  std::vector<detail::HandlePtr> submit_graph(const detail::CallGraph& graph,
                                              std::span<const std::uint64_t> outputs) override;
  detail::HandlePtr map(const detail::FunctionOps& function, const TaskOptions& options,
                        std::uint64_t total, detail::CallBuilder& builder) override;
  detail::HandlePtr run(const detail::FunctionOps& function, detail::CallBuilder& builder) override;
  std::vector<detail::HandlePtr> scatter(std::vector<detail::ValuePtr> values,
                                         const detail::Placement& where) override;
  detail::HandlePtr scatter_sequence(detail::ValuePtr elements, const detail::Placement& where,
                                     bool borrowed) override;
  detail::HandlePtr keep_sequence(detail::ValuePtr elements) override;
  void replicate(std::span<const detail::Target> targets, const ReplicateOptions& options) override;
  void scale(std::size_t) override {}
  void adapt(const AdaptOptions&) override {}
  std::size_t active_workers() override { return 1; }
  std::uint64_t rebalance(const std::vector<detail::Target>* targets,
                          const RebalanceOptions& options) override;
  std::vector<HeldData> who_has(const std::vector<detail::Target>* targets) override;
  std::vector<std::int32_t> ranks_of(const std::vector<WorkerName>& names) override;

  Status status(detail::Target target) override;
  bool wait(std::span<const detail::Target>, ReturnWhen, Timeout) override { return true; }
  detail::InputValue result(detail::Target target, Timeout timeout) override;
  bool may_move(detail::Target) override { return false; }
  detail::FailurePtr failure(detail::Target target) override;
  /// Everything has ended.
  double progress(detail::Target) override { return 1; }
  void fetch(std::span<const detail::Target>) override {}
  std::vector<detail::ValuePtr> fetch_group(detail::GroupState& group) override;
  void gather_into(detail::GroupState& group, MutableBuffer place) override;
  void expect_room(std::span<const detail::Target>) override {}
  void add_done_callback(detail::Target, std::function<void()> callback) override { callback(); }
  void fire_and_forget(detail::Handle&) override {}
  detail::HandlePtr lend(TaskId id) override;
  /// Everything has ended.
  void cancel(std::span<const detail::Target>) override {}
  void watch(detail::Target target, const std::shared_ptr<detail::CompletionQueue::Shared>& queue,
             std::uint64_t tag) override;
  bool next_completion(detail::CompletionQueue::Shared& queue,
                       detail::CompletionQueue::Completion& completion, Timeout) override;
  bool peek_completion(const detail::CompletionQueue::Shared& queue) override;

  /// Throws Error (unsatisfiable) for what would wait for ever.
  detail::SyncReply coordinate(const detail::SyncCall& call, Timeout timeout) override;

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

  int ranks() const override { return 1; }
  std::string summary() override {
    return "<Client: serial, each task runs at submit on the calling thread>";
  }
  std::vector<RankMemory> memory() override;
  double seconds_since_start() override {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  void shutdown() override {
    if (journal_) journal_->close();
    gangs_.leave();
  }
  /// 1 instead of 0 when a task failed and nobody asked; prints which.
  int exit_code(int main_code);

 private:
  void released(detail::Handle* handle) noexcept override;
  detail::FailurePtr failure_of_inputs(const detail::CallBuilder& builder,
                                       const TaskOptions& options);
  detail::FailurePtr describe(const std::string& name, const std::string& function,
                              const std::string& type, const std::string& message) const;
  std::vector<detail::InputValue> values_of(const detail::CallBuilder& builder) const;

  worker::TaskContext begin_task(const detail::FunctionOps& function,
                                 std::span<const std::byte> payload);
  void make_map(detail::GroupState& state, const detail::FunctionOps& function,
                const TaskOptions& options, detail::CallBuilder& builder,
                const Recording& recording, const worker::TaskContext& context);
  void run_stretch(detail::GroupState& state, const detail::FunctionOps& function,
                   const TaskOptions& options, const detail::CallBuilder& builder,
                   detail::RangeCall& call, const RecordedWorkPtr& work,
                   const worker::TaskContext& context);
  bool is_known(detail::FutureState& state, const Recording& recording) const;

  std::unique_ptr<JournalKeeper> journal_;  ///< null when there is none
  std::uint32_t epoch_ = 0;
  std::uint32_t depth_max_;
  std::uint64_t submissions_ = 0;  ///< of main
  std::uint64_t next_id_ = 1;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::recursive_mutex mutex_;
  FailureLedger failures_;
  SerialSync sync_;
  Datasets datasets_;
  gang::Communicators gangs_{nullptr};
};

}  // namespace tutti::client_module

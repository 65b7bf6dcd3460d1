#pragma once

/// SchedulerDriver: joins the Scheduler of rank 0 to messages, and to the futures of the client.

#include "protocol/messages.hpp"
#include "runtime/job_files.hpp"
#include "runtime/job_limit.hpp"
#include "scheduler/adaptive.hpp"
#include "scheduler/scheduler.hpp"
#include "scheduler/watchdog.hpp"
#include "tutti/detail/function_ops.hpp"

#include <tsl/robin_map.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tutti::runtime {

class Rank;

/// What the client wants to know. Called under the lock; must not call back into the driver.
class FutureSink {
 public:
  virtual ~FutureSink() = default;
  /// `has_result`: the stream of the result came along.
  virtual void on_finished(TaskId task, bool has_result, std::span<const std::byte> result) = 0;
  virtual void on_failed(TaskId task_or_group, const scheduler::FailurePtr& failure) = 0;
  virtual void on_range(TaskId group, std::uint64_t begin, std::uint64_t count) = 0;
  virtual void on_element_failed(TaskId group, std::uint64_t index,
                                 const scheduler::FailurePtr& failure) = 0;
  virtual void on_group_done(TaskId group) = 0;
  virtual void on_progress(TaskId task_or_group, std::uint64_t index, double fraction) = 0;
  virtual void on_forgotten(TaskId task_or_group) = 0;
  /// A copy that was asked for is on the rank, or could not be brought there.
  virtual void on_replicated(const scheduler::Piece& piece, int rank, bool kept) = 0;
  /// The run ends before its work is done: what is pending fails with `failure` next, as does what
  /// is submitted from now on. Tasks that were told to stop get `patience` after the end of main.
  virtual void on_ending(const scheduler::FailurePtr& failure, int exit_code,
                         std::chrono::steady_clock::duration patience) = 0;
  /// A turn ends: hands over what was released since the last one. The only one that may call
  /// released().
  virtual void before_turn() = 0;
};

class SchedulerDriver {
 public:
  explicit SchedulerDriver(Rank& rank);
  /// The last word in status.json.
  ~SchedulerDriver();

  void set_sink(FutureSink* sink) { sink_ = sink; }

  // ---- from the client; the caller holds the lock

  struct TaskCall {
    const detail::FunctionOps* function = nullptr;
    std::int16_t priority = 0;
    std::uint16_t depth = 0;
    std::uint8_t retries = 0;
    std::uint32_t timeout_ms = 0;
    std::uint64_t stream = 0;
    std::uint32_t gang = 0;  ///< ranks that run it together; 0: it is no gang
    std::span<const std::byte> payload;
    std::span<const scheduler::Input> inputs;
    const protocol::Demand* demand = nullptr;  ///< null: none
    std::uint32_t line = detail::no_line;      ///< see scheduler::TaskSpec
  };
  TaskId submit(const TaskCall& call);
  /// Of each element of a map.
  struct ElementLimits {
    std::uint8_t retries = 0;
    std::uint32_t timeout_ms = 0;  ///< 0: none
  };
  struct GroupCall {
    const detail::FunctionOps* function = nullptr;
    std::int16_t priority = 0;
    bool pinned = false;
    std::uint16_t depth = 0;
    std::uint64_t stream = 0;
    ElementLimits limits;
    std::uint64_t total = 0;
    std::uint64_t bytes_per_element = 0;
    Bytes payload;
    std::span<const scheduler::Input> inputs;
    std::span<const TaskId> sources;
    /// What is not run, see scheduler::GroupSpec.
    std::span<const scheduler::FinishedPiece> finished;
    std::map<std::uint64_t, scheduler::FailurePtr> failures;
    const protocol::Demand* demand = nullptr;  ///< of each element; null: none
  };
  TaskId submit_group(GroupCall call);
  void released(TaskId id);
  /// Ends what has not ended, and all that needs it, as cancelled; what no future names only when
  /// nothing needs it.
  void cancel(TaskId id);
  TaskId place_value(std::span<const std::int32_t> holders, std::uint64_t bytes, bool client_holds);
  TaskId place_failure(scheduler::FailurePtr failure) {
    return scheduler_.place_failure(std::move(failure));
  }
  TaskId place_sequence(std::span<const scheduler::AvailablePiece> stretches, std::uint64_t total,
                        std::uint64_t bytes);
  void replicate(const scheduler::Piece& piece, std::span<const std::int32_t> targets,
                 std::span<const std::int32_t> leaving);
  std::vector<scheduler::Move> rebalance(std::span<const TaskId> ids,
                                         std::span<const std::int32_t> ranks);
  /// So many workers, at least 1, work; adapt() changes that by the work that is left, null ends
  /// it.
  void scale(std::uint32_t workers);
  void adapt(const scheduler::AdaptiveLimits* limits);
  /// Names a task for errors and logs.
  void set_name(TaskId id, const std::string& name) { names_[id] = name; }
  /// For sentences: the name of a task or map, else that of its function; of data nothing.
  std::string name_of(TaskId id) const;
  /// Element `rank` of a pinned group was run by the client itself.
  void finish_pinned_here(TaskId group, std::uint64_t bytes);
  void fail_pinned_here(TaskId group, const std::string& type, const std::string& message);

  const scheduler::Scheduler& scheduler() const { return scheduler_; }
  /// True when a task that is submitted now could start at once.
  bool anybody_idle() { return scheduler_.anybody_idle(); }
  std::uint32_t workers_joined() const { return workers_joined_; }
  std::uint32_t workers_gone() const { return workers_gone_; }
  /// A collective is to place something: until the end its holders may not have it yet.
  void begin_placing(TaskId id) { placed_acks_[id]; }
  bool is_placing(TaskId id) const { return placed_acks_.contains(id); }
  std::uint32_t placed_acks(TaskId id) const { return placed_acks_.at(id).count; }
  /// Tells which rank could not keep what was placed, and why; else empty.
  std::string end_placing(TaskId id);
  /// What a map runs; null for a placed sequence.
  const detail::FunctionOps* group_function(TaskId group) const;
  /// Results up to the budget come inside the reports.
  void add_inline_bytes(std::int64_t bytes) { inline_bytes_ += bytes; }

  // ---- messages; under the lock

  void on(int from, const protocol::Hello& message);
  void on(int from, const protocol::TaskFinished& message);
  void on(int from, const protocol::TaskThrew& message);
  void on(int from, const protocol::ElementThrew& message);
  void on(int from, const protocol::RangeFinished& message);
  void on(int from, const protocol::Timing& message);
  void on(int from, const protocol::Replica& message);
  void on(int from, const protocol::GaveBack& message);
  void on(int from, const protocol::Locate& message);
  void on(int from, const protocol::Transfer& message);
  void on(int from, const protocol::Alive& message);
  void on(int from, const protocol::MemoryState& message);
  void on(int from, const protocol::Placed& message);
  void on(int from, const protocol::ClaimEnded& message);
  void on(int from, const protocol::Goodbye& message);
  void on(int from, const protocol::Replicated& message);
  // gangs.cpp
  void on(int from, const protocol::MemberReady& message);
  void on(int from, const protocol::MemberFailed& message);
  void on(int from, const protocol::MemberEnded& message);
  // submissions.cpp: what tasks of other ranks ask for
  void on(int from, const protocol::RequestIds& message);
  void on(int from, const protocol::NameFunction& message);
  void on(int from, const protocol::SubmitTask& message);
  void on(int from, const protocol::SubmitGroup& message);
  void on(int from, const protocol::PlaceValue& message);
  void on(int from, const protocol::DropFutures& message);
  void on(int from, const protocol::Waits& message);
  void on(int from, const protocol::CancelFutures& message);
  void on(int from, const protocol::Progress& message);

  /// Looks a few times a second, without the lock, whether the run has to end before its work is
  /// done, and whether work is left that nobody does; then ends the job.
  void watch();
  /// The client itself runs a part of a map, or has ended to.
  void client_runs(bool runs) { client_runs_ = runs; }

  /// Decides and sends what follows from the events since the last turn.
  void end_turn();

 private:
  struct Function {
    const detail::FunctionOps* ops = nullptr;
    std::vector<std::byte> token;
    std::string module;
  };
  struct Group {
    const detail::FunctionOps* ops = nullptr;
    protocol::FunctionId function = 0;
    Bytes payload;
    std::uint64_t total = 0;
    ElementLimits limits;
    bool announced = false;           ///< to all ranks
    std::vector<std::uint8_t> knows;  ///< by rank, when it was not announced to all
  };

  protocol::FunctionId function_id(const detail::FunctionOps& ops);
  void obey();
  void send_copies();
  void obey_gangs();
  void tell_gang_done(TaskId id);
  void refuse_unsatisfiable(TaskId id, const protocol::Demand& demand);
  protocol::AssignTask assignment(TaskId task, int worker);
  void send_task(const scheduler::Commands::Assign& assign);
  void send_range(const scheduler::Commands::AssignRange& range);
  void make_known(TaskId id, Group& group, int worker);
  Bytes encode_definition(TaskId id, const Group& group, int consumer) const;
  void send_releases();
  void send_cancels();
  void send_questions();
  void forget(TaskId id);
  int owner_of(TaskId id) const;
  protocol::FunctionId named(int from, protocol::FunctionId function) const;
  void note_group(TaskId id, protocol::FunctionId function, Bytes payload, std::uint64_t total);
  void tell_finished(int from, const protocol::TaskFinished& message, int owner);
  void tell_failed(TaskId id, std::uint64_t index, const scheduler::FailurePtr& failure);
  void tell_range(int from, const protocol::RangeFinished& message, int owner);
  void tell_group_done(TaskId group);
  std::uint64_t now_ns() const;
  void look_for_end();
  void tend_job_files();
  void tend_scale();
  void obey_request(const std::string& request);
  JobProgress progress();
  void begin_end(std::string reason, int exit_code, std::chrono::steady_clock::duration patience);
  void ask_workers();
  [[noreturn]] void end_stuck();
  TaskFailure failure(int from, TaskId task, std::string_view type, std::string_view message,
                      const std::string& function, const std::string& default_name) const;
  bool wants_inline() const;

  Rank& rank_;
  scheduler::Scheduler scheduler_;
  scheduler::Commands commands_;
  scheduler::Watchdog watchdog_;
  std::map<int, protocol::Alive> answers_;  ///< to the watchdog's last question, by rank
  bool client_runs_ = false;
  FutureSink* sink_ = nullptr;
  std::vector<Function> functions_;
  tsl::robin_map<const detail::FunctionOps*, protocol::FunctionId> function_ids_;
  std::vector<protocol::FunctionId> known_functions_;  ///< by rank: those below are known there
  std::map<TaskId, Group> groups_;
  std::map<TaskId, std::string> names_;
  std::map<TaskId, std::uint32_t> timeouts_ms_;
  /// What the numbers of functions mean that other ranks use, by rank.
  std::vector<std::vector<protocol::FunctionId>> named_functions_;
  /// How many ranks have answered a collective that places something, and the lowest that could
  /// not keep it: the others of its node may have had it from there.
  struct Acks {
    std::uint32_t count = 0;
    int failed_rank = -1;
    std::string problem;
  };
  std::map<TaskId, Acks> placed_acks_;
  std::vector<protocol::InputRef> input_refs_;
  std::vector<protocol::PieceRef> piece_refs_;
  std::uint32_t workers_joined_ = 0;
  std::uint32_t workers_gone_ = 0;
  std::int64_t inline_bytes_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  bool dirty_ = false;
  bool warned_of_directory_ = false;
  JobLimit limit_;
  JobFiles files_;
  bool stop_requested_ = false;
  /// The run ends before its work is done.
  struct Ending {
    std::string reason;
    int exit_code = 0;
    std::chrono::steady_clock::duration patience;
    std::chrono::steady_clock::time_point begun;
  };
  std::optional<Ending> ending_;
  std::optional<scheduler::Adaptive> adaptive_;
  bool evacuating_ = false;       ///< parked workers may have something
  std::uint32_t looks_held_ = 0;  ///< one after the other that found only work that takes too long
};

}  // namespace tutti::runtime

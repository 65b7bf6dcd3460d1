#pragma once

/// Core: what stands behind Client and Future, without types. One per run and rank: on rank 0 that
/// of main and of its tasks, on others that of their tasks.

#include "tutti/data.hpp"
#include "tutti/detail/actor_line.hpp"
#include "tutti/detail/delayed_ptr.hpp"
#include "tutti/detail/elements.hpp"
#include "tutti/detail/function_ops.hpp"
#include "tutti/detail/handle.hpp"
#include "tutti/detail/sync_call.hpp"
#include "tutti/error.hpp"
#include "tutti/memory.hpp"
#include "tutti/scaling.hpp"
#include "tutti/status.hpp"
#include "tutti/task_options.hpp"
#include "tutti/timeout.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tutti::detail {

class CallGraph;
class CompletionQueue;

/// The result of a task that is on rank 0 already, without a lock; null value and false when it may
/// not be.
inline bool find_result_here(const Target& target, InputValue& value) {
  if (target.handle->is_group) return false;
  const auto& state = static_cast<const FutureState&>(*target.handle);
  if (!state.here.load(std::memory_order_acquire)) return false;
  value = {state.value.get(), 0};
  return true;
}

/// An input of a call that is being put together: a future, or a large argument that travels as a
/// value of its own. With neither, `future.index` names a call that is not submitted yet: a
/// position in `calls` of the builder, or a number in the graph to which the call is added.
struct CallInput {
  Target future;
  ValuePtr literal;
  /// Of a map: elements [future.index, future.index + count), one input however many they are. 0:
  /// the future has to end well first, and gives no value.
  std::uint64_t count = 1;
};

/// Arguments larger than this, in bytes, do not travel inside the message that starts the task.
inline constexpr std::size_t inline_argument_bytes_max = 8 * 1024;

/// A range of numbers in the stream of a map: `element` writes the number at `index` to `to`, which
/// has room for number_bytes_max, and gives its size.
struct NumbersArgument {
  static constexpr std::size_t number_bytes_max = 8;
  std::size_t position = 0;
  std::size_t bytes = 0;
  std::size_t (*element)(const std::byte* range, std::uint64_t index, std::byte* to) = nullptr;
};

/// A call that is being put together: the stream of closure and small arguments, and the inputs.
struct CallBuilder {
  Writer payload{inline_argument_bytes_max};
  std::vector<CallInput> inputs;
  std::vector<HandlePtr> sources;        ///< of a map: futures of maps and materialised sequences
  std::vector<NumbersArgument> numbers;  ///< of a map
  std::vector<DelayedPtr> calls;         ///< of a delayed call: those whose results it takes
  std::uint64_t graph = 0;               ///< the Graph to which the call is added
  std::uint64_t bytes_per_element = 0;
  std::uint32_t gang = 0;        ///< ranks that run it together; 0: it is no gang
  std::uint32_t line = no_line;  ///< creates_actor, or that of a call of the first input
  void clear() {
    payload.clear();
    inputs.clear();
    sources.clear();
    numbers.clear();
    calls.clear();
    graph = 0;
    bytes_per_element = 0;
    gang = 0;
    line = no_line;
  }
};

/// Reused by the calling thread, so that submitting allocates little.
CallBuilder& call_builder();

/// Completions of tasks and elements that somebody waits for in the order in which they come.
class CompletionQueue {
 public:
  CompletionQueue();
  ~CompletionQueue();
  CompletionQueue(CompletionQueue&&) = default;
  CompletionQueue& operator=(CompletionQueue&&) = default;

  /// The completion of the target is announced as (tag, its index); of a whole group, one for each
  /// element.
  void add(Target target, std::uint64_t tag);
  struct Completion {
    std::uint64_t tag = 0;
    std::uint64_t index = 0;
  };
  /// False when the time is over; must not be called when nothing is left to wait for.
  bool next(Completion& completion, Timeout timeout);
  /// True when a completion is there without waiting.
  bool has_ready() const;

  /// What the core fills, under its lock.
  struct Shared;

 private:
  std::shared_ptr<Shared> shared_;
};

/// Waits until all have ended well, or until the first one has failed: throws its failure then,
/// TaskFailed. All count as asked for.
void wait_or_raise(std::span<const Target> targets);

/// Futures under a name: of a task or an element of a map, or (index whole_group) of a map.
struct Dataset {
  HandlePtr handle;
  std::uint64_t index = 0;
  std::string type;  ///< of the futures, for those who ask
};

/// Where scatter() puts things.
struct Placement {
  std::vector<WorkerName> workers;  ///< empty: all workers; of a broadcast: every rank
  bool broadcast = false;
  bool hash = false;
};

class Core {
 public:
  virtual ~Core() = default;

  /// The core of the run. Throws Error (not_running) when there is none; `what` says what was
  /// tried.
  static Core& current(const char* what);
  /// The core that made the handle. Throws Error (not_running) when its run is over.
  static Core& of(const Handle& handle);

  /// `builder` is emptied. `result` is null for void.
  virtual HandlePtr submit(const FunctionOps& function, const TaskOptions& options,
                           CallBuilder& builder) = 0;
  /// Submits the calls that the outputs need, in their order. Gives a handle for each output, which
  /// is the number of a call.
  virtual std::vector<HandlePtr> submit_graph(const CallGraph& graph,
                                              std::span<const std::uint64_t> outputs) = 0;
  virtual HandlePtr map(const FunctionOps& function, const TaskOptions& options,
                        std::uint64_t total, CallBuilder& builder) = 0;
  /// One call on every rank at once, rank 0 included.
  virtual HandlePtr run(const FunctionOps& function, CallBuilder& builder) = 0;
  /// Puts values on workers, one on each in turn, or copies of all on many. Waits until they are
  /// there; the same for sequences.
  virtual std::vector<HandlePtr> scatter(std::vector<ValuePtr> values, const Placement& where) = 0;
  /// Spreads the elements of a sequence over the workers. `borrowed`: they lie in the caller's
  /// memory and are not kept.
  virtual HandlePtr scatter_sequence(ValuePtr elements, const Placement& where, bool borrowed) = 0;
  /// Keeps a sequence on rank 0, as the source of a map.
  virtual HandlePtr keep_sequence(ValuePtr elements) = 0;
  /// Waits for the targets, whole maps among them, and until the copies are there. Throws the
  /// failure of a target.
  virtual void replicate(std::span<const Target> targets, const ReplicateOptions& options) = 0;
  /// The same for moves; gives the bytes that were moved. Null: everything that futures name.
  virtual std::uint64_t rebalance(const std::vector<Target>* targets,
                                  const RebalanceOptions& options) = 0;
  /// See Client.
  virtual void scale(std::size_t workers) = 0;
  virtual void adapt(const AdaptOptions& options) = 0;
  virtual std::size_t active_workers() = 0;
  /// What is held of the targets, now. Null: of everything.
  virtual std::vector<HeldData> who_has(const std::vector<Target>* targets) = 0;
  /// The ranks of workers, ascending; of all when there are no names. Throws Error (bad_argument).
  virtual std::vector<std::int32_t> ranks_of(const std::vector<WorkerName>& names) = 0;

  virtual Status status(Target target) = 0;
  virtual bool wait(std::span<const Target> targets, ReturnWhen when, Timeout timeout) = 0;
  /// Waits, brings the result to rank 0, and returns it; null for void. Throws TaskFailed,
  /// TimeoutError, CancelledError. For an element: the stretch that holds it.
  virtual InputValue result(Target target, Timeout timeout) = 0;
  virtual FailurePtr failure(Target target) = 0;
  /// What a task, or an element, that has not ended has told of itself last.
  virtual double progress(Target target) = 0;
  /// Brings all results of targets that finished to rank 0 at once.
  virtual void fetch(std::span<const Target> targets) = 0;
  /// Brings all of a finished map to rank 0: its stretches in order.
  virtual std::vector<ValuePtr> fetch_group(GroupState& group) = 0;
  /// The same into memory of the caller: all elements of a finished map, which are plain bytes and
  /// none of which failed.
  virtual void gather_into(GroupState& group, MutableBuffer place) = 0;
  /// Throws Error (no_memory) when what is elsewhere of the targets, which have ended, exceeds what
  /// rank 0 may use.
  virtual void expect_room(std::span<const Target> targets) = 0;
  /// True when nobody else can see the result that result() gave, so that it may be moved from.
  virtual bool may_move(Target target) = 0;
  virtual void add_done_callback(Target target, std::function<void()> callback) = 0;
  virtual void fire_and_forget(Handle& handle) = 0;
  /// A handle that owns nothing, of a finished task that the task of the calling thread keeps.
  virtual HandlePtr lend(TaskId id) = 0;
  /// Ends what has not ended, and all that needs it, as cancelled.
  virtual void cancel(std::span<const Target> targets) = 0;
  virtual void watch(Target target, const std::shared_ptr<CompletionQueue::Shared>& queue,
                     std::uint64_t tag) = 0;
  virtual bool next_completion(CompletionQueue::Shared& queue,
                               CompletionQueue::Completion& completion, Timeout timeout) = 0;
  virtual bool peek_completion(const CompletionQueue::Shared& queue) = 0;

  /// Asks rank 0 for a lock, queue or their like, see detail/sync_call.hpp.
  virtual SyncReply coordinate(const SyncCall& call, Timeout timeout) = 0;

  /// Keeps futures under a name, until it is unpublished or the run ends. Throws Error
  /// (bad_argument) for an empty name, and for one that is taken unless `replace`.
  virtual void publish(const std::string& name, Dataset dataset, bool replace) = 0;
  /// Throws Error (bad_argument) when there is none.
  virtual Dataset find_dataset(const std::string& name) = 0;
  virtual std::vector<std::string> dataset_names() = 0;
  /// False when there was none.
  virtual bool unpublish(const std::string& name) = 0;

  virtual int ranks() const = 0;
  virtual std::string summary() = 0;
  virtual std::vector<RankMemory> memory() = 0;
  /// Seconds since MPI_Init returned, or since the start of a run without MPI.
  virtual double seconds_since_start() = 0;
  virtual void shutdown() = 0;

 protected:
  friend void release_handle(Handle* handle) noexcept;
  virtual void released(Handle* handle) noexcept = 0;
};

/// By rank, from what the core tells of everything.
std::map<int, std::vector<HeldData>> has_what(Core& core, const std::vector<WorkerName>& workers);
std::uint64_t count_bytes(const std::vector<HeldData>& held);
std::uint64_t count_copies(const std::vector<HeldData>& held);

/// The sentence of a failure as an exception: TaskFailed, or CancelledError.
[[noreturn]] void throw_failure(const FailurePtr& failure);

}  // namespace tutti::detail

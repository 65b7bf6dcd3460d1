#include "client/serial_core.hpp"

#include "base/exception_text.hpp"
#include "client/current.hpp"
#include "client/demand.hpp"
#include "client/journal_values.hpp"
#include "client/placement.hpp"
#include "client/results_here.hpp"
#include "client/submission.hpp"
#include "memory/process_memory.hpp"
#include "runtime/thread_setup.hpp"
#include "tutti/detail/call_graph.hpp"
#include "tutti/detail/map_thunk.hpp"
#include "worker/element_attempts.hpp"
#include "worker/work.hpp"

#include <cmath>
#include <utility>
#include <vector>

namespace tutti::client_module {

using detail::CallBuilder;
using detail::FailurePtr;
using detail::FunctionOps;
using detail::FutureState;
using detail::GroupState;
using detail::Handle;
using detail::HandlePtr;
using detail::InputPiece;
using detail::InputValue;
using detail::Target;
using detail::ValuePtr;

namespace {

/// A task that runs alone has all that it asks for.
worker::Claim claim_of(const TaskOptions& options) {
  const protocol::Demand demand =
      demand_of(options, [](const auto&) { return std::vector<std::int32_t>(); });
  worker::Claim claim{1, demand.cores, {}};
  const auto devices = demand.resources.find(protocol::device_resource);
  if (devices == demand.resources.end()) return claim;
  for (std::int32_t number = 0; number < std::ceil(devices->second); ++number)
    claim.devices.push_back(number);
  return claim;
}

/// The call that the thread runs, and in it the one around it.
thread_local const CallBuilder* running = nullptr;

/// What the call names may be lent to it while this lives.
class Running {
 public:
  explicit Running(const CallBuilder& builder) : around_(std::exchange(running, &builder)) {}
  ~Running() { running = around_; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  const CallBuilder* around_;
};

}  // namespace

/// All is in this process: the handle is the one that the call was given.
HandlePtr SerialCore::lend(TaskId id) {
  check(running != nullptr, "something is lent to a call that runs");
  for (const detail::CallInput& input : running->inputs) {
    Handle* handle = input.future.handle;
    if (input.count != 0 || handle->id != id) continue;
    handle->references.fetch_add(1, std::memory_order_relaxed);
    return HandlePtr(handle);
  }
  throw Error(ErrorCode::corrupt_data, "a call was lent an actor that it does not name");
}

SerialCore::SerialCore(const Options& options) : depth_max_(options.max_waiting_tasks) {
  if (!options.journal.empty()) {
    journal_ = std::make_unique<JournalKeeper>(
        options, [](const char* name) { runtime::name_this_thread(name); });
  }
  epoch_ = make_current(*this, static_cast<std::uint32_t>(options.guard_closures));
}
SerialCore::~SerialCore() { make_none_current(); }

FailurePtr SerialCore::describe(const std::string& name, const std::string& function,
                                const std::string& type, const std::string& message) const {
  TaskFailure failure;
  failure.type = type;
  failure.message = message;
  failure.function = function;
  failure.task = name.empty() ? function : name;
  failure.rank = 0;
  failure.host = "this process";
  failure.story = "ran at submit (TUTTI_SERIAL)";
  return std::make_shared<const TaskFailure>(std::move(failure));
}

namespace {

/// The first failure of a task, or of elements [begin, begin + count) of a map.
FailurePtr failure_within(const Handle& handle, std::uint64_t begin, std::uint64_t count) {
  if (handle.failure || !handle.is_group) return handle.failure;
  const auto& failures = static_cast<const GroupState&>(handle).failures;
  const auto found = failures.lower_bound(begin);
  return found != failures.end() && found->first - begin < count ? found->second : nullptr;
}

}  // namespace

FailurePtr SerialCore::failure_of_inputs(const CallBuilder& builder, const TaskOptions& options) {
  for (const detail::CallInput& input : builder.inputs) {
    if (input.literal) continue;
    Handle& handle = *input.future.handle;
    if (FailurePtr found = failure_within(handle, input.future.index, input.count)) {
      handle.observed = true;
      return found;
    }
  }
  for (const After::Each& each : options.after.each) {
    const bool whole = each.index == detail::whole_group;
    if (FailurePtr found =
            failure_within(*each.handle, whole ? 0 : each.index, whole ? ~std::uint64_t{0} : 1)) {
      each.handle->observed = true;
      return found;
    }
  }
  return nullptr;
}

std::vector<InputValue> SerialCore::values_of(const CallBuilder& builder) const {
  std::vector<InputValue> values;
  for (const detail::CallInput& input : builder.inputs) {
    if (input.count == 0) continue;
    if (input.literal) {
      // A literal of a graph is shared with it, and needed when the graph is computed again.
      values.push_back({input.literal.get(), 0, 1, !input.literal->is_shared()});
    } else if (input.future.handle->is_group) {
      const auto& group = static_cast<const GroupState&>(*input.future.handle);
      if (input.future.index + input.count > group.total) {
        throw Error(ErrorCode::bad_argument,
                    "an argument names element " +
                        std::to_string(input.future.index + input.count - 1) + " of a map with " +
                        std::to_string(group.total) + " elements");
      }
      values.push_back({group.here.begin()->second.get(), input.future.index, input.count, false});
    } else {
      values.push_back({static_cast<const FutureState&>(*input.future.handle).value.get(), 0});
    }
  }
  return values;
}

/// The task that is submitted, which runs inside of the one that submits it, if there is one.
worker::TaskContext SerialCore::begin_task(const FunctionOps& function,
                                           std::span<const std::byte> payload) {
  const Origin origin = next_origin(submissions_);
  worker::TaskContext context;
  context.ops = &function;
  context.payload = payload;
  context.depth = origin.depth;
  context.stream = origin.stream;
  if (origin.depth <= depth_max_) return context;
  throw Error(ErrorCode::unsatisfiable,
              "the task " + context.name() + " (depth " + std::to_string(origin.depth) +
                  ") was submitted, but " + std::to_string(origin.depth) +
                  " tasks have begun inside of each other already; is there an end to the "
                  "recursion? If so, raise the option max_waiting_tasks");
}

HandlePtr SerialCore::submit(const FunctionOps& function, const TaskOptions& options,
                             CallBuilder& shared_builder) {
  // The task may submit tasks itself, with the same builder.
  CallBuilder builder = std::exchange(shared_builder, CallBuilder());
  const CheckedOptions limits = checked(options);
  if (builder.gang != 0) check_gang(builder.gang, 1, gangs_.problem(), options);
  const worker::Claim claim = claim_of(options);
  worker::TaskContext context = begin_task(function, builder.payload.bytes());
  context.claim = &claim;
  worker::GangMember alone;
  alone.communicator = 1;
  alone.members = {0};
  if (builder.gang != 0) context.member = &alone;
  auto* state = new FutureState;
  HandlePtr handle(state);
  state->epoch = epoch_;
  state->id = TaskId::from_bits(next_id_++);
  state->ops = function.result;
  if (FailurePtr failure = failure_of_inputs(builder, options)) {
    state->failure = std::move(failure);
    state->status = Status::error;
    return handle;
  }
  Recording recording;
  // What a call of an actor gives depends on the calls before it.
  if (journal_ && builder.line == detail::no_line)
    recording = journal_->begin_call(function, options, builder);
  if (is_known(*state, recording)) return handle;
  std::vector<InputValue> values = values_of(builder);
  // A task that is tried again must find its arguments as they were.
  for (InputValue& value : values) value.movable = value.movable && limits.retries == 0;
  for (int tries_left = limits.retries;; --tries_left) {
    const worker::TaskScope scope(&context);
    const Running scope_of_loans(builder);
    try {
      state->value = ValuePtr(function.call(context.payload, values));
      state->status = Status::finished;
      if (recording.work) journal_->record(*recording.work, state->value, 0);
      return handle;
    } catch (...) {
      const ExceptionText text = describe_current_exception();
      context.holdings.reset();
      if (tries_left == 0) {
        state->failure = describe(options.name, context.name(), text.type, text.message);
        state->status = status_of(*state->failure);
        if (recording.work) journal_->record_failure(*recording.work, 0, *state->failure);
        return handle;
      }
    }
    ++context.attempt;
  }
}

/// Gives the future what the journal had, if it had anything.
bool SerialCore::is_known(FutureState& state, const Recording& recording) const {
  state.lineage = recording.lineage;
  if (recording.known.empty()) return false;
  state.value = recording.known.front().value;
  if (!recording.failures.empty()) state.failure = recording.failures.begin()->second;
  state.status = state.failure ? Status::error : Status::finished;
  return true;
}

std::vector<HandlePtr> SerialCore::submit_graph(const detail::CallGraph& graph,
                                                std::span<const std::uint64_t> outputs) {
  std::vector<std::uint32_t> uses = graph.count_uses(outputs);
  std::vector<HandlePtr> results(graph.size());
  for (std::uint64_t number = 0; number < graph.size(); ++number) {
    if (uses[number] == 0) continue;
    const detail::CallGraph::Call call = graph[number];
    CallBuilder builder;
    builder.payload.raw(call.payload.data(), call.payload.size());
    for (const auto& input : call.inputs) {
      const HandlePtr& handle = input.is_call() ? results[input.index] : input.future;
      builder.inputs.push_back(
          {{handle.get(), input.is_call() ? 0 : input.index}, input.literal, input.count});
    }
    results[number] = submit(call.function, call.options, builder);
    for (const auto& input : call.inputs) {
      if (!input.is_call() || --uses[input.index] != 0) continue;
      // Nobody can ask for it: a failure of it counts where it was inherited.
      results[input.index]->status = Status::cancelled;
      results[input.index] = HandlePtr();
    }
  }
  std::vector<HandlePtr> handles;
  for (const std::uint64_t output : outputs) handles.push_back(results[output]);
  return handles;
}

HandlePtr SerialCore::map(const FunctionOps& function, const TaskOptions& options,
                          std::uint64_t total, CallBuilder& shared_builder) {
  CallBuilder builder = std::exchange(shared_builder, CallBuilder());
  (void)checked(options);
  const worker::Claim claim = claim_of(options);
  worker::TaskContext context = begin_task(function, builder.payload.bytes());
  context.claim = &claim;
  auto* state = new GroupState;
  HandlePtr handle(state);
  state->epoch = epoch_;
  state->id = TaskId::from_bits(next_id_++);
  state->total = total;
  state->failure = failure_of_inputs(builder, options);
  for (const HandlePtr& source : builder.sources) {
    if (source->failure) state->failure = source->failure;
  }
  if (state->failure) {
    state->status = Status::error;
    return handle;
  }
  Recording recording;
  if (journal_) recording = journal_->begin_map(function, options, total, builder);
  state->lineage = recording.lineage;
  if (total != 0) make_map(*state, function, options, builder, recording, context);
  state->status = state->failure || !state->failures.empty() ? Status::error : Status::finished;
  return handle;
}

/// Runs what is not known of a map, and puts all together.
void SerialCore::make_map(GroupState& state, const FunctionOps& function,
                          const TaskOptions& options, CallBuilder& builder,
                          const Recording& recording, const worker::TaskContext& context) {
  std::vector<InputPiece> pieces;
  for (const HandlePtr& source : builder.sources)
    pieces.push_back({source.group().here.begin()->second.get(), 0, state.total});
  std::vector<std::span<const InputPiece>> sources;
  for (const InputPiece& piece : pieces) sources.emplace_back(&piece, 1);
  state.failures = recording.failures;
  std::vector<ValuePtr> stretches;
  std::uint64_t begin = 0;
  const auto run_to = [&](std::uint64_t end) {
    if (begin >= end || state.failure) return;
    detail::RangeCall call;
    call.begin = begin;
    call.count = end - begin;
    call.sources = sources;
    const ValuePtr results(function.make_results(begin, call.count));
    call.results = results.get();
    run_stretch(state, function, options, builder, call, recording.work, context);
    if (results) stretches.push_back(results);
  };
  for (const KnownStretch& known : recording.known) {
    run_to(known.begin);
    if (known.value) stretches.push_back(known.value);
    begin = known.begin + known.count;
  }
  run_to(state.total);
  if (stretches.empty() || state.failure) return;
  std::vector<std::uint64_t> failed;
  for (const auto& [index, failure] : state.failures) failed.push_back(index);
  state.here[0] = stretches.size() == 1 ? stretches.front()
                                        : joined(*function.results, state.total, stretches, failed);
}

void SerialCore::run_stretch(GroupState& state, const FunctionOps& function,
                             const TaskOptions& options, const CallBuilder& builder,
                             detail::RangeCall& call, const RecordedWorkPtr& work,
                             const worker::TaskContext& context) {
  const std::string function_name = function.name(builder.payload.bytes());
  try {
    const std::vector<InputValue> values = values_of(builder);
    const ValuePtr bound(function.bind(builder.payload.bytes(), values));
    worker::call_with_retries(call, checked(options).retries, [&](int number) {
      worker::TaskContext attempt;
      attempt.ops = context.ops;
      attempt.payload = context.payload;
      attempt.depth = context.depth;
      attempt.stream = context.stream;
      attempt.range = &call;
      attempt.attempt = static_cast<std::uint8_t>(std::min(number, 255));
      const worker::TaskScope scope(&attempt);
      function.call_range(*bound, call);
    });
  } catch (...) {
    const ExceptionText text = describe_current_exception();
    state.failure = describe(options.name, function_name, text.type, text.message);
    return;
  }
  const std::string name = options.name.empty() ? function_name : options.name;
  std::vector<std::uint64_t> failed;
  for (const detail::ElementFailure& failure : call.failures) {
    FailurePtr origin;
    if (failure.inherited) {
      for (const HandlePtr& source : builder.sources) {
        const auto found = source.group().failures.find(failure.index);
        if (found != source.group().failures.end()) origin = found->second;
      }
    }
    if (!origin)
      origin = describe(name + "[" + std::to_string(failure.index) + "]", function_name,
                        failure.type, failure.message);
    if (call.results != nullptr)
      static_cast<detail::ElementsBase&>(*call.results).failed.push_back(failure.index);
    failed.push_back(failure.index);
    if (work) journal_->record_failure(*work, failure.index, *origin);
    state.failures[failure.index] = std::move(origin);
  }
  if (!work) return;
  ValuePtr results;
  if (call.results != nullptr) {
    call.results->retain();
    results = ValuePtr(call.results);
  }
  journal_->record(*work, results, call.begin, call.count, failed, 0);
  if (journal_->is_full()) journal_->flush();
}

HandlePtr SerialCore::run(const FunctionOps& function, CallBuilder& builder) {
  refuse_in_task("run()");
  return map(function, {}, 1, builder);
}

std::vector<HandlePtr> SerialCore::scatter(std::vector<ValuePtr> values,
                                           const detail::Placement& where) {
  if (!where.workers.empty()) refuse_in_task("scatter() to chosen workers");
  (void)ranks_of(where.workers);
  std::vector<HandlePtr> handles;
  for (ValuePtr& value : values) {
    auto* state = new FutureState;
    state->epoch = epoch_;
    state->id = TaskId::from_bits(next_id_++);
    state->ops = &value->ops();
    if (journal_) state->lineage = journal_->lineages().of_value(*value);
    state->value = std::move(value);
    state->status = Status::finished;
    handles.emplace_back(state);
  }
  return handles;
}

HandlePtr SerialCore::scatter_sequence(ValuePtr elements, const detail::Placement& where,
                                       bool borrowed) {
  if (!where.workers.empty()) refuse_in_task("scatter() to chosen workers");
  (void)ranks_of(where.workers);
  const auto& sequence = static_cast<const detail::ElementsBase&>(*elements);
  return keep_sequence(borrowed ? copy_elements(*elements, 0, sequence.count)
                                : std::move(elements));
}

HandlePtr SerialCore::keep_sequence(ValuePtr elements) {
  auto* state = new GroupState;
  state->epoch = epoch_;
  state->id = TaskId::from_bits(next_id_++);
  state->total = static_cast<const detail::ElementsBase&>(*elements).count;
  if (journal_) state->lineage = journal_->lineages().of_sequence(*elements);
  state->here[0] = std::move(elements);
  state->status = Status::finished;
  return HandlePtr(state);
}

void SerialCore::replicate(std::span<const Target> targets, const ReplicateOptions& options) {
  refuse_in_task("replicate()");
  check_copies(options, ranks_of(options.workers).size());
  await_results(*this, targets);
}

std::uint64_t SerialCore::rebalance(const std::vector<Target>* targets,
                                    const RebalanceOptions& options) {
  refuse_in_task("rebalance()");
  (void)ranks_of(options.workers);
  if (targets != nullptr) await_results(*this, *targets);
  return 0;
}

/// All that there is lies here, and only futures know of it.
std::vector<HeldData> SerialCore::who_has(const std::vector<Target>* targets) {
  refuse_in_task("who_has(), has_what() or nbytes()");
  std::vector<HeldData> all;
  if (targets == nullptr) return all;
  for (const Target& target : *targets) {
    const std::uint64_t id = target.handle->id.bits();
    if (!target.handle->is_group) {
      const ValuePtr& value = static_cast<const FutureState&>(*target.handle).value;
      if (value) all.push_back({id, 0, 1, value->ops().nbytes(*value), {0}});
      continue;
    }
    for (const auto& [begin, value] : static_cast<const GroupState&>(*target.handle).here) {
      const auto& elements = static_cast<const detail::ElementsBase&>(*value);
      all.push_back({id, begin, elements.count, value->ops().nbytes(*value), {0}});
    }
  }
  return all;
}

std::vector<std::int32_t> SerialCore::ranks_of(const std::vector<WorkerName>& names) {
  return choose_workers(names, {{0, "this process"}}, 1);
}

detail::SyncReply SerialCore::coordinate(const detail::SyncCall& call, Timeout timeout) {
  return sync_.ask(call, timeout);
}

Status SerialCore::status(Target target) {
  Handle& handle = *target.handle;
  Status status = handle.status.load();
  if (handle.is_group && target.index != detail::whole_group && !handle.failure) {
    status = static_cast<const GroupState&>(handle).failures.contains(target.index)
                 ? Status::error
                 : Status::finished;
  }
  return status;
}

FailurePtr SerialCore::failure(Target target) { return observed_failure(target); }

InputValue SerialCore::result(Target target, Timeout) {
  if (const FailurePtr failed = failure(target)) detail::throw_failure(failed);
  if (!target.handle->is_group)
    return {static_cast<const FutureState&>(*target.handle).value.get(), 0};
  const auto& group = static_cast<const GroupState&>(*target.handle);
  if (target.index >= group.total) {
    throw Error(ErrorCode::bad_argument, "element " + std::to_string(target.index) +
                                             " was asked for of a map with " +
                                             std::to_string(group.total) + " elements");
  }
  return {group.here.empty() ? nullptr : group.here.begin()->second.get(), target.index};
}

std::vector<ValuePtr> SerialCore::fetch_group(GroupState& group) {
  std::vector<ValuePtr> stretches;
  for (const auto& [begin, value] : group.here) stretches.push_back(value);
  return stretches;
}

void SerialCore::gather_into(GroupState& group, MutableBuffer place) {
  for (const auto& [begin, value] : group.here) {
    const auto& elements = static_cast<const detail::ElementsBase&>(*value);
    copy_plain_elements(elements, elements.begin, elements.count, place);
  }
}

void SerialCore::watch(Target target, const std::shared_ptr<detail::CompletionQueue::Shared>& queue,
                       std::uint64_t tag) {
  const std::lock_guard guard(mutex_);
  const bool whole = target.index == detail::whole_group;
  queue->push(tag, whole ? 0 : target.index,
              whole ? static_cast<const GroupState&>(*target.handle).total : 1);
}

bool SerialCore::next_completion(detail::CompletionQueue::Shared& queue,
                                 detail::CompletionQueue::Completion& completion, Timeout) {
  const std::lock_guard guard(mutex_);
  completion = queue.pop();
  return true;
}

bool SerialCore::peek_completion(const detail::CompletionQueue::Shared& queue) {
  const std::lock_guard guard(mutex_);
  return !queue.ready.empty();
}

void SerialCore::released(Handle* handle) noexcept {
  failures_.add(*handle);
  destroy(handle);
}

std::vector<RankMemory> SerialCore::memory() {
  refuse_in_task("memory()");
  RankMemory here;
  here.host = "this process";
  here.process_bytes = memory::private_bytes();
  return {here};
}

int SerialCore::exit_code(int main_code) { return failures_.exit_code(main_code); }

}  // namespace tutti::client_module

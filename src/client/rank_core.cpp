#include "client/rank_core.hpp"

#include "base/exception_text.hpp"
#include "base/log.hpp"
#include "client/current.hpp"
#include "client/demand.hpp"
#include "client/results_here.hpp"
#include "client/submission.hpp"
#include "runtime/thread_setup.hpp"
#include "runtime/worker_driver.hpp"
#include "tutti/detail/call_graph.hpp"
#include "tutti/detail/map_thunk.hpp"
#include "worker/task_context.hpp"

#include <algorithm>
#include <exception>
#include <unordered_map>
#include <utility>

namespace tutti::client_module {
namespace {

/// Submissions that wait for company when nobody is idle.
constexpr std::uint32_t unsent_max = 64;
/// Releases that may pile up before the thread that drops futures hands them on itself.
constexpr std::size_t released_max = 1024;
}  // namespace

RankCore::RankCore(runtime::Rank& rank)
    : rank_(rank), driver_(*rank.scheduler()), engine_(rank.engine()) {
  if (!rank.options().journal.empty()) {
    journal_ = std::make_unique<JournalState>(
        rank.options(), [](const char* name) { runtime::name_this_thread(name); });
  }
  // The keeper polls already.
  const Lock lock(engine_.mutex());
  driver_.set_sink(this);
  epoch_ = make_current(*this, static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                   rank.options().guard_closures, UINT32_MAX)));
}

RankCore::~RankCore() {
  make_none_current();
  for (Handle* handle : released_) destroy(handle);
}

// ---- submitting

void RankCore::enroll(Handle& handle, TaskId id) {
  handle.id = id;
  handle.epoch = epoch_;
  if (handle.is_group) {
    if (id.slot() >= groups_.size()) groups_.resize(id.slot() + 1, nullptr);
    groups_[id.slot()] = &static_cast<GroupState&>(handle);
  } else {
    if (id.slot() >= tasks_.size()) tasks_.resize(id.slot() + 1, nullptr);
    tasks_[id.slot()] = &static_cast<FutureState&>(handle);
  }
  if (!ending_ || handle.status.load() != Status::pending) return;
  handle.failure = ending_->failure;
  handle.status = Status::cancelled;
  ending_->cancelled_any = true;
}

TaskId RankCore::place_literal(ValuePtr value) {
  const std::int32_t holder = rank_.rank();
  const std::uint64_t bytes = value->ops().nbytes(*value);
  if (const std::string warning = repeated_constants_.note(*value, bytes); !warning.empty())
    base::log_warning(warning);
  const TaskId id = driver_.place_value({&holder, 1}, bytes, false);
  rank_.store().put(id, std::move(value), bytes);
  return id;
}

scheduler::Input RankCore::resolve(Target future, std::uint64_t count) const {
  const Handle& handle = *future.handle;
  if (handle.epoch != epoch_) (void)Core::of(handle);
  check_elements(handle, future.index, count);
  return {handle.id, future.index, count};
}

/// Throws when something that is to come first is of another run.
void RankCore::add_after(const TaskOptions& options, std::vector<scheduler::Input>& inputs) const {
  for (const After::Each& each : options.after.each) {
    const bool whole = each.index == detail::whole_group;
    inputs.push_back({each.handle->id, whole ? scheduler::all_elements : each.index, 0});
  }
}

void RankCore::resolve_inputs(CallBuilder& builder, std::vector<scheduler::Input>& inputs) {
  inputs.clear();
  for (detail::CallInput& input : builder.inputs) {
    if (input.literal) {
      inputs.push_back({place_literal(std::move(input.literal)), 0});
    } else {
      inputs.push_back(resolve(input.future, input.count));
    }
  }
}

/// Sends at once when somebody waits for work, else lets a few submissions travel together.
void RankCore::after_submit() {
  ++unsent_;
  if (unsent_ >= unsent_max || driver_.anybody_idle()) {
    unsent_ = 0;
    engine_.poll();
  }
}

/// What the options ask for beside a slot. Throws Error for what no worker has. Takes the lock.
protocol::Demand RankCore::demand_for(const TaskOptions& options) {
  (void)checked(options);
  if (!asks_for_more(options)) return {};
  protocol::Demand demand =
      demand_of(options, [this](const auto& names) { return ranks_of(names); });
  const Lock lock(engine_.mutex());
  const std::string problem = driver_.scheduler().demands().why_unsatisfiable(demand);
  if (!problem.empty()) throw Error(ErrorCode::unsatisfiable, problem);
  return demand;
}

/// A call whose inputs are in inputs_.
TaskId RankCore::submit_call(const FunctionOps& function, const TaskOptions& options,
                             std::span<const std::byte> payload, const protocol::Demand& demand,
                             std::uint32_t gang, std::uint32_t line) {
  const FunctionOps* chosen = &function;
  if (payload.size() > payload_bytes_max) {
    inputs_.push_back(
        {place_literal(detail::make_value<std::vector<std::byte>>(payload.begin(), payload.end())),
         0});
    payload = {};
    chosen = function.large;
  }
  add_after(options, inputs_);
  const CheckedOptions limits = checked(options);
  const Origin origin = next_origin(submissions_);
  const TaskId id = driver_.submit({chosen, limits.priority, origin.depth, limits.retries,
                                    limits.timeout_ms, origin.stream, gang, payload, inputs_,
                                    demand.is_none() ? nullptr : &demand, line});
  if (!options.name.empty()) driver_.set_name(id, options.name);
  return id;
}

HandlePtr RankCore::submit(const FunctionOps& function, const TaskOptions& options,
                           CallBuilder& builder) {
  if (builder.line != detail::creates_actor) check_can_travel(function, rank_.size());
  if (builder.gang != 0)
    check_gang(builder.gang, rank_.workers(), rank_.gangs().problem(), options);
  const protocol::Demand demand = demand_for(options);
  check_after(options, epoch_);
  Recording recording;
  // What a call of an actor gives depends on the calls before it.
  const bool may_record = journal_ && builder.line == detail::no_line;
  if (may_record) recording = journal_->keeper.begin_call(function, options, builder);
  if (!recording.known.empty()) return place_known(function, recording);
  const ContentKey key = options.pure ? key_of_call(function, builder) : ContentKey();
  auto* state = new FutureState;
  HandlePtr handle(state);
  state->ops = function.result;
  const Lock lock(engine_.mutex());
  refuse_at_end("submit()");
  drain_released();
  if (options.pure) {
    if (HandlePtr same = find_same(key)) return same;
  }
  resolve_inputs(builder, inputs_);
  enroll(*state, submit_call(function, options, builder.payload.bytes(), demand, builder.gang,
                             builder.line));
  if (options.pure) note_same(key, *state);
  if (may_record) follow(*state, recording);
  after_submit();
  return handle;
}

std::vector<HandlePtr> RankCore::submit_graph(const detail::CallGraph& graph,
                                              std::span<const std::uint64_t> outputs) {
  /// Calls that are submitted before others may use the rank.
  constexpr std::uint64_t stretch = 256;
  std::vector<std::uint32_t> uses = graph.count_uses(outputs);
  check_graph(graph, uses, rank_.size(), epoch_,
              [this](Target future, std::uint64_t count) { (void)resolve(future, count); });
  const GraphDemands demands =
      demands_of(graph, uses, [this](const TaskOptions& each) { return demand_for(each); });
  std::unordered_map<std::uint64_t, HandlePtr> futures;
  for (const std::uint64_t output : outputs) {
    if (futures.contains(output)) continue;
    auto* state = new FutureState;
    state->ops = graph[output].function.result;
    futures.emplace(output, HandlePtr(state));
  }
  std::vector<TaskId> ids(graph.size());
  Lock lock(engine_.mutex());
  refuse_at_end("compute()");
  drain_released();
  for (std::uint64_t number = 0; number < graph.size(); ++number) {
    if (uses[number] == 0) continue;
    const detail::CallGraph::Call call = graph[number];
    inputs_.clear();
    for (const auto& input : call.inputs) {
      if (input.literal) {
        inputs_.push_back({place_literal(input.literal), 0});
      } else {
        inputs_.push_back(input.is_call()
                              ? scheduler::Input{ids[input.index], 0}
                              : resolve({input.future.get(), input.index}, input.count));
      }
    }
    ids[number] =
        submit_call(call.function, call.options, call.payload, demand_in(demands, number));
    if (const auto future = futures.find(number); future != futures.end())
      enroll(*future->second.get(), ids[number]);
    // Nobody holds what only other calls of the graph take: it goes with the last of them.
    for (const auto& input : call.inputs) {
      if (input.is_call() && --uses[input.index] == 0) driver_.released(ids[input.index]);
    }
    after_submit();
    if (number % stretch == stretch - 1) {
      lock.unlock();
      lock.lock();
      refuse_at_end("compute()");
    }
  }
  std::vector<HandlePtr> handles;
  for (const std::uint64_t output : outputs) handles.push_back(futures.at(output));
  return handles;
}

GroupState* RankCore::submit_group(const FunctionOps& function, const TaskOptions& options,
                                   std::uint64_t total, bool pinned, CallBuilder& builder,
                                   const Recording& recording, const protocol::Demand& demand,
                                   TaskId& id) {
  auto* state = new GroupState;
  state->total = total;
  std::vector<TaskId> sources;
  for (const HandlePtr& source : builder.sources) {
    if (source->epoch != epoch_) (void)Core::of(*source.get());
    sources.push_back(source->id);
  }
  resolve_inputs(builder, inputs_);
  add_after(options, inputs_);
  SchedulerDriver::GroupCall call;
  call.function = &function;
  const CheckedOptions limits = checked(options);
  call.priority = limits.priority;
  call.limits = {limits.retries, limits.timeout_ms};
  const Origin origin = next_origin(submissions_);
  call.depth = origin.depth;
  call.stream = origin.stream;
  call.pinned = pinned;
  call.total = total;
  call.bytes_per_element = builder.bytes_per_element;
  call.payload = Bytes::copy_of(builder.payload.bytes());
  call.inputs = inputs_;
  call.sources = sources;
  std::vector<scheduler::FinishedPiece> finished = pieces_of(recording);
  call.finished = finished;
  call.failures = recording.failures;
  if (!demand.is_none()) call.demand = &demand;
  id = driver_.submit_group(std::move(call));
  enroll(*state, id);
  if (journal_) follow(*state, recording);
  if (!options.name.empty()) driver_.set_name(id, options.name);
  return state;
}

HandlePtr RankCore::map(const FunctionOps& function, const TaskOptions& options,
                        std::uint64_t total, CallBuilder& builder) {
  check_can_travel(function, rank_.size());
  const protocol::Demand demand = demand_for(options);
  check_after(options, epoch_);
  Recording recording;
  if (journal_) recording = journal_->keeper.begin_map(function, options, total, builder);
  if (total != 0 && recording.known_count == total) {
    // Nothing of it runs, so nothing is needed.
    builder.inputs.clear();
    builder.sources.clear();
  }
  std::vector<HandlePtr> constants;
  if (total >= static_cast<std::uint64_t>(rank_.size())) constants = broadcast_constants(builder);
  HandlePtr handle;
  {
    const Lock lock(engine_.mutex());
    refuse_at_end("map()");
    drain_released();
    TaskId id;
    handle =
        HandlePtr(submit_group(function, options, total, false, builder, recording, demand, id));
    engine_.poll();
  }
  // The sources are referenced by the map now; dropping them takes the lock.
  builder.clear();
  return handle;
}

HandlePtr RankCore::run(const FunctionOps& function, CallBuilder& builder) {
  refuse_in_task("run()");
  check_can_travel(function, rank_.size());
  const std::vector<HandlePtr> constants = broadcast_constants(builder);
  Lock lock(engine_.mutex());
  refuse_at_end("run()");
  drain_released();
  TaskId id;
  const HandlePtr handle(submit_group(function, {}, static_cast<std::uint64_t>(rank_.size()), true,
                                      builder, {}, {}, id));
  engine_.poll();
  if (rank_.worker() == nullptr) {
    lock.unlock();
    Bytes payload = Bytes::copy_of(builder.payload.bytes());
    run_here(id, function, builder, std::move(payload));
    lock.lock();
  }
  engine_.wait(lock, [&] { return handle->status.load() != Status::pending; });
  return handle;
}

/// An input as a call on this rank gets it, in as many pieces as there are; `held` keeps them.
void RankCore::bring_input(const detail::CallInput& input, std::vector<InputValue>& inputs,
                           std::vector<ValuePtr>& held) {
  if (input.count == 0) return;
  if (input.count == 1) {
    inputs.push_back(bring(input.future, forever, false));
    return;
  }
  auto& group = static_cast<GroupState&>(*input.future.handle);
  const Target all{&group, detail::whole_group};
  (void)wait({&all, 1}, ReturnWhen::all_completed, forever);
  const std::uint64_t begin = input.future.index;
  const std::uint64_t end = begin + input.count;
  if (group.failure) detail::throw_failure(group.failure);
  const auto failed = group.failures.lower_bound(begin);
  if (failed != group.failures.end() && failed->first < end) detail::throw_failure(failed->second);
  for (ValuePtr& stretch : fetch_group(group)) {
    const auto& elements = static_cast<const detail::ElementsBase&>(*stretch);
    const std::uint64_t first = std::max(begin, elements.begin);
    const std::uint64_t last = std::min(end, elements.begin + elements.count);
    if (first >= last) continue;
    inputs.push_back({stretch.get(), first - elements.begin, last - first, false});
    held.push_back(std::move(stretch));
  }
}

/// The part of run() on a rank 0 that does not work: on the calling thread.
void RankCore::run_here(TaskId group, const FunctionOps& function, CallBuilder& builder,
                        Bytes payload) {
  {
    const Lock lock(engine_.mutex());
    driver_.client_runs(true);
  }
  std::vector<InputValue> inputs;
  std::vector<ValuePtr> held;
  detail::RangeCall call;
  call.begin = 0;
  call.count = 1;
  ValuePtr results;
  std::uint64_t bytes = 0;
  try {
    for (const detail::CallInput& input : builder.inputs) bring_input(input, inputs, held);
    const ValuePtr bound(function.bind(payload.span(), inputs));
    results = ValuePtr(function.make_results(0, 1));
    call.results = results.get();
    function.call_range(*bound, call);
    if (results && call.failures.empty()) bytes = results->ops().nbytes(*results);
  } catch (...) {
    detail::note_element_failure(call, 0);
  }
  const Lock lock(engine_.mutex());
  driver_.client_runs(false);
  // The group is placed in the turn in which its constants are there.
  engine_.poll();
  for (const detail::ElementFailure& failure : call.failures) {
    if (results) static_cast<detail::ElementsBase&>(*results).failed.push_back(0);
    driver_.fail_pinned_here(group, failure.type, failure.message);
  }
  rank_.store().put_stretch(group, {0, 1, std::move(results), bytes});
  driver_.finish_pinned_here(group, bytes);
  engine_.poll();
}

// ---- what the scheduler tells

FutureState* RankCore::find_task(TaskId id) {
  if (id.slot() >= tasks_.size()) return nullptr;
  FutureState* state = tasks_[id.slot()];
  return state != nullptr && state->id == id ? state : nullptr;
}

GroupState* RankCore::find_group(TaskId id) {
  if (id.slot() >= groups_.size()) return nullptr;
  GroupState* state = groups_[id.slot()];
  return state != nullptr && state->id == id ? state : nullptr;
}

void RankCore::on_finished(TaskId task, bool has_result, std::span<const std::byte> result) {
  FutureState* state = find_task(task);
  if (state == nullptr) return;
  if (has_result && state->ops != nullptr && !state->value) {
    if (state->ops->plain_bytes) {
      Reader reader(result);
      state->value = ValuePtr(state->ops->read(reader));
    } else {
      // Reading may run user code; it waits until somebody asks.
      state->value = ValuePtr(new detail::SerializedValue(*state->ops, Bytes::copy_of(result), {}));
    }
    driver_.add_inline_bytes(static_cast<std::int64_t>(result.size()));
    state->inline_bytes = static_cast<std::uint32_t>(result.size());
  }
  state->status.store(Status::finished, std::memory_order_release);
  if (state->ops == nullptr || (state->value && state->ops->plain_bytes))
    state->here.store(true, std::memory_order_release);
  if (journal_) record_finished(*state, has_result, result);
  resolved(*state);
}

void RankCore::on_progress(TaskId id, std::uint64_t index, double fraction) {
  const Handle* handle = id.is_group() ? static_cast<Handle*>(find_group(id)) : find_task(id);
  if (handle != nullptr) progress_.note(*handle, index, fraction);
}

void RankCore::on_failed(TaskId id, const scheduler::FailurePtr& failure) {
  Handle* handle = id.is_group() ? static_cast<Handle*>(find_group(id)) : find_task(id);
  if (handle == nullptr) return;
  handle->failure = failure;
  handle->status.store(status_of(*failure), std::memory_order_release);
  if (ending_ && handle->status.load() == Status::cancelled) ending_->cancelled_any = true;
  if (journal_ && !id.is_group()) record_failed(id, 0, failure);
  resolved(*handle);
}

void RankCore::on_element_failed(TaskId group, std::uint64_t index,
                                 const scheduler::FailurePtr& failure) {
  if (GroupState* state = find_group(group)) state->failures[index] = failure;
  if (journal_) record_failed(group, index, failure);
}

void RankCore::on_range(TaskId group, std::uint64_t begin, std::uint64_t count) {
  GroupState* state = find_group(group);
  if (state == nullptr) return;
  if (journal_) record_range(*state, begin, count);
  tell_range(*state, begin, count, engine_);
}

void RankCore::on_group_done(TaskId group) {
  GroupState* state = find_group(group);
  if (state == nullptr) return;
  state->status.store(state->failures.empty() ? Status::finished : Status::error,
                      std::memory_order_release);
  if (state->watchers) state->watchers->queues.clear();
  resolved(*state);
}

/// A handle has ended: tells those who wait for it.
void RankCore::resolved(Handle& handle) {
  tell_end(handle, engine_);
  if (!kept_.empty()) {
    const auto kept = kept_.find(handle.id);
    if (kept != kept_.end()) {
      // Freed later: its destructor takes the lock of releases, and may be the last one.
      engine_.defer([released = std::make_shared<HandlePtr>(std::move(kept->second))] {
        *released = HandlePtr();
      });
      kept_.erase(kept);
    }
  }
}

void RankCore::on_forgotten(TaskId id) {
  if (journal_) forget_recorded(id);
  if (id.is_group()) {
    if (find_group(id) != nullptr) groups_[id.slot()] = nullptr;
  } else if (find_task(id) != nullptr) {
    tasks_[id.slot()] = nullptr;
  }
}

// ---- releasing

void RankCore::released(Handle* handle) noexcept {
  std::size_t waiting;
  // What a task that throws lets go of is of no use to anybody.
  const bool orphan = std::uncaught_exceptions() != 0 && worker::current_task() != nullptr &&
                      handle->status.load() == Status::pending;
  {
    const std::lock_guard guard(released_mutex_);
    if (orphan) {
      handle->observed = true;
      orphans_.push_back(handle->id);
    }
    released_.push_back(handle);
    waiting = released_.size();
    released_count_.store(waiting, std::memory_order_relaxed);
  }
  if (waiting < released_max) return;
  const Lock lock(engine_.mutex(), std::try_to_lock);
  if (lock.owns_lock()) {
    drain_released();
    engine_.poll();
  }
}

/// Releases travel in company: handing over each at once made a chain twice as slow. What is left
/// over goes after some turns, of which an idle rank has fifty a second.
void RankCore::before_turn() {
  constexpr std::size_t enough = 256;
  constexpr std::uint32_t turns_max = 32;
  if (++turns_ % turns_max == 0 || released_count_.load(std::memory_order_relaxed) >= enough)
    drain_released();
  if (journal_) bring_recorded();
}

void RankCore::drain_released() {
  if (released_count_.load(std::memory_order_relaxed) == 0) return;
  std::vector<Handle*> handles;
  std::vector<TaskId> orphans;
  {
    const std::lock_guard guard(released_mutex_);
    orphans.swap(orphans_);
    handles.swap(released_);
    released_count_.store(0, std::memory_order_relaxed);
  }
  for (Handle* handle : handles) {
    if (journal_ && keep_to_record(*handle)) continue;
    failures_.add(*handle);
    if (!content_keys_.empty()) forget_same(*handle);
    progress_.forget(*handle);
    const TaskId id = handle->id;
    if (handle->is_group) {
      if (find_group(id) == handle) groups_[id.slot()] = nullptr;
    } else {
      if (find_task(id) == handle) tasks_[id.slot()] = nullptr;
      driver_.add_inline_bytes(
          -static_cast<std::int64_t>(static_cast<FutureState*>(handle)->inline_bytes));
    }
    driver_.released(id);
    destroy(handle);
  }
  for (const TaskId id : orphans) driver_.cancel(id);
}

}  // namespace tutti::client_module

// What tasks on ranks other than 0 submit, place and let go of.

#include "base/module_table.hpp"
#include "client/current.hpp"
#include "client/demand.hpp"
#include "client/placement.hpp"
#include "client/submission.hpp"
#include "client/worker_core.hpp"
#include "runtime/memory_keeper.hpp"
#include "tutti/detail/call_graph.hpp"
#include "tutti/detail/function_token.hpp"
#include "tutti/detail/map_thunk.hpp"
#include "worker/task_context.hpp"

#include <algorithm>
#include <exception>
#include <sched.h>
#include <unordered_map>
#include <utility>

namespace tutti::client_module {
namespace {

constexpr std::size_t message_overhead_bytes = 128;
/// How many numbers are asked for: at first, and at most.
constexpr std::uint32_t grant_min = 64;
constexpr std::uint32_t grant_max = 4096;
/// Numbers for maps, for each of so many for tasks.
constexpr std::uint32_t tasks_per_group = 16;

[[noreturn]] void only_main(const char* what) {
  refuse_in_task(what);
  throw Error(ErrorCode::unsatisfiable,
              std::string(what) + " was called on a rank other than 0; only main may call it");
}

}  // namespace

// ---- numbers

void WorkerCore::request_ids() {
  asked_ = true;
  grant_ = std::clamp(2 * grant_, grant_min, grant_max);
  rank_.outbox().add(0, protocol::RequestIds{grant_, grant_ / tasks_per_group},
                     message_overhead_bytes);
}

void WorkerCore::on(const protocol::GrantIds& message) {
  asked_ = false;
  const auto take = [](const protocol::PackedList<TaskId>& granted, std::vector<TaskId>& ids) {
    for (std::size_t index = granted.size(); index-- > 0;) ids.push_back(granted[index]);
  };
  take(message.tasks, task_ids_);
  take(message.groups, group_ids_);
}

/// Waits for numbers, without running anything meanwhile: the arguments of the call are in a buffer
/// of this thread. Asks for more before they run out.
void WorkerCore::need_ids(Lock& lock, std::size_t tasks, std::size_t groups) {
  const auto enough = [&] { return task_ids_.size() >= tasks && group_ids_.size() >= groups; };
  while (!enough()) {
    if (!asked_) request_ids();
    engine_.poll();
    if (enough()) break;
    lock.unlock();
    sched_yield();
    lock.lock();
  }
  if (!asked_ && (task_ids_.size() < grant_ / 2 || group_ids_.empty())) request_ids();
}

TaskId WorkerCore::next_task_id() {
  const TaskId id = task_ids_.back();
  task_ids_.pop_back();
  return id;
}

TaskId WorkerCore::next_group_id() {
  const TaskId id = group_ids_.back();
  group_ids_.pop_back();
  return id;
}

protocol::FunctionId WorkerCore::number_of(const FunctionOps& function) {
  const auto [entry, is_new] =
      functions_.try_emplace(&function, static_cast<protocol::FunctionId>(functions_.size()));
  if (is_new) {
    const detail::FunctionToken token = detail::token_of(&function);
    const std::string module = base::module_name(&function);
    const protocol::NameFunction message{entry->second, std::as_bytes(std::span(&token, 1)),
                                         module};
    rank_.outbox().add(0, message, message_overhead_bytes + sizeof(token) + module.size());
  }
  return entry->second;
}

void WorkerCore::enroll(Handle& handle, TaskId id) {
  handle.id = id;
  handle.epoch = epoch_;
  if (handle.is_group) {
    groups_[id].state = &static_cast<GroupState&>(handle);
  } else {
    tasks_[id].state = &static_cast<FutureState&>(handle);
  }
}

// ---- inputs

TaskId WorkerCore::place_literal(ValuePtr value) {
  const std::uint64_t bytes = value->ops().nbytes(*value);
  const TaskId id = next_task_id();
  rank_.store().put(id, std::move(value), bytes);
  rank_.outbox().add(0, protocol::PlaceValue{id, bytes, 0, false}, message_overhead_bytes);
  return id;
}

protocol::NeedRef WorkerCore::resolve(Target future, std::uint64_t count) const {
  const Handle& handle = *future.handle;
  if (handle.epoch != epoch_) (void)Core::of(handle);
  check_elements(handle, future.index, count);
  return {handle.id, future.index, count};
}

void WorkerCore::add_after(const TaskOptions& options) {
  for (const After::Each& each : options.after.each)
    inputs_.push_back({each.handle->id, each.index, 0});
}

void WorkerCore::resolve_inputs(CallBuilder& builder) {
  inputs_.clear();
  for (detail::CallInput& input : builder.inputs) {
    if (input.literal) {
      inputs_.push_back({place_literal(std::move(input.literal)), 0, 1});
    } else {
      inputs_.push_back(resolve(input.future, input.count));
    }
  }
}

// ---- submitting

/// What the options ask for beside a slot. Whether a worker has it is seen by rank 0: the task
/// fails when none has.
protocol::Demand WorkerCore::demand_for(const TaskOptions& options) const {
  (void)checked(options);
  if (!asks_for_more(options)) return {};
  return demand_of(options, [this](const std::vector<WorkerName>& names) {
    const auto& places = rank_.transport().places();
    std::vector<WorkerPlace> workers;
    for (int rank = rank_.options().rank0_works.value_or(false) ? 0 : 1; rank < rank_.size();
         ++rank)
      workers.push_back({rank, places[static_cast<std::size_t>(rank)].host});
    return choose_workers(names, workers, rank_.size());
  });
}

/// A call whose inputs are in inputs_.
TaskId WorkerCore::submit_call(const FunctionOps& function, const TaskOptions& options,
                               std::span<const std::byte> payload, const protocol::Demand& demand,
                               std::uint32_t gang, std::uint32_t line) {
  const FunctionOps* chosen = &function;
  if (payload.size() > payload_bytes_max) {
    inputs_.push_back(
        {place_literal(detail::make_value<std::vector<std::byte>>(payload.begin(), payload.end())),
         0, 1});
    payload = {};
    chosen = function.large;
  }
  add_after(options);
  const CheckedOptions limits = checked(options);
  const Origin origin = next_origin(submissions_);
  protocol::SubmitTask message;
  message.task = next_task_id();
  message.function = number_of(*chosen);
  message.priority = limits.priority;
  message.depth = origin.depth;
  message.retries = limits.retries;
  message.timeout_ms = limits.timeout_ms;
  message.stream = origin.stream;
  message.gang = gang;
  message.name = options.name;
  message.inputs =
      protocol::PackedList<protocol::NeedRef>(std::span<const protocol::NeedRef>(inputs_));
  message.payload = payload;
  const Bytes encoded_demand = protocol::encode(demand);
  message.demand = encoded_demand;
  message.line = line;
  rank_.outbox().add(0, message,
                     message_overhead_bytes + message.name.size() + message.inputs.bytes().size() +
                         message.payload.size() + message.demand.size());
  return message.task;
}

HandlePtr WorkerCore::submit(const FunctionOps& function, const TaskOptions& options,
                             CallBuilder& builder) {
  if (builder.line != detail::creates_actor) check_can_travel(function, rank_.size());
  if (builder.gang != 0)
    check_gang(builder.gang, rank_.workers(), rank_.gangs().problem(), options);
  const protocol::Demand demand = demand_for(options);
  check_after(options, epoch_);
  auto* state = new FutureState;
  HandlePtr handle(state);
  state->ops = function.result;
  Lock lock(engine_.mutex());
  drain_released();
  need_ids(lock, builder.inputs.size() + 2, 0);
  resolve_inputs(builder);
  enroll(*state, submit_call(function, options, builder.payload.bytes(), demand, builder.gang,
                             builder.line));
  return handle;
}

std::vector<HandlePtr> WorkerCore::submit_graph(const detail::CallGraph& graph,
                                                std::span<const std::uint64_t> outputs) {
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
  drain_released();
  for (std::uint64_t number = 0; number < graph.size(); ++number) {
    if (uses[number] == 0) continue;
    const detail::CallGraph::Call call = graph[number];
    need_ids(lock, call.inputs.size() + 2, 0);
    inputs_.clear();
    for (const auto& input : call.inputs) {
      if (input.literal) {
        inputs_.push_back({place_literal(input.literal), 0, 1});
      } else if (input.is_call()) {
        inputs_.push_back({ids[input.index], 0, 1});
      } else {
        inputs_.push_back(resolve({input.future.get(), input.index}, input.count));
      }
    }
    ids[number] =
        submit_call(call.function, call.options, call.payload, demand_in(demands, number));
    if (const auto future = futures.find(number); future != futures.end())
      enroll(*future->second.get(), ids[number]);
    // Nobody holds what only other calls of the graph take: it goes with the last of them.
    for (const auto& input : call.inputs) {
      if (!input.is_call() || --uses[input.index] != 0) continue;
      const TaskId unneeded = ids[input.index];
      rank_.outbox().add(
          0, protocol::DropFutures{protocol::PackedList<TaskId>(std::span(&unneeded, 1))},
          message_overhead_bytes);
    }
  }
  std::vector<HandlePtr> handles;
  for (const std::uint64_t output : outputs) handles.push_back(futures.at(output));
  return handles;
}

HandlePtr WorkerCore::map(const FunctionOps& function, const TaskOptions& options,
                          std::uint64_t total, CallBuilder& builder) {
  check_can_travel(function, rank_.size());
  const CheckedOptions limits = checked(options);
  const Bytes demand = protocol::encode(demand_for(options));
  check_after(options, epoch_);
  auto* state = new GroupState;
  HandlePtr handle(state);
  state->total = total;
  {
    Lock lock(engine_.mutex());
    drain_released();
    need_ids(lock, builder.inputs.size() + 1, 1);
    std::vector<TaskId> sources;
    for (const HandlePtr& source : builder.sources) {
      if (source->epoch != epoch_) (void)Core::of(*source.get());
      sources.push_back(source->id);
    }
    resolve_inputs(builder);
    add_after(options);
    const Origin origin = next_origin(submissions_);
    protocol::SubmitGroup message;
    message.group = next_group_id();
    message.function = number_of(function);
    message.priority = limits.priority;
    message.depth = origin.depth;
    message.stream = origin.stream;
    message.retries = limits.retries;
    message.timeout_ms = limits.timeout_ms;
    message.total = total;
    message.bytes_per_element = builder.bytes_per_element;
    message.name = options.name;
    message.inputs =
        protocol::PackedList<protocol::NeedRef>(std::span<const protocol::NeedRef>(inputs_));
    message.sources = protocol::PackedList<TaskId>(std::span<const TaskId>(sources));
    message.payload = builder.payload.bytes();
    message.demand = demand;
    enroll(*state, message.group);
    rank_.outbox().add(0, message,
                       message_overhead_bytes + message.name.size() +
                           message.inputs.bytes().size() + message.sources.bytes().size() +
                           message.payload.size() + message.demand.size());
  }
  // The sources are referenced by the map now; dropping them takes the lock.
  builder.clear();
  return handle;
}

// ---- placing

/// Inside of a task a value stays on its rank; who needs it fetches it once a rank.
HandlePtr WorkerCore::place_here(ValuePtr value) {
  auto* state = new FutureState;
  HandlePtr handle(state);
  state->ops = &value->ops();
  const std::uint64_t bytes = value->ops().nbytes(*value);
  Lock lock(engine_.mutex());
  drain_released();
  need_ids(lock, 1, 0);
  const TaskId id = next_task_id();
  enroll(*state, id);
  rank_.store().put(id, value, bytes);
  rank_.outbox().add(0, protocol::PlaceValue{id, bytes, 0, true}, message_overhead_bytes);
  // Large ones stay in the store alone, so that they can leave memory.
  if (bytes < worker::Store::large_bytes_min) {
    state->value = std::move(value);
    state->here = true;
  }
  state->status = Status::finished;
  tasks_[id].holder = rank_.rank();
  tasks_[id].bytes = bytes;
  rank_.memory().after_change();
  return handle;
}

std::vector<HandlePtr> WorkerCore::scatter(std::vector<ValuePtr> values,
                                           const detail::Placement& where) {
  if (!where.workers.empty()) refuse_in_task("scatter() to chosen workers");
  std::vector<HandlePtr> handles;
  for (ValuePtr& value : values) handles.push_back(place_here(std::move(value)));
  return handles;
}

HandlePtr WorkerCore::scatter_sequence(ValuePtr elements, const detail::Placement& where,
                                       bool borrowed) {
  if (!where.workers.empty()) refuse_in_task("scatter() to chosen workers");
  const std::uint64_t count = static_cast<const detail::ElementsBase&>(*elements).count;
  return keep_sequence(borrowed ? copy_elements(*elements, 0, count) : std::move(elements));
}

HandlePtr WorkerCore::keep_sequence(ValuePtr elements) {
  auto* state = new GroupState;
  HandlePtr handle(state);
  const std::uint64_t count = static_cast<const detail::ElementsBase&>(*elements).count;
  const std::uint64_t bytes = elements->ops().nbytes(*elements);
  state->total = count;
  Lock lock(engine_.mutex());
  drain_released();
  need_ids(lock, 0, 1);
  const TaskId id = next_group_id();
  enroll(*state, id);
  if (count != 0) groups_[id].chunks[0] = {count, rank_.rank(), bytes};
  rank_.store().put_stretch(id, {0, count, std::move(elements), bytes});
  rank_.outbox().add(0, protocol::PlaceValue{id, bytes, count, true}, message_overhead_bytes);
  state->status = Status::finished;
  rank_.memory().after_change();
  return handle;
}

// ---- what only main may do

void WorkerCore::replicate(std::span<const Target>, const ReplicateOptions&) {
  only_main("replicate()");
}

void WorkerCore::scale(std::size_t) { only_main("scale()"); }

void WorkerCore::adapt(const AdaptOptions&) { only_main("adapt()"); }

std::size_t WorkerCore::active_workers() { only_main("active_workers()"); }

std::uint64_t WorkerCore::rebalance(const std::vector<Target>*, const RebalanceOptions&) {
  only_main("rebalance()");
}

std::vector<HeldData> WorkerCore::who_has(const std::vector<Target>*) {
  only_main("who_has(), has_what() or nbytes()");
}

std::vector<std::int32_t> WorkerCore::ranks_of(const std::vector<WorkerName>&) {
  only_main("a choice of workers");
}

std::vector<RankMemory> WorkerCore::memory() { only_main("memory()"); }

HandlePtr WorkerCore::run(const FunctionOps&, CallBuilder&) { only_main("run()"); }

void WorkerCore::publish(const std::string&, detail::Dataset, bool) { only_main("publish()"); }

detail::Dataset WorkerCore::find_dataset(const std::string&) { only_main("get_dataset()"); }

std::vector<std::string> WorkerCore::dataset_names() { only_main("list_datasets()"); }

bool WorkerCore::unpublish(const std::string&) { only_main("unpublish()"); }

void WorkerCore::shutdown() { only_main("shutdown()"); }

// ---- letting go

void WorkerCore::cancel(std::span<const Target> targets) {
  const std::vector<TaskId> ids = ids_to_cancel(targets);
  const Lock lock(engine_.mutex());
  const protocol::CancelFutures message{protocol::PackedList<TaskId>(std::span<const TaskId>(ids))};
  rank_.outbox().add(0, message, message_overhead_bytes + message.ids.bytes().size());
}

void WorkerCore::released(Handle* handle) noexcept {
  // What a task that throws lets go of is of no use to anybody.
  const bool orphan = std::uncaught_exceptions() != 0 && worker::current_task() != nullptr &&
                      handle->status.load() == Status::pending;
  const std::lock_guard guard(released_mutex_);
  if (orphan) orphans_.push_back(handle->id);
  released_.push_back(handle);
  released_count_.store(released_.size(), std::memory_order_relaxed);
}

/// Releases travel in company, see RankCore::before_turn().
void WorkerCore::before_turn() {
  constexpr std::size_t enough = 256;
  constexpr std::uint32_t turns_max = 32;
  if (++turns_ % turns_max == 0 || released_count_.load(std::memory_order_relaxed) >= enough)
    drain_released();
}

void WorkerCore::drain_released() {
  if (released_count_.load(std::memory_order_relaxed) == 0) return;
  std::vector<Handle*> handles;
  std::vector<TaskId> orphans;
  {
    const std::lock_guard guard(released_mutex_);
    handles.swap(released_);
    orphans.swap(orphans_);
    released_count_.store(0, std::memory_order_relaxed);
  }
  std::vector<TaskId> ids;
  for (Handle* handle : handles) {
    if (!handle->id.is_none()) ids.push_back(handle->id);
    progress_.forget(*handle);
    if (handle->is_group) {
      groups_.erase(handle->id);
    } else {
      tasks_.erase(handle->id);
    }
    destroy(handle);
  }
  const protocol::DropFutures message{protocol::PackedList<TaskId>(std::span<const TaskId>(ids))};
  rank_.outbox().add_patient(0, message, message_overhead_bytes + message.ids.bytes().size());
  if (orphans.empty()) return;
  const protocol::CancelFutures unwanted{
      protocol::PackedList<TaskId>(std::span<const TaskId>(orphans))};
  rank_.outbox().add(0, unwanted, message_overhead_bytes + unwanted.ids.bytes().size());
}

}  // namespace tutti::client_module

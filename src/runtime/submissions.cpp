// What SchedulerDriver does for tasks of other ranks that submit tasks, and what it tells them.

#include "base/module_table.hpp"
#include "runtime/rank.hpp"
#include "runtime/scheduler_driver.hpp"
#include "tutti/check.hpp"
#include "tutti/detail/function_token.hpp"

#include <map>
#include <memory>
#include <utility>

namespace tutti::runtime {
namespace {

constexpr std::size_t message_overhead_bytes = 128;

template <class Message>
std::vector<scheduler::Input> inputs_of(const Message& message) {
  std::vector<scheduler::Input> inputs;
  inputs.reserve(message.inputs.size());
  for (std::size_t index = 0; index < message.inputs.size(); ++index) {
    const protocol::NeedRef need = message.inputs[index];
    inputs.push_back({need.id, need.index, need.count});
  }
  return inputs;
}

template <class T>
std::vector<T> unpacked(const protocol::PackedList<T>& list) {
  std::vector<T> items;
  items.reserve(list.size());
  for (std::size_t index = 0; index < list.size(); ++index) items.push_back(list[index]);
  return items;
}

}  // namespace

/// The rank that is told of the end of a task or map.
int SchedulerDriver::owner_of(TaskId id) const {
  if (id.is_group()) {
    const scheduler::GroupRecord* group = scheduler_.find_group(id);
    return group == nullptr ? rank_.rank() : group->owner;
  }
  const scheduler::TaskRecord* task = scheduler_.find_task(id);
  return task == nullptr ? rank_.rank() : task->owner;
}

protocol::FunctionId SchedulerDriver::named(int from, protocol::FunctionId function) const {
  const auto& names = named_functions_.at(static_cast<std::size_t>(from));
  check(function < names.size(), "a function is named before a submission names its number");
  return names[function];
}

void SchedulerDriver::on(int from, const protocol::RequestIds& message) {
  std::vector<TaskId> tasks;
  std::vector<TaskId> groups;
  while (tasks.size() < message.tasks) tasks.push_back(scheduler_.reserve_task());
  while (groups.size() < message.groups) groups.push_back(scheduler_.reserve_group());
  const protocol::GrantIds grant{protocol::PackedList<TaskId>(std::span<const TaskId>(tasks)),
                                 protocol::PackedList<TaskId>(std::span<const TaskId>(groups))};
  rank_.outbox().add(
      from, grant,
      message_overhead_bytes + grant.tasks.bytes().size() + grant.groups.bytes().size());
}

void SchedulerDriver::on(int from, const protocol::NameFunction& message) {
  named_functions_.resize(static_cast<std::size_t>(rank_.size()));
  auto& names = named_functions_[static_cast<std::size_t>(from)];
  check(message.function == names.size(), "a rank numbers its functions one after the other");
  Reader reader(message.token);
  const auto token = reader.value<detail::FunctionToken>();
  const void* address = base::address_of(token, message.name);
  names.push_back(function_id(*static_cast<const detail::FunctionOps*>(address)));
}

void SchedulerDriver::on(int from, const protocol::SubmitTask& message) {
  const std::vector<scheduler::Input> inputs = inputs_of(message);
  scheduler::TaskSpec spec;
  spec.id = message.task;
  spec.function = named(from, message.function);
  spec.priority = message.priority;
  spec.owner = static_cast<std::uint16_t>(from);
  spec.depth = message.depth;
  spec.retries = message.retries;
  spec.stream = message.stream;
  spec.gang = message.gang;
  spec.inline_result = true;
  spec.payload = message.payload;
  spec.inputs = inputs;
  if (!message.name.empty()) names_[message.task] = message.name;
  if (message.timeout_ms != 0) timeouts_ms_[message.task] = message.timeout_ms;
  const protocol::Demand demand = protocol::decode_demand(message.demand);
  spec.demand = &demand;
  spec.line = message.line;
  scheduler_.submit(spec, commands_);
  refuse_unsatisfiable(message.task, demand);
  dirty_ = true;
}

/// A task asked for what no worker has: what it submitted fails.
void SchedulerDriver::refuse_unsatisfiable(TaskId id, const protocol::Demand& demand) {
  if (demand.is_none()) return;
  const std::string problem = scheduler_.demands().why_unsatisfiable(demand);
  if (problem.empty()) return;
  TaskFailure failure;
  failure.type = "tutti::Error";
  const auto name = names_.find(id);
  failure.task = name == names_.end() ? "" : name->second;
  failure.message = problem;
  scheduler_.cancel(id, std::make_shared<const TaskFailure>(std::move(failure)), commands_);
}

void SchedulerDriver::on(int from, const protocol::SubmitGroup& message) {
  const std::vector<scheduler::Input> inputs = inputs_of(message);
  const std::vector<TaskId> sources = unpacked(message.sources);
  scheduler::GroupSpec spec;
  spec.id = message.group;
  spec.function = named(from, message.function);
  spec.priority = message.priority;
  spec.owner = static_cast<std::uint16_t>(from);
  spec.depth = message.depth;
  spec.stream = message.stream;
  spec.total = message.total;
  spec.bytes_per_element = message.bytes_per_element;
  spec.inputs = inputs;
  spec.sources = sources;
  if (!message.name.empty()) names_[message.group] = message.name;
  note_group(message.group, spec.function, Bytes::copy_of(message.payload), message.total);
  groups_.at(message.group).limits = {message.retries, message.timeout_ms};
  const protocol::Demand demand = protocol::decode_demand(message.demand);
  spec.demand = &demand;
  scheduler_.submit_group(spec, commands_);
  refuse_unsatisfiable(message.group, demand);
  dirty_ = true;
}

void SchedulerDriver::on(int from, const protocol::PlaceValue& message) {
  scheduler_.place_for_task(from, message.id, message.bytes, message.count, message.held);
}

void SchedulerDriver::on(int, const protocol::DropFutures& message) {
  for (std::size_t index = 0; index < message.ids.size(); ++index) released(message.ids[index]);
}

void SchedulerDriver::on(int from, const protocol::Waits& message) {
  scheduler_.on_waits(from, message.suspended, message.held_back);
  dirty_ = true;
}

void SchedulerDriver::on(int, const protocol::CancelFutures& message) {
  for (std::size_t index = 0; index < message.ids.size(); ++index) cancel(message.ids[index]);
}

void SchedulerDriver::on(int, const protocol::Progress& message) {
  const int owner = owner_of(message.id);
  if (owner == rank_.rank()) {
    sink_->on_progress(message.id, message.index, message.fraction);
  } else {
    rank_.outbox().add(owner, protocol::ProgressTold{message}, message_overhead_bytes);
  }
}

void SchedulerDriver::cancel(TaskId id) {
  // What its task let go of may be needed by others that were kept.
  const scheduler::TaskRecord* task = scheduler_.find_task(id);
  const scheduler::GroupRecord* group = scheduler_.find_group(id);
  if (task != nullptr && !task->client_holds && task->references != 0) return;
  if (group != nullptr && !group->client_holds && group->references != 0) return;
  TaskFailure failure;
  failure.type = "tutti::CancelledError";
  const auto name = names_.find(id);
  failure.task = name == names_.end() ? "" : name->second;
  failure.message = "the task was cancelled by cancel()";
  scheduler_.cancel(id, std::make_shared<const TaskFailure>(std::move(failure)), commands_);
  dirty_ = true;
}

void SchedulerDriver::send_cancels() {
  if (commands_.cancel.empty()) return;
  std::map<int, std::vector<TaskId>> by_worker;
  for (const auto& each : commands_.cancel) by_worker[each.worker].push_back(each.id);
  for (const auto& [worker, ids] : by_worker) {
    const protocol::CancelWork message{protocol::PackedList<TaskId>(std::span<const TaskId>(ids))};
    rank_.outbox().add(worker, message, message_overhead_bytes + message.ids.bytes().size());
  }
}

// ---- what is told

void SchedulerDriver::tell_finished(int from, const protocol::TaskFinished& message, int owner) {
  // The owner's own worker has the result, and its client knows.
  if (from == owner) return;
  rank_.outbox().add(owner,
                     protocol::TaskEnded{message.task, from, message.result_bytes,
                                         message.has_result, message.result},
                     message_overhead_bytes + message.result.size());
}

void SchedulerDriver::tell_failed(TaskId id, std::uint64_t index,
                                  const scheduler::FailurePtr& failure) {
  const int owner = owner_of(id);
  if (owner != rank_.rank()) {
    const protocol::WorkFailed message{id,
                                       index,
                                       failure->rank,
                                       failure->attempt,
                                       failure->type,
                                       failure->message,
                                       failure->function,
                                       failure->task,
                                       failure->host,
                                       failure->story};
    rank_.outbox().add(owner, message,
                       message_overhead_bytes + failure->type.size() + failure->message.size() +
                           failure->function.size() + failure->task.size() + failure->host.size() +
                           failure->story.size());
  } else if (index != protocol::WorkFailed::whole) {
    sink_->on_element_failed(id, index, failure);
  } else {
    sink_->on_failed(id, failure);
  }
}

void SchedulerDriver::tell_range(int from, const protocol::RangeFinished& message, int owner) {
  if (owner == rank_.rank()) {
    sink_->on_range(message.group, message.begin, message.count);
    return;
  }
  rank_.outbox().add(
      owner,
      protocol::RangeEnded{message.group, message.begin, message.count, from, message.result_bytes},
      message_overhead_bytes);
}

void SchedulerDriver::tell_group_done(TaskId group) {
  const int owner = owner_of(group);
  if (owner == rank_.rank()) {
    sink_->on_group_done(group);
  } else {
    rank_.outbox().add(owner, protocol::GroupEnded{group}, message_overhead_bytes);
  }
}

}  // namespace tutti::runtime

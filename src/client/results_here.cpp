#include "client/results_here.hpp"

#include "base/exception_text.hpp"
#include "tutti/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tutti::client_module {

using detail::FutureState;
using detail::GroupState;
using detail::Handle;
using detail::InputValue;
using detail::Target;
using detail::ValuePtr;
using detail::Watchers;

namespace {

constexpr const char* lost_text =
    "the result is lost: no rank has a copy of it any more. Submit the task, or scatter the data, "
    "again";

std::string did_not_come(int here, const std::string& task, const std::string& why) {
  return fmt::format("the result {}could not be brought to rank {}: {}",
                     task.empty() ? "" : "of " + task + " ", here, why);
}

/// Where the element's stretch is among those on this rank, or end.
auto stretch_here(const GroupState& group, std::uint64_t index) {
  auto after = group.here.upper_bound(index);
  if (after == group.here.begin()) return group.here.end();
  --after;
  const auto& elements = static_cast<const detail::ElementsBase&>(*after->second);
  return index - elements.begin < elements.count ? after : group.here.end();
}

Watchers& watchers_of(Handle& handle) {
  if (!handle.watchers) handle.watchers = std::make_unique<Watchers>();
  return *handle.watchers;
}

}  // namespace

bool is_here(Target target) {
  if (target.handle->is_group) {
    const auto& group = static_cast<const GroupState&>(*target.handle);
    return stretch_here(group, target.index) != group.here.end() ||
           group.singles.contains(target.index);
  }
  const auto& state = static_cast<const FutureState&>(*target.handle);
  return state.ops == nullptr || state.value;
}

InputValue value_here(Target target, int here, const std::function<std::string()>& task) {
  if (target.handle->is_group) {
    const auto& group = static_cast<const GroupState&>(*target.handle);
    const auto stretch = stretch_here(group, target.index);
    const ValuePtr& value =
        stretch != group.here.end() ? stretch->second : group.singles.at(target.index);
    return {value.get(), target.index - static_cast<const detail::ElementsBase&>(*value).begin};
  }
  auto& state = static_cast<FutureState&>(*target.handle);
  if (state.value && &state.value->ops() == &detail::SerializedValue::shared_ops) {
    const auto& unread = static_cast<const detail::SerializedValue&>(*state.value);
    std::string problem;
    try {
      state.value = unread.read();
    } catch (...) {
      problem = describe_failed_reading(unread.contents_ops().type_name());
    }
    if (!problem.empty())
      throw Error(ErrorCode::cannot_travel, did_not_come(here, task(), problem));
  }
  state.here.store(true, std::memory_order_release);
  return {state.value.get(), 0};
}

detail::FailurePtr observed_failure(Target target) {
  target.handle->observed = true;
  if (target.handle->failure || !target.handle->is_group) return target.handle->failure;
  const auto& failures = static_cast<const GroupState&>(*target.handle).failures;
  const auto found = failures.find(target.index);
  return found == failures.end() ? nullptr : found->second;
}

Status status_of(const TaskFailure& failure) {
  return failure.type == "tutti::CancelledError" ? Status::cancelled : Status::error;
}

void throw_ended(Target target, Status status) {
  Handle& handle = *target.handle;
  if (status == Status::error) {
    handle.observed = true;
    if (handle.is_group && !handle.failure)
      detail::throw_failure(static_cast<GroupState&>(handle).failures.at(target.index));
    detail::throw_failure(handle.failure);
  }
  if (status == Status::lost) throw Error(ErrorCode::lost, lost_text);
  if (handle.failure) detail::throw_failure(handle.failure);
  throw CancelledError("the task was cancelled: the run ended before it did");
}

Problem problem_of(const runtime::DataExchange::Arrived& arrived, int here,
                   const std::string& task) {
  if (arrived.answer == runtime::DataExchange::Answer::gone) {
    return {ErrorCode::lost, lost_text};
  }
  return {ErrorCode::cannot_travel, did_not_come(here, task, arrived.problem)};
}

void check_room(const Gathered& gathered, std::uint64_t held, std::uint64_t limit, int here) {
  const std::uint64_t all = gathered.coming + gathered.own;
  if (limit == 0 || (all <= limit && gathered.coming <= limit - std::min(limit, held))) return;
  constexpr double megabyte = 1e6;
  throw Error(
      ErrorCode::no_memory,
      fmt::format("gather would bring {:.1f} MB to rank {}, which may use {:.1f} MB and holds "
                  "{:.1f} MB: nothing was moved. Reduce on the workers (fold, map_reduce), "
                  "gather parts one after the other, use gather_into with memory of your "
                  "own, or raise memory_limit",
                  static_cast<double>(all) / megabyte, here, static_cast<double>(limit) / megabyte,
                  static_cast<double>(held) / megabyte));
}

void tell_range(GroupState& group, std::uint64_t begin, std::uint64_t count,
                runtime::ProgressEngine& engine) {
  engine.notify();
  if (!group.watchers) return;
  Watchers& watchers = *group.watchers;
  for (const auto& each : watchers.queues) each.queue->push(each.tag, begin, count);
  for (auto each = watchers.element_queues.lower_bound(begin);
       each != watchers.element_queues.end() && each->first - begin < count;
       each = watchers.element_queues.erase(each)) {
    each->second.queue->push(each->second.tag, each->first, 1);
  }
  for (auto each = watchers.element_callbacks.lower_bound(begin);
       each != watchers.element_callbacks.end() && each->first - begin < count;
       each = watchers.element_callbacks.erase(each)) {
    engine.defer(std::move(each->second));
  }
}

void tell_end(Handle& handle, runtime::ProgressEngine& engine) {
  engine.notify();
  if (!handle.watchers) return;
  Watchers& watchers = *handle.watchers;
  for (std::function<void()>& callback : watchers.callbacks) engine.defer(std::move(callback));
  const std::uint64_t count = handle.is_group ? static_cast<GroupState&>(handle).total : 1;
  for (const auto& each : watchers.queues) each.queue->push(each.tag, 0, count);
  for (const auto& [index, each] : watchers.element_queues) each.queue->push(each.tag, index, 1);
  for (auto& [index, callback] : watchers.element_callbacks) engine.defer(std::move(callback));
  handle.watchers.reset();
}

void add_callback(Target target, std::function<void()> callback) {
  Watchers& watchers = watchers_of(*target.handle);
  if (target.handle->is_group) {
    watchers.element_callbacks.emplace(target.index, std::move(callback));
  } else {
    watchers.callbacks.push_back(std::move(callback));
  }
}

void add_queue(Target target, const std::shared_ptr<detail::CompletionQueue::Shared>& queue,
               std::uint64_t tag) {
  Watchers& watchers = watchers_of(*target.handle);
  if (target.handle->is_group && target.index != detail::whole_group) {
    watchers.element_queues.emplace(target.index, Watchers::Queue{queue, tag});
  } else {
    watchers.queues.push_back({queue, tag});
  }
}

}  // namespace tutti::client_module

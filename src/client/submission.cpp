#include "client/submission.hpp"

#include "client/demand.hpp"
#include "tutti/detail/gang_call.hpp"
#include "tutti/error.hpp"
#include "worker/task_context.hpp"

#include <fmt/format.h>

#include <cmath>

namespace tutti::client_module {
namespace {

void check_range(const char* name, int value, int smallest, int largest) {
  if (value >= smallest && value <= largest) return;
  throw Error(ErrorCode::bad_argument,
              fmt::format("the {} {} of a task is out of range; it must lie between {} and {}",
                          name, value, smallest, largest));
}

std::uint32_t milliseconds(Timeout timeout) {
  if (timeout.is_forever()) return 0;
  if (!(timeout.seconds() > 0)) {
    throw Error(
        ErrorCode::bad_argument,
        fmt::format("the timeout of a task is {} s; it must be more than 0, or left out for "
                    "none",
                    timeout.seconds()));
  }
  const double limit = std::ceil(timeout.seconds() * 1e3);
  // Beyond some weeks a limit is none.
  return limit > 4e9 ? 0 : static_cast<std::uint32_t>(limit);
}

}  // namespace

CheckedOptions checked(const TaskOptions& options) {
  check_range("priority", options.priority, INT16_MIN, INT16_MAX);
  check_range("number of retries", options.retries, 0, UINT8_MAX);
  return {static_cast<std::int16_t>(options.priority), static_cast<std::uint8_t>(options.retries),
          milliseconds(options.timeout)};
}

void check_can_travel(const detail::FunctionOps& function, int ranks) {
  if (function.result == nullptr || function.result->write != nullptr || ranks == 1) return;
  throw Error(ErrorCode::cannot_travel, "the result of " + function.name({}) + " has the type " +
                                            function.result->type_name() +
                                            ", which cannot travel to another rank; return "
                                            "something that can, or run in one process");
}

void check_gang(std::uint32_t members, int workers, const std::string& problem,
                const TaskOptions& options) {
  const worker::TaskContext* task = worker::current_task();
  if (task != nullptr && task->member != nullptr) {
    throw Error(ErrorCode::unsatisfiable,
                fmt::format("gang({}) was submitted by {}, which is a member of a gang; its ranks "
                            "would wait for each other: submit it by main or by a task that is no "
                            "member, or split the communicator",
                            members, task->name()));
  }
  if (!problem.empty()) throw Error(ErrorCode::unsatisfiable, problem);
  if (asks_for_more(options)) {
    throw Error(ErrorCode::unsatisfiable,
                fmt::format("gang({}) was submitted with options that ask for cores, resources, "
                            "memory or certain workers; a member of a gang has one slot of any "
                            "worker: leave them out",
                            members));
  }
  if (members <= static_cast<std::uint32_t>(workers)) return;
  throw Error(ErrorCode::unsatisfiable,
              fmt::format("gang({}) was submitted, but this run has {} that run{} tasks, and each "
                          "has one member of a gang at a time; start more ranks, or ask for {} at "
                          "most",
                          members, workers == 1 ? "1 rank" : fmt::format("{} ranks", workers),
                          workers == 1 ? "s" : "", workers));
}

void check_after(const TaskOptions& options, std::uint32_t epoch) {
  for (const After::Each& each : options.after.each) {
    if (each.handle->epoch != epoch) (void)detail::Core::of(*each.handle);
  }
}

void check_graph(const detail::CallGraph& graph, std::span<const std::uint32_t> uses, int ranks,
                 std::uint32_t epoch,
                 const std::function<void(detail::Target, std::uint64_t count)>& check_input) {
  for (std::uint64_t number = 0; number < graph.size(); ++number) {
    if (uses[number] == 0) continue;
    const detail::CallGraph::Call call = graph[number];
    check_can_travel(call.function, ranks);
    (void)checked(call.options);
    check_after(call.options, epoch);
    for (const auto& input : call.inputs) {
      if (input.future) check_input({input.future.get(), input.index}, input.count);
    }
  }
}

void check_elements(const detail::Handle& handle, std::uint64_t index, std::uint64_t count) {
  if (!handle.is_group) return;
  const std::uint64_t total = static_cast<const detail::GroupState&>(handle).total;
  if (total >= index + count) return;
  throw Error(ErrorCode::bad_argument,
              fmt::format("an argument names element {} of a map with {} elements",
                          index + count - 1, total));
}

Origin next_origin(std::uint64_t& submissions) {
  worker::TaskContext* task = worker::current_task();
  if (task == nullptr) return {0, ++submissions};
  const int depth = task->depth + 1;
  return {static_cast<std::uint16_t>(depth > UINT16_MAX ? UINT16_MAX : depth), task->next_stream()};
}

std::vector<TaskId> ids_to_cancel(std::span<const detail::Target> targets) {
  std::vector<TaskId> ids;
  for (const detail::Target& target : targets) {
    if (target.handle->is_group && target.index != detail::whole_group) {
      throw Error(
          ErrorCode::bad_argument,
          fmt::format("cancel() was given element {} of a map; a map can only be cancelled as "
                      "a whole: pass what map() returned",
                      target.index));
    }
    ids.push_back(target.handle->id);
  }
  return ids;
}

void refuse_in_task(const char* what) {
  const worker::TaskContext* task = worker::current_task();
  if (task == nullptr) return;
  throw Error(ErrorCode::unsatisfiable, std::string(what) + " was called inside of the task " +
                                            task->name() + "; only main may call it");
}

}  // namespace tutti::client_module

namespace tutti::detail {

std::uint32_t gang_size(int size) {
  if (size >= 1) return static_cast<std::uint32_t>(size);
  throw Error(ErrorCode::bad_argument,
              fmt::format("gang({}) was submitted; a gang has at least one member", size));
}

}  // namespace tutti::detail

#include "client/worker_core.hpp"

#include "client/current.hpp"
#include "client/results_here.hpp"
#include "client/submission.hpp"
#include "runtime/data_exchange.hpp"
#include "tutti/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tutti::client_module {
namespace {

/// Stretches of results up to this size come whole when one element is asked for, in bytes.
constexpr std::uint64_t whole_stretch_bytes_max = 4 << 20;

}  // namespace

WorkerCore::WorkerCore(runtime::Rank& rank) : rank_(rank), engine_(rank.engine()) {
  const Lock lock(engine_.mutex());
  rank_.set_task_client(this);
  epoch_ = make_current(*this, static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                   rank.options().guard_closures, UINT32_MAX)));
}

WorkerCore::~WorkerCore() {
  make_none_current();
  {
    const Lock lock(engine_.mutex());
    rank_.set_task_client(nullptr);
  }
  // What is kept is freed here, and what tasks left behind by its holders.
  kept_.clear();
  for (Handle* handle : released_) destroy(handle);
}

// ---- what rank 0 tells

void WorkerCore::on(const protocol::TaskEnded& message) {
  const auto found = tasks_.find(message.task);
  if (found == tasks_.end()) return;
  Task& task = found.value();
  FutureState& state = *task.state;
  if (message.has_result && state.ops != nullptr && !state.value) {
    if (state.ops->plain_bytes) {
      Reader reader(message.result);
      state.value = ValuePtr(state.ops->read(reader));
    } else {
      // Reading may run user code; it waits until somebody asks.
      state.value =
          ValuePtr(new detail::SerializedValue(*state.ops, Bytes::copy_of(message.result), {}));
    }
  }
  finished(task, message.holder, message.result_bytes);
}

/// Large values stay in the store alone, so that they can leave memory.
void WorkerCore::on_finished_here(TaskId id, const ValuePtr& value, std::uint64_t bytes) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) return;
  if (bytes < worker::Store::large_bytes_min) found.value().state->value = value;
  finished(found.value(), rank_.rank(), bytes);
}

void WorkerCore::finished(Task& task, std::int32_t holder, std::uint64_t bytes) {
  FutureState& state = *task.state;
  task.holder = holder;
  task.bytes = bytes;
  state.status.store(Status::finished, std::memory_order_release);
  const bool is_read = state.value && &state.value->ops() != &detail::SerializedValue::shared_ops;
  if (state.ops == nullptr || is_read) state.here.store(true, std::memory_order_release);
  resolved(state);
}

void WorkerCore::on(const protocol::RangeEnded& message) {
  const auto found = groups_.find(message.group);
  if (found == groups_.end()) return;
  Group& group = found.value();
  group.chunks[message.begin] = {message.count, message.holder, message.result_bytes};
  tell_range(*group.state, message.begin, message.count, engine_);
}

void WorkerCore::on(const protocol::GroupEnded& message) {
  const auto found = groups_.find(message.group);
  if (found == groups_.end()) return;
  GroupState& state = *found.value().state;
  state.status.store(state.failures.empty() ? Status::finished : Status::error,
                     std::memory_order_release);
  if (state.watchers) state.watchers->queues.clear();
  resolved(state);
}

/// Null when no future here names it.
Handle* WorkerCore::find_handle(TaskId id) {
  if (id.is_group()) {
    const auto found = groups_.find(id);
    return found == groups_.end() ? nullptr : found->second.state;
  }
  const auto found = tasks_.find(id);
  return found == tasks_.end() ? nullptr : found->second.state;
}

void WorkerCore::on(const protocol::ProgressTold& message) {
  const protocol::Progress& progress = message.progress;
  if (const Handle* handle = find_handle(progress.id))
    progress_.note(*handle, progress.index, progress.fraction);
}

void WorkerCore::on(const protocol::WorkFailed& message) {
  Handle* handle = find_handle(message.id);
  if (handle == nullptr) return;
  TaskFailure failure;
  failure.type = message.type;
  failure.message = message.message;
  failure.function = message.function;
  failure.task = message.task;
  failure.rank = message.rank;
  failure.host = message.host;
  failure.attempt = message.attempt;
  failure.story = message.story;
  auto shared = std::make_shared<const TaskFailure>(std::move(failure));
  if (message.index != protocol::WorkFailed::whole) {
    static_cast<GroupState&>(*handle).failures[message.index] = std::move(shared);
    return;
  }
  handle->status.store(status_of(*shared), std::memory_order_release);
  handle->failure = std::move(shared);
  resolved(*handle);
}

void WorkerCore::resolved(Handle& handle) {
  tell_end(handle, engine_);
  const auto kept = kept_.find(handle.id);
  if (kept == kept_.end()) return;
  // Freed later: its destructor takes the lock of releases, and may be the last one.
  engine_.defer([released = std::make_shared<HandlePtr>(std::move(kept->second))] {
    *released = HandlePtr();
  });
  kept_.erase(kept);
}

// ---- questions

const WorkerCore::Group* WorkerCore::find_group(TaskId id) const {
  const auto found = groups_.find(id);
  return found == groups_.end() ? nullptr : &found->second;
}

Status WorkerCore::status(Target target) {
  if (!target.handle->is_group || target.index == detail::whole_group)
    return target.handle->status.load(std::memory_order_acquire);
  const Lock lock(engine_.mutex());
  return status_locked(target);
}

Status WorkerCore::status_locked(Target target) {
  const Status status = target.handle->status.load(std::memory_order_acquire);
  if (!target.handle->is_group || target.index == detail::whole_group) return status;
  const auto& state = static_cast<const GroupState&>(*target.handle);
  check_elements(state, target.index, 1);
  if (status == Status::cancelled || state.failure) return status;
  const Group* group = find_group(state.id);
  bool ended = status != Status::pending;
  if (!ended && group != nullptr) {
    auto chunk = group->chunks.upper_bound(target.index);
    ended = chunk != group->chunks.begin() &&
            target.index - std::prev(chunk)->first < std::prev(chunk)->second.count;
  }
  if (!ended) return Status::pending;
  return state.failures.contains(target.index) ? Status::error : Status::finished;
}

bool WorkerCore::wait(std::span<const Target> targets, ReturnWhen when, Timeout timeout) {
  if (targets.empty()) return true;
  Lock lock(engine_.mutex());
  drain_released();
  const auto ended = [this](Target target) { return status_locked(target) != Status::pending; };
  return rank_.wait_for_tasks(lock, have_ended(targets, when, ended), deadline_of(timeout));
}

FailurePtr WorkerCore::failure(Target target) {
  const Lock lock(engine_.mutex());
  return observed_failure(target);
}

double WorkerCore::progress(Target target) {
  const Lock lock(engine_.mutex());
  return progress_.of(target);
}

// ---- results

/// Something that the call asked for is here, or cannot come.
void WorkerCore::note_arrival(const runtime::DataExchange::Arrived& arrived, Coming& coming) {
  if (!arrived.problem.empty()) coming.problem = problem_of(arrived, rank_.rank(), "");
  --coming.missing;
  engine_.notify();
}

/// Asks for a result that is not on this rank. Several threads may ask for the same: the first
/// arrival stays, as somebody may refer to it already.
void WorkerCore::request(Target target, Coming& coming) {
  if (is_here(target)) return;
  if (target.handle->is_group)
    return request_element(static_cast<GroupState&>(*target.handle), target.index, coming);
  ++coming.missing;
  auto* state = static_cast<FutureState*>(target.handle);
  rank_.exchange().fetch(tasks_.at(state->id).holder, state->id, 0,
                         [this, state, &coming](runtime::DataExchange::Arrived arrived) {
                           if (arrived.problem.empty() && !state->value)
                             state->value = std::move(arrived.value);
                           note_arrival(arrived, coming);
                         });
}

/// Small stretches come whole. Where one element cannot travel, the others of its stretch come by
/// themselves.
void WorkerCore::request_element(GroupState& group, std::uint64_t index, Coming& coming) {
  const auto& [begin, chunk] = *std::prev(groups_.at(group.id).chunks.upper_bound(index));
  if (chunk.count == 1 || chunk.bytes > whole_stretch_bytes_max)
    return fetch_apart(group, chunk.holder, index, 1, index, coming);
  ++coming.missing;
  rank_.exchange().fetch_slice(
      chunk.holder, group.id, begin, chunk.count,
      [this, &group, index, begin = begin, count = chunk.count, holder = chunk.holder,
       &coming](runtime::DataExchange::Arrived arrived) {
        if (holder != rank_.rank() && did_not_travel(arrived)) {
          fetch_apart(group, holder, begin, count, index, coming);
          arrived.problem.clear();
        } else if (arrived.problem.empty()) {
          group.here.try_emplace(begin, std::move(arrived.value));
        }
        note_arrival(arrived, coming);
      });
}

/// What is wrong with other elements than the wanted one is told to those who ask for them.
void WorkerCore::fetch_apart(GroupState& group, std::int32_t holder, std::uint64_t begin,
                             std::uint64_t count, std::uint64_t wanted, Coming& coming) {
  client_module::fetch_apart(group, begin, count, [&](std::uint64_t index) {
    ++coming.missing;
    rank_.exchange().fetch_slice(
        holder, group.id, index, 1,
        [this, &group, index, wanted, &coming](runtime::DataExchange::Arrived arrived) {
          if (arrived.problem.empty()) {
            group.singles.try_emplace(index, std::move(arrived.value));
          } else if (index != wanted) {
            arrived.problem.clear();
          }
          note_arrival(arrived, coming);
        });
  });
}

InputValue WorkerCore::result(Target target, Timeout timeout) {
  Lock lock(engine_.mutex());
  drain_released();
  const bool in_time = rank_.wait_for_tasks(
      lock, [&] { return status_locked(target) != Status::pending; }, deadline_of(timeout));
  if (!in_time) {
    throw TimeoutError(
        fmt::format("result() waited {} s and the task has not ended", timeout.seconds()));
  }
  const Status status = status_locked(target);
  if (status != Status::finished) throw_ended(target, status);
  if (!is_here(target)) {
    Coming coming;
    request(target, coming);
    engine_.wait(lock, [&] { return coming.missing == 0; });
    if (!is_here(target)) coming.raise();
  }
  return value_here(target, rank_.rank(), [] { return std::string(); });
}

/// The store of this rank may have it too, and others may be reading it there.
bool WorkerCore::may_move(Target) { return false; }

/// Elements of one stretch come together. What does not come is asked for again, and what is wrong
/// with it is told, by those who look at it.
void WorkerCore::fetch(std::span<const Target> targets) {
  Lock lock(engine_.mutex());
  Coming coming;
  // Bounded, so that a gather of very many futures does not queue them all at once.
  constexpr std::size_t missing_max = 1024;
  const auto bound = [&] {
    if (coming.missing >= missing_max)
      engine_.wait(lock, [&] { return coming.missing < missing_max / 2; });
  };
  std::vector<Target> elements;
  for (const ElementSlice& slice : slices_for(targets, elements)) {
    ++coming.missing;
    rank_.exchange().fetch_slice(
        slice.stretch.holder, slice.group->id, slice.begin, slice.count,
        [this, slice, &coming](const runtime::DataExchange::Arrived& arrived) {
          const std::int32_t holder = slice.stretch.holder;
          if (arrived.problem.empty()) {
            keep_slice(slice, arrived.value);
          } else if (did_not_travel(arrived) && slice.count > 1 && holder != rank_.rank()) {
            fetch_apart(*slice.group, holder, slice.begin, slice.count, slice.begin, coming);
          }
          note_arrival(arrived, coming);
        });
    bound();
  }
  for (const Target& target : targets) {
    if (target.handle->is_group || status_locked(target) != Status::finished) continue;
    request(target, coming);
    bound();
  }
  engine_.wait(lock, [&] { return coming.missing == 0; });
}

// ---- waiting for completions

void WorkerCore::add_done_callback(Target target, std::function<void()> callback) {
  Lock lock(engine_.mutex());
  if (status_locked(target) == Status::pending) return add_callback(target, std::move(callback));
  lock.unlock();
  callback();
}

void WorkerCore::watch(Target target, const std::shared_ptr<CompletionQueue::Shared>& queue,
                       std::uint64_t tag) {
  const Lock lock(engine_.mutex());
  const bool whole = target.index == detail::whole_group;
  if (status_locked(target) != Status::pending) {
    queue->push(tag, whole ? 0 : target.index,
                whole ? static_cast<const GroupState&>(*target.handle).total : 1);
    return;
  }
  add_queue(target, queue, tag);
  if (!target.handle->is_group || !whole) return;
  // What is finished already comes at once.
  if (const Group* group = find_group(target.handle->id)) {
    for (const auto& [begin, chunk] : group->chunks) queue->push(tag, begin, chunk.count);
  }
}

bool WorkerCore::next_completion(CompletionQueue::Shared& queue,
                                 CompletionQueue::Completion& completion, Timeout timeout) {
  Lock lock(engine_.mutex());
  if (!rank_.wait_for_tasks(
          lock, [&] { return !queue.ready.empty(); }, deadline_of(timeout)))
    return false;
  completion = queue.pop();
  return true;
}

bool WorkerCore::peek_completion(const CompletionQueue::Shared& queue) {
  const Lock lock(engine_.mutex());
  if (queue.ready.empty()) engine_.poll();
  return !queue.ready.empty();
}

void WorkerCore::fire_and_forget(Handle& handle) {
  const Lock lock(engine_.mutex());
  if (handle.status.load() != Status::pending) return;
  handle.references.fetch_add(1, std::memory_order_relaxed);
  kept_[handle.id] = HandlePtr(&handle);
}

HandlePtr WorkerCore::lend(TaskId id) { return lent_handle(id, epoch_); }

// ---- the run

std::string WorkerCore::summary() {
  return fmt::format("<Client: inside of a task on rank {} of {}, {}>", rank_.rank(), rank_.size(),
                     rank_.transport().description());
}

double WorkerCore::seconds_since_start() {
  return std::chrono::duration<double>(runtime::Clock::now() - rank_.transport().ready_since())
      .count();
}

}  // namespace tutti::client_module

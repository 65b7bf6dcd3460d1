#include "base/exception_text.hpp"
#include "client/current.hpp"
#include "client/placement.hpp"
#include "client/rank_core.hpp"
#include "client/results_here.hpp"
#include "client/submission.hpp"
#include "runtime/startup.hpp"
#include "runtime/worker_driver.hpp"
#include "worker/task_context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tutti::client_module {
namespace {

/// Stretches of results up to this size come whole when one element is asked for, in bytes.
constexpr std::uint64_t whole_stretch_bytes_max = 4 << 20;
/// Tasks that run at the end of main, and that nobody waits for, get this long.
constexpr std::chrono::milliseconds patience_at_end{500};

}  // namespace

// ---- questions

Status RankCore::status(Target target) {
  const Status status = target.handle->status.load(std::memory_order_acquire);
  Status result = status;
  if (target.handle->is_group && target.index != detail::whole_group) {
    const Lock lock(engine_.mutex());
    result = status_locked(target);
  }
  return result;
}

Status RankCore::status_locked(Target target) {
  Handle& handle = *target.handle;
  const Status status = handle.status.load(std::memory_order_acquire);
  if (!handle.is_group || target.index == detail::whole_group) return status;
  const auto& group = static_cast<const GroupState&>(handle);
  if (target.index >= group.total) {
    throw Error(ErrorCode::bad_argument,
                fmt::format("element {} was asked for of a map with {} elements", target.index,
                            group.total));
  }
  if (group.failures.contains(target.index)) return Status::error;
  if (status == Status::error && group.failure) return Status::error;
  if (status == Status::finished || status == Status::error) return Status::finished;
  if (status != Status::pending) return status;
  const scheduler::GroupRecord* record = driver_.scheduler().find_group(handle.id);
  if (record == nullptr) return status;
  return scheduler::element_state(*record, target.index) == scheduler::ElementState::pending
             ? Status::pending
             : Status::finished;
}

bool RankCore::wait(std::span<const Target> targets, ReturnWhen when, Timeout timeout) {
  if (targets.empty()) return true;
  Lock lock(engine_.mutex());
  drain_released();
  const auto ended = [this](Target target) { return status_locked(target) != Status::pending; };
  return rank_.wait_for_tasks(lock, have_ended(targets, when, ended), deadline_of(timeout));
}

FailurePtr RankCore::failure(Target target) {
  const Lock lock(engine_.mutex());
  return observed_failure(target);
}

double RankCore::progress(Target target) {
  const Lock lock(engine_.mutex());
  return progress_.of(target);
}

// ---- threads of the client beside shutdown()

/// For a call that needs other ranks. Tasks are ended by their rank.
void RankCore::refuse_at_end(const char* what) const {
  if (!shutting_down_ || worker::current_task() != nullptr) return;
  throw Error(ErrorCode::not_running,
              std::string(what) + " was called after shutdown(), which ends the run; call " +
                  "shutdown() when no thread uses the client any more");
}

/// Waits for what other ranks send or confirm. shutdown() waits for that as well: afterwards nobody
/// would answer.
void RankCore::await_transfers(Lock& lock, const std::function<bool()>& ready) {
  struct Awaited {
    std::uint32_t& threads;
    runtime::ProgressEngine& engine;
    explicit Awaited(RankCore& core) : threads(core.transfers_awaited_), engine(core.engine_) {
      ++threads;
    }
    ~Awaited() {
      --threads;
      engine.notify();
    }
  };
  if (worker::current_task() != nullptr) {
    engine_.wait(lock, ready);
    return;
  }
  const Awaited awaited(*this);
  engine_.wait(lock, ready);
}

// ---- results

/// Whose result it is, for sentences.
std::string RankCore::task_of(Target target) const {
  std::string name = driver_.name_of(target.handle->id);
  if (name.empty()) return name;
  if (target.handle->is_group && target.index != detail::whole_group)
    name += fmt::format("[{}]", target.index);
  return "task '" + name + "'";
}

/// Something that the call asked for is here, or cannot come.
void RankCore::note_arrival(Target target, const runtime::DataExchange::Arrived& arrived,
                            Coming& coming) {
  if (!arrived.problem.empty()) coming.problem = problem_of(arrived, rank_.rank(), task_of(target));
  --coming.missing;
  engine_.notify();
}

/// Asks the holder for a value. When it was moved in the meantime, asks the next one.
void RankCore::fetch_single(FutureState& state, bool own_copy, OnArrived on_arrived) {
  const TaskId id = state.id;
  const int holder = driver_.scheduler().holder_of({id, 0}, rank_.rank());
  rank_.exchange().fetch(
      holder, id, driver_.scheduler().sequence_of(holder),
      [this, &state, own_copy, holder, on_arrived](runtime::DataExchange::Arrived arrived) {
        const bool moved = arrived.answer == runtime::DataExchange::Answer::gone &&
                           driver_.scheduler().holder_of({state.id, 0}, rank_.rank()) != holder;
        moved ? fetch_single(state, own_copy, on_arrived) : on_arrived(std::move(arrived));
      },
      own_copy);
}

/// The same for elements that lie in one stretch; into `place`, if there is one.
void RankCore::fetch_stretch(TaskId group, std::uint64_t begin, std::uint64_t count,
                             MutableBuffer place, OnArrived on_arrived) {
  const int holder = driver_.scheduler().holder_of({group, begin}, rank_.rank());
  const auto arrive = [this, group, begin, count, place, holder,
                       on_arrived](runtime::DataExchange::Arrived arrived) {
    const bool moved = arrived.answer == runtime::DataExchange::Answer::gone &&
                       driver_.scheduler().holder_of({group, begin}, rank_.rank()) != holder;
    moved ? fetch_stretch(group, begin, count, place, on_arrived) : on_arrived(std::move(arrived));
  };
  if (place.data == nullptr) {
    rank_.exchange().fetch_slice(holder, group, begin, count, arrive);
  } else if (holder == rank_.rank()) {
    // It was moved here since, or lies on this rank's disk.
    rank_.exchange().fetch_slice(
        holder, group, begin, count,
        [begin, count, place, on_arrived](runtime::DataExchange::Arrived arrived) {
          if (arrived.value) {
            copy_plain_elements(static_cast<const detail::ElementsBase&>(*arrived.value), begin,
                                count, {place.data - begin * (place.size / count), place.size});
          }
          on_arrived(std::move(arrived));
        });
  } else {
    rank_.exchange().fetch_slice_into(holder, group, begin, count, place, arrive);
  }
}

/// Asks for a result that is not on rank 0. What the client will move out has to be a copy of its
/// own. Several threads may ask for the same: the first arrival stays, as somebody may refer to it
/// already.
void RankCore::request(Target target, Coming& coming, bool own_copy) {
  if (is_here(target)) return;
  if (target.handle->is_group)
    return request_element(static_cast<GroupState&>(*target.handle), target.index, coming);
  ++coming.missing;
  auto* state = static_cast<FutureState*>(target.handle);
  fetch_single(*state, own_copy, [this, state, &coming](runtime::DataExchange::Arrived arrived) {
    if (arrived.problem.empty() && !state->value) state->value = std::move(arrived.value);
    note_arrival({state, 0}, arrived, coming);
  });
}

/// Small stretches come whole. Where one element cannot travel, the others of its stretch come by
/// themselves.
void RankCore::request_element(GroupState& group, std::uint64_t index, Coming& coming) {
  ++coming.missing;
  const scheduler::GroupRecord& record = *driver_.scheduler().find_group(group.id);
  const auto& [begin, chunk] = *std::prev(record.chunks.upper_bound(index));
  const bool whole = chunk.count > 1 && chunk.bytes <= whole_stretch_bytes_max;
  if (!whole) {
    return fetch_stretch(group.id, index, 1, {},
                         [this, &group, index, &coming](runtime::DataExchange::Arrived arrived) {
                           if (arrived.problem.empty())
                             group.singles.try_emplace(index, std::move(arrived.value));
                           note_arrival({&group, index}, arrived, coming);
                         });
  }
  fetch_stretch(
      group.id, begin, chunk.count, {},
      [this, &group, index, begin = begin, count = chunk.count,
       travels = chunk.worker != rank_.rank(), &coming](runtime::DataExchange::Arrived arrived) {
        if (travels && did_not_travel(arrived)) {
          fetch_apart(group, begin, count, index, coming);
          arrived.problem.clear();
        } else if (arrived.problem.empty()) {
          group.here.try_emplace(begin, std::move(arrived.value));
        }
        note_arrival({&group, index}, arrived, coming);
      });
}

/// What is wrong with other elements than the wanted one is told to those who ask for them.
void RankCore::fetch_apart(GroupState& group, std::uint64_t begin, std::uint64_t count,
                           std::uint64_t wanted, Coming& coming) {
  client_module::fetch_apart(group, begin, count, [&](std::uint64_t index) {
    ++coming.missing;
    fetch_stretch(group.id, index, 1, {},
                  [this, &group, index, wanted, &coming](runtime::DataExchange::Arrived arrived) {
                    if (arrived.problem.empty()) {
                      group.singles.try_emplace(index, std::move(arrived.value));
                    } else if (index != wanted) {
                      arrived.problem.clear();
                    }
                    note_arrival({&group, index}, arrived, coming);
                  });
  });
}

InputValue RankCore::result(Target target, Timeout timeout) { return bring(target, timeout, true); }

InputValue RankCore::bring(Target target, Timeout timeout, bool own_copy) {
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
    refuse_at_end("result()");
    Coming coming;
    request(target, coming, own_copy);
    await_transfers(lock, [&] { return coming.missing == 0; });
    if (!is_here(target)) coming.raise();
  }
  return value_here(target, rank_.rank(), [&] { return task_of(target); });
}

bool RankCore::may_move(Target target) {
  if (target.handle->is_group || target.handle->references.load(std::memory_order_acquire) != 1)
    return false;
  auto& state = static_cast<FutureState&>(*target.handle);
  if (!state.here.load(std::memory_order_acquire) || !state.value) return false;
  const Lock lock(engine_.mutex());
  // A rank 0 that works has the value in its store as well; without dependents nobody will look for
  // it there.
  const scheduler::TaskRecord* record = driver_.scheduler().find_task(state.id);
  if (record != nullptr && record->references == 0 && !record->is_data)
    rank_.store().erase(state.id);
  return !state.value->is_shared() && !state.value->is_common();
}

/// Elements of one stretch come together. What does not come is asked for again, and what is wrong
/// with it is told, by those who look at it.
void RankCore::fetch(std::span<const Target> targets) {
  Lock lock(engine_.mutex());
  refuse_at_end("gather()");
  Coming coming;
  // Bounded, so that a gather of very many futures does not queue them all at once.
  constexpr std::size_t missing_max = 1024;
  const auto bound = [&] {
    if (coming.missing >= missing_max)
      await_transfers(lock, [&] { return coming.missing < missing_max / 2; });
  };
  std::vector<Target> elements;
  for (const ElementSlice& slice : slices_for(targets, elements)) {
    ++coming.missing;
    fetch_stretch(slice.group->id, slice.begin, slice.count, {},
                  [this, slice, &coming](runtime::DataExchange::Arrived arrived) {
                    if (arrived.problem.empty()) {
                      keep_slice(slice, arrived.value);
                    } else if (did_not_travel(arrived) && slice.count > 1 &&
                               slice.stretch.holder != rank_.rank()) {
                      fetch_apart(*slice.group, slice.begin, slice.count, slice.begin, coming);
                    }
                    note_arrival({slice.group, slice.begin}, arrived, coming);
                  });
    bound();
  }
  for (const Target& target : targets) {
    if (target.handle->is_group || status_locked(target) != Status::finished) continue;
    request(target, coming, false);
    bound();
  }
  await_transfers(lock, [&] { return coming.missing == 0; });
}

// ---- waiting for completions

void RankCore::add_done_callback(Target target, std::function<void()> callback) {
  Lock lock(engine_.mutex());
  if (status_locked(target) != Status::pending) {
    lock.unlock();
    callback();
    return;
  }
  add_callback(target, std::move(callback));
}

void RankCore::watch(Target target, const std::shared_ptr<CompletionQueue::Shared>& queue,
                     std::uint64_t tag) {
  const Lock lock(engine_.mutex());
  Handle& handle = *target.handle;
  const bool whole = target.index == detail::whole_group;
  if (status_locked(target) != Status::pending) {
    queue->push(tag, whole ? 0 : target.index, whole ? static_cast<GroupState&>(handle).total : 1);
    return;
  }
  add_queue(target, queue, tag);
  if (!handle.is_group || !whole) return;
  // What is finished already comes at once.
  if (const scheduler::GroupRecord* record = driver_.scheduler().find_group(handle.id)) {
    for (const auto& [begin, chunk] : record->chunks) queue->push(tag, begin, chunk.count);
  }
}

bool RankCore::next_completion(CompletionQueue::Shared& queue,
                               CompletionQueue::Completion& completion, Timeout timeout) {
  Lock lock(engine_.mutex());
  if (!rank_.wait_for_tasks(
          lock, [&] { return !queue.ready.empty(); }, deadline_of(timeout)))
    return false;
  completion = queue.pop();
  return true;
}

bool RankCore::peek_completion(const CompletionQueue::Shared& queue) {
  const Lock lock(engine_.mutex());
  if (queue.ready.empty()) engine_.poll();
  return !queue.ready.empty();
}

void RankCore::cancel(std::span<const Target> targets) {
  const std::vector<TaskId> ids = ids_to_cancel(targets);
  const Lock lock(engine_.mutex());
  drain_released();
  for (const TaskId id : ids) driver_.cancel(id);
  engine_.poll();
}

void RankCore::fire_and_forget(Handle& handle) {
  const Lock lock(engine_.mutex());
  if (handle.status.load() != Status::pending) return;
  handle.references.fetch_add(1, std::memory_order_relaxed);
  kept_[handle.id] = HandlePtr(&handle);
}

HandlePtr RankCore::lend(TaskId id) { return lent_handle(id, epoch_); }

// ---- the end

std::string RankCore::summary() {
  const Lock lock(engine_.mutex());
  const scheduler::WorkerTable& workers = driver_.scheduler().workers();
  std::uint64_t memory = 0;
  std::uint64_t largest = 0;
  std::vector<std::string> hosts;
  for (int rank = 0; rank < workers.size(); ++rank) {
    if (!workers.at(rank).joined) continue;
    memory += workers.at(rank).memory_limit_bytes;
    largest = std::max(largest, workers.at(rank).memory_limit_bytes);
  }
  for (const transport::Place& place : rank_.transport().places()) hosts.push_back(place.host);
  std::ranges::sort(hosts);
  const auto repeated = std::ranges::unique(hosts);
  hosts.erase(repeated.begin(), repeated.end());
  constexpr double gigabyte = 1e9;
  return fmt::format(
      "<Client: {} {} = {} workers={} threads={}, memory limit {:.1f} GB per worker, {:.1f} GB "
      "in all, hosts {}, {}>",
      rank_.size(), rank_.size() == 1 ? "rank" : "ranks",
      rank_.worker() != nullptr ? "scheduler that works," : "1 scheduler +",
      driver_.workers_joined(), workers.total_slots(), static_cast<double>(largest) / gigabyte,
      static_cast<double>(memory) / gigabyte, fmt::join(hosts, ","),
      rank_.transport().description());
}

std::vector<RankMemory> RankCore::memory() {
  refuse_in_task("memory()");
  const Lock lock(engine_.mutex());
  const scheduler::WorkerTable& workers = driver_.scheduler().workers();
  std::vector<RankMemory> ranks;
  for (int rank = 0; rank < rank_.size(); ++rank) {
    const bool here = rank == rank_.rank();
    const protocol::MemoryState state = here                       ? rank_.memory().state()
                                        : workers.has_joined(rank) ? workers.at(rank).memory
                                                                   : protocol::MemoryState{};
    const std::uint64_t limit = here                       ? rank_.setup().memory_limit_bytes
                                : workers.has_joined(rank) ? workers.at(rank).memory_limit_bytes
                                                           : 0;
    ranks.push_back({.rank = rank,
                     .host = rank_.transport().places()[static_cast<std::size_t>(rank)].host,
                     .limit_bytes = limit,
                     .managed_bytes = state.managed_bytes,
                     .process_bytes = state.process_bytes,
                     .spilled_bytes = state.spilled_bytes,
                     .shared_bytes = state.shared_bytes,
                     .paused = state.paused});
  }
  return ranks;
}

void RankCore::await_workers() {
  Lock lock(engine_.mutex());
  const auto expected =
      static_cast<std::uint32_t>(rank_.size() - (rank_.worker() == nullptr ? 1 : 0));
  engine_.wait(lock, [&] { return driver_.workers_joined() == expected; });
}

void RankCore::shutdown() {
  refuse_in_task("shutdown()");
  Lock lock(engine_.mutex());
  if (std::exchange(shut_down_, true)) return;
  drain_released();
  engine_.wait(lock, [&] { return kept_.empty(); });
  shutting_down_ = true;
  engine_.wait(lock, [&] { return transfers_awaited_ == 0; });
  if (journal_) finish_journal(lock);
  cancel_pending();
  for (Handle* handle : tasks_) {
    if (handle != nullptr) failures_.add(*handle);
  }
  for (Handle* handle : groups_) {
    if (handle != nullptr) failures_.add(*handle);
  }
  for (int rank = 0; rank < rank_.size(); ++rank) {
    if (rank != rank_.rank()) rank_.outbox().add(rank, protocol::Shutdown{}, 16);
  }
  if (rank_.worker() != nullptr) rank_.worker()->stop();
  const auto others = static_cast<std::uint32_t>(rank_.size() - 1);
  const auto all_ended = [&] {
    return driver_.workers_gone() == others &&
           (rank_.worker() == nullptr || rank_.worker()->running() == 0);
  };
  const runtime::Clock::duration patience = ending_ ? ending_->patience : patience_at_end;
  stragglers_ = !engine_.wait(lock, all_ended, runtime::Clock::now() + patience);
  // Futures that are still held belong to their holders from here on.
  tasks_.clear();
  groups_.clear();
  make_none_current();
  lock.unlock();
  if (journal_) journal_->keeper.close();
}

void RankCore::cancel_pending() {
  const auto end = [this](Handle* handle) {
    if (handle == nullptr || handle->status.load() != Status::pending) return;
    handle->status = Status::cancelled;
    resolved(*handle);
  };
  for (FutureState* state : tasks_) end(state);
  for (GroupState* state : groups_) end(state);
}

void RankCore::on_ending(const FailurePtr& failure, int exit_code,
                         std::chrono::steady_clock::duration patience) {
  ending_ = Ending{.failure = failure, .exit_code = exit_code, .patience = patience};
}

int RankCore::exit_code(int main_code) {
  // A main that had all it wanted has not been cut short.
  if (ending_ && (ending_->cancelled_any || main_code != 0)) return ending_->exit_code;
  return failures_.exit_code(main_code);
}

std::string RankCore::straggler_sentence() const {
  if (ending_) return "tasks that did not stop when they were told to were ended";
  return "tasks that nobody waits for were still running at the end of main and were ended";
}

}  // namespace tutti::client_module

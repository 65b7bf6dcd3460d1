// The journal of a run: results that were there, and results that are brought here to be recorded.

#include "base/log.hpp"
#include "client/rank_core.hpp"
#include "client/results_here.hpp"

#include <utility>
#include <vector>

namespace tutti::client_module {
namespace {

/// Requests for results that are to be recorded, under way at a time.
constexpr std::uint64_t coming_max = 64;
constexpr std::uint64_t coming_bytes_max = 64 << 20;

/// A reference of one's own to a handle that may be on its way to be freed; then none.
HandlePtr hold(Handle& handle) {
  std::uint32_t references = handle.references.load(std::memory_order_acquire);
  while (references != 0) {
    if (handle.references.compare_exchange_weak(references, references + 1,
                                                std::memory_order_acq_rel))
      return HandlePtr(&handle);
  }
  return {};
}

}  // namespace

// ---- what the journal had

/// The future of a task that is not run: it has its result, or its failure.
HandlePtr RankCore::place_known(const FunctionOps& function, const Recording& recording) {
  auto* state = new FutureState;
  HandlePtr handle(state);
  state->ops = function.result;
  const Lock lock(engine_.mutex());
  drain_released();
  ValuePtr value = recording.known.front().value;
  const std::uint64_t bytes = value ? value->ops().nbytes(*value) : 0;
  const std::int32_t here = rank_.rank();
  if (recording.failures.empty()) {
    enroll(*state, driver_.place_value({&here, 1}, bytes, true));
    rank_.store().put(state->id, value, bytes);
    state->value = std::move(value);
    state->lineage = recording.lineage;
    state->status.store(Status::finished, std::memory_order_release);
    state->here.store(true, std::memory_order_release);
    return handle;
  }
  enroll(*state, driver_.place_failure(recording.failures.begin()->second));
  state->failure = recording.failures.begin()->second;
  state->status.store(Status::error, std::memory_order_release);
  return handle;
}

std::vector<scheduler::FinishedPiece> RankCore::pieces_of(const Recording& recording) const {
  std::vector<scheduler::FinishedPiece> pieces;
  for (const KnownStretch& each : recording.known) {
    const std::uint64_t bytes = each.value ? each.value->ops().nbytes(*each.value) : 0;
    pieces.push_back({each.begin, each.count, rank_.rank(), bytes});
  }
  return pieces;
}

/// Work was submitted: its results will be recorded, and those that were there lie here.
void RankCore::follow(Handle& handle, const Recording& recording) {
  handle.lineage = recording.lineage;
  if (recording.work) journal_->works[handle.id] = recording.work;
  if (!handle.is_group) return;
  auto& group = static_cast<GroupState&>(handle);
  group.failures = recording.failures;
  for (const KnownStretch& each : recording.known) {
    if (!each.value) continue;
    const std::uint64_t bytes = each.value->ops().nbytes(*each.value);
    rank_.store().put_stretch(handle.id, {each.begin, each.count, each.value, bytes});
  }
}

// ---- what it gets

void RankCore::record_finished(FutureState& state, bool has_result,
                               std::span<const std::byte> result) {
  const auto work = journal_->works.find(state.id);
  if (work == journal_->works.end()) return;
  const scheduler::TaskRecord* record = driver_.scheduler().find_task(state.id);
  const int rank = record == nullptr ? -1 : record->worker;
  if (state.ops == nullptr) {
    journal_->keeper.record(*work->second, ValuePtr(), rank);
  } else if (has_result) {
    journal_->keeper.record(*work->second, result, rank);
  } else {
    record_later(state, 0, 1);
  }
}

void RankCore::record_range(GroupState& state, std::uint64_t begin, std::uint64_t count) {
  if (journal_->works.contains(state.id)) record_later(state, begin, count);
}

void RankCore::record_failed(TaskId id, std::uint64_t index, const scheduler::FailurePtr& failure) {
  // What was cancelled has not failed: the next run computes it.
  if (status_of(*failure) == Status::cancelled) return;
  const auto work = journal_->works.find(id);
  if (work != journal_->works.end())
    journal_->keeper.record_failure(*work->second, index, *failure);
}

void RankCore::record_later(Handle& handle, std::uint64_t begin, std::uint64_t count) {
  HandlePtr held = hold(handle);
  if (!held) {
    journal_->missed[handle.id].emplace_back(begin, count);
    return;
  }
  journal_->waiting.push_back({journal_->works.at(handle.id), std::move(held), begin, count});
  bring_recorded();
}

/// The last future of work is gone. True when its handle is still needed: what ended meanwhile is
/// to be recorded, or others take its results when it ends. The handle lives again, until then.
bool RankCore::keep_to_record(Handle& handle) {
  const TaskId id = handle.id;
  const auto work = journal_->works.find(id);
  if (work == journal_->works.end()) return false;
  const auto missed = journal_->missed.find(id);
  if (missed != journal_->missed.end()) {
    handle.references = 1;
    HandlePtr held(&handle);
    for (const auto& [begin, count] : missed->second)
      journal_->waiting.push_back({work->second, held, begin, count});
    journal_->missed.erase(missed);
    engine_.defer([last = std::make_shared<HandlePtr>(std::move(held))] { *last = HandlePtr(); });
    bring_recorded();
    return true;
  }
  if (handle.status.load() != Status::pending) return false;
  const scheduler::GroupRecord* group = driver_.scheduler().find_group(id);
  const scheduler::TaskRecord* task = driver_.scheduler().find_task(id);
  const bool is_needed = handle.is_group ? group != nullptr && group->references != 0
                                         : task != nullptr && task->references != 0;
  if (!is_needed) return false;
  handle.references = 1;
  kept_[id] = HandlePtr(&handle);
  return true;
}

void RankCore::forget_recorded(TaskId id) {
  journal_->works.erase(id);
  journal_->missed.erase(id);
}

/// Asks for results as there is room for them.
void RankCore::bring_recorded() {
  JournalState& state = *journal_;
  if (state.waiting.empty()) return;
  if (state.keeper.has_failed()) {
    for (JournalState::Waiting& each : state.waiting)
      engine_.defer(
          [held = std::make_shared<HandlePtr>(std::move(each.handle))] { *held = HandlePtr(); });
    state.waiting.clear();
    return;
  }
  while (!state.waiting.empty() && state.coming < coming_max &&
         state.coming_bytes < coming_bytes_max && !state.keeper.is_full()) {
    const JournalState::Waiting next = std::move(state.waiting.front());
    state.waiting.pop_front();
    bring_recorded(next.work, next.handle, next.begin, next.count);
  }
}

void RankCore::bring_recorded(const RecordedWorkPtr& work, const HandlePtr& handle,
                              std::uint64_t begin, std::uint64_t count) {
  const TaskId id = handle->id;
  const scheduler::GroupRecord* group = driver_.scheduler().find_group(id);
  std::vector<std::uint64_t> failed;
  std::uint64_t bytes = 0;
  int rank = -1;
  if (group != nullptr) {
    const scheduler::Chunk& chunk = group->chunks.at(begin);
    bytes = chunk.bytes;
    rank = chunk.worker;
    for (auto each = group->failures.lower_bound(begin);
         each != group->failures.end() && each->first - begin < count; ++each)
      failed.push_back(each->first);
  } else if (const scheduler::TaskRecord* record = driver_.scheduler().find_task(id)) {
    bytes = record->result_bytes;
    rank = record->worker;
  }
  const auto held = std::make_shared<HandlePtr>(handle);
  const auto record = [this, work, held, begin, count, failed = std::move(failed), bytes,
                       rank](runtime::DataExchange::Arrived arrived) {
    --journal_->coming;
    journal_->coming_bytes -= bytes;
    if (!arrived.problem.empty()) {
      base::log_warning("a result of '" + work->name +
                        "' could not be recorded in the journal: " + arrived.problem);
    } else if ((*held)->is_group) {
      journal_->keeper.record(*work, arrived.value, begin, count, failed, rank);
    } else {
      journal_->keeper.record(*work, std::move(arrived.value), rank);
    }
    // Freed later: its destructor takes the lock of releases.
    engine_.defer([held] { *held = HandlePtr(); });
    engine_.notify();
  };
  ++journal_->coming;
  journal_->coming_bytes += bytes;
  if (!handle->is_group) {
    fetch_single(static_cast<FutureState&>(*handle), false, record);
  } else if (work->function->result == nullptr) {
    record({});
  } else {
    fetch_stretch(id, begin, count, {}, record);
  }
}

/// What has ended is recorded before ranks leave.
void RankCore::finish_journal(Lock& lock) {
  engine_.wait(lock, [this] {
    bring_recorded();
    return journal_->waiting.empty() && journal_->coming == 0;
  });
}

}  // namespace tutti::client_module

// Values that tasks of this rank, or other ranks, wait for.

#include "tutti/check.hpp"
#include "worker/worker_state.hpp"

#include <algorithm>
#include <utility>

namespace tutti::worker {

using detail::InputValue;
using detail::ValuePtr;
using Answer = protocol::Data::Answer;

// ---- who needs what

/// Finds an input here, else waits for it. True when it is here. `held` keeps what the store does
/// not.
bool WorkerState::resolve_input(const protocol::InputRef& input, Waiter waiter, InputValue& value,
                                std::vector<ValuePtr>& held, WorkerCommands& commands) {
  if (input.id.is_group()) return resolve_elements(input, waiter, value, commands);
  if (const Store::Single* found = store_.use(input.id)) {
    if (found->away != 0) {
      load_value(input.id, waiter, commands);
      return false;
    }
    value = {found->value.get(), 0};
    return true;
  }
  if (input.holder == limits_.rank) {
    if (TaskWork** producer = known_.find(input.id)) {
      (*producer)->waiters.push_back(waiter);
      return false;
    }
  } else if (ValuePtr small = small_.find(input.id)) {
    value = {small.get(), 0};
    held.push_back(std::move(small));
    return true;
  }
  fetch_value(input, waiter, commands);
  return false;
}

bool WorkerState::resolve_elements(const protocol::InputRef& input, Waiter waiter,
                                   InputValue& value, WorkerCommands& commands) {
  value.index = input.index;
  value.count = input.count;
  const Store::Stretch* stretch = store_.use_stretch(input.id, input.index);
  if (stretch == nullptr) {
    fetch_slice(input.id, input.index, input.count, input.holder, waiter, commands);
    return false;
  }
  check(input.index + input.count <= stretch->begin + stretch->count,
        "the elements of one piece lie in one stretch");
  if (stretch->away) {
    load_stretch(input.id, *stretch, waiter, commands);
    return false;
  }
  value.value = stretch->value.get();
  value.index -= stretch->begin;
  return true;
}

WorkerState::PendingFetch* WorkerState::find_pending(TaskId id) {
  const auto found = fetch_of_value_.find(id);
  return found == fetch_of_value_.end() ? nullptr : &fetches_.find(found->second).value();
}

std::uint64_t WorkerState::begin_fetch(PendingFetch fetch) {
  const std::uint64_t request = next_request_++;
  fetches_.insert({request, std::move(fetch)});
  return request;
}

/// Asks the holder. When that is this rank, the task that should give the value is not here any
/// more, and rank 0 is asked.
void WorkerState::fetch_value(const protocol::InputRef& input, Waiter waiter,
                              WorkerCommands& commands) {
  if (PendingFetch* pending = find_pending(input.id)) {
    pending->waiters.push_back(waiter);
    pending->keep = true;
    return;
  }
  PendingFetch fetch{input.id, false, 0, 0, input.last_use == 0, false, {waiter}};
  const std::uint64_t request = begin_fetch(std::move(fetch));
  fetch_of_value_[input.id] = request;
  if (input.holder == limits_.rank) {
    commands.locate.push_back(input.id);
  } else {
    commands.fetch.push_back({request, input.id, false, 0, 0, input.holder, input.sequence});
  }
}

/// The value is of this rank, but away.
void WorkerState::load_value(TaskId id, Waiter waiter, WorkerCommands& commands) {
  if (PendingFetch* pending = find_pending(id)) {
    pending->waiters.push_back(waiter);
    return;
  }
  const std::uint64_t request = begin_fetch({id, false, 0, 0, false, false, {waiter}, true});
  fetch_of_value_[id] = request;
  commands.load.push_back({request, {id, 0}});
}

void WorkerState::load_stretch(TaskId id, const Store::Stretch& stretch, Waiter waiter,
                               WorkerCommands& commands) {
  const SliceKey key{id, stretch.begin, stretch.count};
  if (const auto found = fetch_of_slice_.find(key); found != fetch_of_slice_.end()) {
    fetches_.find(found->second).value().waiters.push_back(waiter);
    return;
  }
  const std::uint64_t request =
      begin_fetch({id, true, stretch.begin, stretch.count, false, false, {waiter}, true});
  fetch_of_slice_[key] = request;
  commands.load.push_back({request, {id, stretch.begin}});
}

void WorkerState::fetch_slice(TaskId id, std::uint64_t begin, std::uint64_t count,
                              std::int32_t holder, Waiter waiter, WorkerCommands& commands) {
  const SliceKey key{id, begin, count};
  if (const auto found = fetch_of_slice_.find(key); found != fetch_of_slice_.end()) {
    fetches_.find(found->second).value().waiters.push_back(waiter);
    return;
  }
  const std::uint64_t request = begin_fetch({id, true, begin, count, false, false, {waiter}});
  fetch_of_slice_[key] = request;
  commands.fetch.push_back({request, id, true, begin, count, holder, 0});
}

WorkerState::PendingFetch WorkerState::end_fetch(std::uint64_t request) {
  const auto pending = fetches_.find(request);
  PendingFetch fetched = std::move(pending.value());
  fetches_.erase(pending);
  if (fetched.slice) {
    fetch_of_slice_.erase({fetched.id, fetched.begin, fetched.count});
  } else {
    fetch_of_value_.erase(fetched.id);
  }
  return fetched;
}

// ---- what comes

void WorkerState::on_data(std::uint64_t request, Answer answer, ValuePtr value, std::uint64_t bytes,
                          WorkerCommands& commands, const std::string& problem) {
  const auto pending = fetches_.find(request);
  if (pending == fetches_.end()) return;
  if (answer == Answer::gone && !pending->second.slice) {
    // It was given to another rank since, or failed: rank 0 knows.
    commands.locate.push_back(pending->second.id);
    return;
  }
  const PendingFetch fetched = end_fetch(request);
  if (answer == Answer::found) {
    keep_fetched(fetched, value, bytes, commands);
  } else if (fetched.replicate) {
    commands.replicated.push_back({fetched.id, fetched.begin, false});
  }
  // What cannot come arrives as null, with a problem: what needs it fails, and so is reported.
  const Arrival arrival{value, fetched.begin, answer == Answer::failed, problem};
  for (const Waiter& waiter : fetched.waiters) arrived(waiter, arrival, commands);
}

/// What came is kept when rank 0 wants it here, or when others of this rank may need it.
void WorkerState::keep_fetched(const PendingFetch& fetched, const ValuePtr& value,
                               std::uint64_t bytes, WorkerCommands& commands) {
  if (fetched.replicate) {
    if (fetched.slice) {
      store_.put_stretch(fetched.id, {fetched.begin, fetched.count, value, bytes});
    } else {
      store_.put(fetched.id, value, bytes);
    }
    commands.replicated.push_back({fetched.id, fetched.begin, true});
  } else if (!fetched.slice && fetched.keep) {
    if (bytes > SmallValues::bytes_max) {
      store_.put(fetched.id, value, bytes);
      commands.replicas.push_back(fetched.id);
    } else {
      small_.put(fetched.id, value);
    }
  }
}

void WorkerState::on_replicate(const protocol::InputRef& piece, WorkerCommands& commands) {
  const bool slice = piece.id.is_group();
  const bool here =
      slice ? store_.find_stretch(piece.id, piece.index) != nullptr : store_.contains(piece.id);
  if (here) {
    commands.replicated.push_back({piece.id, piece.index, true});
    return;
  }
  if (slice) {
    const SliceKey key{piece.id, piece.index, piece.count};
    if (const auto found = fetch_of_slice_.find(key); found != fetch_of_slice_.end()) {
      fetches_.find(found->second).value().replicate = true;
      return;
    }
    const std::uint64_t request =
        begin_fetch({piece.id, true, piece.index, piece.count, true, true});
    fetch_of_slice_[key] = request;
    commands.fetch.push_back(
        {request, piece.id, true, piece.index, piece.count, piece.holder, piece.sequence});
    return;
  }
  if (PendingFetch* pending = find_pending(piece.id)) {
    pending->replicate = true;
    return;
  }
  const std::uint64_t request = begin_fetch({piece.id, false, 0, 0, true, true});
  fetch_of_value_[piece.id] = request;
  commands.fetch.push_back({request, piece.id, false, 0, 0, piece.holder, piece.sequence});
}

void WorkerState::on_located(const protocol::Located& message, WorkerCommands& commands) {
  const auto found = fetch_of_value_.find(message.id);
  if (found == fetch_of_value_.end()) return;
  const std::uint64_t request = found->second;
  if (message.holder >= 0 && message.holder != limits_.rank) {
    commands.fetch.push_back({request, message.id, false, 0, 0, message.holder, message.sequence});
    return;
  }
  // It is, or was, to be computed here. If it was assigned here since, that ended the wait; so its
  // task has been dropped, before rank 0 heard why.
  const Store::Single* here = message.holder >= 0 ? store_.find_single(message.id) : nullptr;
  if (here != nullptr && here->away != 0) {
    PendingFetch& pending = fetches_.find(request).value();
    pending.own = true;
    pending.keep = false;
    commands.load.push_back({request, {message.id, 0}});
    return;
  }
  const PendingFetch fetched = end_fetch(request);
  if (fetched.replicate) commands.replicated.push_back({fetched.id, 0, here != nullptr});
  const ValuePtr value = here != nullptr ? here->value : ValuePtr();
  const Arrival arrival{value, 0, here == nullptr};
  for (const Waiter& waiter : fetched.waiters) arrived(waiter, arrival, commands);
}

/// An awaited value is here, or never comes.
void WorkerState::arrived(const Waiter& waiter, const Arrival& arrival, WorkerCommands& commands) {
  const ValuePtr& value = arrival.value;
  if (TaskWork* task = waiter.task) {
    const protocol::InputRef& input = task->inputs[waiter.place];
    const std::uint64_t index = input.id.is_group() ? input.index - arrival.slice_begin : 0;
    task->values[waiter.place] = {value.get(), index, input.count};
    // The store keeps the results of this rank's own tasks as long as they are needed.
    if (!store_.contains(input.id)) task->held.push_back(value);
    task->input_failed |= arrival.failed;
    if (!arrival.problem.empty()) task->problem = arrival.problem;
    if (--task->missing == 0) task_complete(task, commands);
  } else if (RangeWork* range = waiter.range) {
    range->sources[waiter.place][waiter.piece].value = value.get();
    range->held.push_back(value);
    if (!arrival.problem.empty()) range->problem = arrival.problem;
    if (--range->missing == 0) make_ready({.range = range}, range->urgency, true);
  } else {
    GroupWork* group = waiter.group;
    InputValue& input = group->inputs[waiter.place];
    input.value = value.get();
    input.index -= arrival.slice_begin;
    group->held.push_back(value);
    if (!arrival.problem.empty()) group->problem = arrival.problem;
    if (--group->missing != 0) return;
    group_complete(group);
    forget_group_if_done(*group);
  }
}

// ---- who asks for what this rank computes

void WorkerState::on_fetch(int from, const protocol::Fetch& message, WorkerCommands& commands) {
  const Asker asker{from, message.request};
  TaskWork** task = message.slice ? nullptr : known_.find(message.id);
  if (task != nullptr) {
    (*task)->askers.push_back(asker);
  } else if (!message.slice && !protocol::has_seen(assignments_, message.sequence)) {
    early_.push_back({message.id, message.sequence, asker});
  } else {
    commands.answers.push_back({asker, message.id, Answer::gone});
  }
}

/// A task that is awaited from elsewhere was given to this rank.
void WorkerState::end_wait_elsewhere(TaskWork& task) {
  const auto pending = fetch_of_value_.find(task.id);
  if (pending == fetch_of_value_.end()) return;
  PendingFetch fetched = end_fetch(pending->second);
  task.waiters = std::move(fetched.waiters);
}

/// Those who asked before the task was assigned wait for it now; those who asked for tasks that
/// cannot come any more are told.
void WorkerState::admit_early(TaskWork& task, WorkerCommands& commands) {
  std::erase_if(early_, [&](const Early& each) {
    if (each.id == task.id) {
      task.askers.push_back(each.asker);
      return true;
    }
    if (!protocol::has_seen(assignments_, each.sequence)) return false;
    commands.answers.push_back({each.asker, each.id, Answer::gone});
    return true;
  });
}

/// A task of this rank is done: those who wait for it go on.
void WorkerState::ended(TaskWork* task, const ValuePtr& value, bool failed,
                        WorkerCommands& commands) {
  const std::vector<Waiter> waiters = tell_askers(*task, failed, commands);
  recycle(task);
  const Arrival arrival{value, 0, failed};
  for (const Waiter& waiter : waiters) arrived(waiter, arrival, commands);
}

/// The task is not known any more: tells other ranks, and gives those who wait here.
std::vector<Waiter> WorkerState::tell_askers(TaskWork& task, bool failed,
                                             WorkerCommands& commands) {
  known_.erase(task.id);
  const Answer answer = failed ? Answer::failed : Answer::found;
  for (const Asker& asker : task.askers) commands.answers.push_back({asker, task.id, answer});
  task.askers.clear();
  return std::exchange(task.waiters, {});
}

/// An input failed: the task is dropped without a report. Rank 0 has failed it already, or will.
/// What waits for it is dropped too, one after the other: a chain may be long.
void WorkerState::drop(TaskWork* task, WorkerCommands& commands) {
  if (task->member) end_unbegun(*task, commands);
  dropped_.push_back(task);
  if (dropped_.size() > 1) return;
  for (std::size_t next = 0; next < dropped_.size(); ++next)
    ended(dropped_[next], ValuePtr(), true, commands);
  dropped_.clear();
}

std::size_t WorkerState::askers() const {
  std::size_t count = early_.size();
  known_.for_each([&count](TaskId, const TaskWork* task) { count += task->askers.size(); });
  return count;
}

}  // namespace tutti::worker

#include "runtime/worker_driver.hpp"

#include "base/log.hpp"
#include "base/module_table.hpp"
#include "runtime/launch_environment.hpp"
#include "runtime/rank.hpp"
#include "runtime/task_client.hpp"
#include "runtime/thread_setup.hpp"
#include "tutti/detail/elements.hpp"
#include "tutti/error.hpp"
#include "worker/run_batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace tutti::runtime {
namespace {

using detail::FunctionOps;

constexpr std::size_t report_overhead_bytes = 64;
constexpr std::size_t text_bytes_max = 16 * 1024;

const FunctionOps* function_of(std::span<const std::byte> token_bytes, std::string_view module) {
  Reader reader(token_bytes);
  const auto token = reader.value<detail::FunctionToken>();
  return static_cast<const FunctionOps*>(base::address_of(token, module));
}

std::string_view shortened(const std::string& text) {
  return std::string_view(text).substr(0, text_bytes_max);
}

/// Whether the calling thread runs tasks: it takes one itself and need not wake another for it.
thread_local bool is_executor = false;
thread_local unsigned executor_number = 0;
/// Of what the thread runs.
thread_local std::uint32_t slots_of_thread = 1;

}  // namespace

WorkerDriver::WorkerDriver(Rank& rank)
    : rank_(rank),
      state_({.slots = std::max(1u, rank.setup().threads.threads),
              .rank = rank.rank(),
              .suspended_max = rank.options().max_waiting_tasks},
             rank.store()) {}

void WorkerDriver::say_hello() {
  const std::lock_guard lock(rank_.engine().mutex());
  const auto own = static_cast<std::size_t>(rank_.rank());
  const Bytes resources = protocol::encode(rank_.setup().ranks.at(own).resources);
  const protocol::Hello hello{state_.limits().slots, rank_.setup().memory_limit_bytes,
                              resources.span()};
  rank_.outbox().add(0, hello, report_overhead_bytes + resources.size());
  rank_.outbox().add(0, rank_.memory().state(), report_overhead_bytes);
  rank_.outbox().flush();
}

void WorkerDriver::start_threads(unsigned borrowed) {
  executor_.start(state_.limits().slots - borrowed, [this, borrowed](unsigned number) {
    name_this_thread("tutti-exec-" + std::to_string(borrowed + number));
    run_executor(borrowed + number);
  });
}

void WorkerDriver::run_executor(unsigned number) {
  is_executor = true;
  executor_number = number;
  use_slots(number, 1);
  ProgressEngine& engine = rank_.engine();
  worker::Batch batch;
  Lock lock(engine.mutex());
  while (!stopping_) {
    if (state_.startable() == 0) {
      look_for_work(lock);
      continue;
    }
    if (engine.poll_is_due()) engine.poll();
    state_.take(batch);
    if (batch.items.empty()) continue;
    run_taken(lock, batch);
    if (!state_.has_ready()) rank_.outbox().flush();
  }
}

/// A thread beyond those that there are slots: tasks that wait inside of themselves keep theirs.
void WorkerDriver::run_helper(unsigned number) {
  name_this_thread("tutti-exec-" + std::to_string(number));
  {
    const Lock lock(rank_.engine().mutex());
    --called_;
  }
  run_executor(number);
}

void WorkerDriver::run_taken(Lock& lock, worker::Batch& batch) {
  if (state_.may_take_long(batch)) {
    // Nobody should wait for what this rank has ready while the task runs.
    tell_rank_0();
    rank_.engine().hand_over();
  }
  begin_limit(batch);
  lock.unlock();
  if (batch.items.front().run != 0) join_gang(*batch.items.front().task);
  const std::uint32_t slots_before = std::exchange(slots_of_thread, batch.slots);
  if (batch.slots != slots_before) use_slots(executor_number, batch.slots);
  worker::run_batch(batch, static_cast<std::size_t>(rank_.options().inline_result_bytes));
  if (batch.slots != slots_before) use_slots(executor_number, slots_before);
  slots_of_thread = slots_before;
  lock.lock();
  end_limit(batch);
  refuse_results(batch.items);
  state_.on_done(batch, commands_);
  report(batch);
  obey();
  rank_.memory().after_change();
  if (rank_.options().validate) state_.check_invariants();
  batch.clear();
  if (state_.somebody_wants_slot()) rank_.engine().notify();
  wake_sleepers();
  if (reports_are_due()) tell_rank_0();
}

void WorkerDriver::look_for_work(Lock& lock) {
  if (watching_ >= state_.limits().slots) {
    ++parked_;
    unparked_.wait(lock, [this] { return tickets_ != 0 || stopping_; });
    --parked_;
    if (tickets_ == 0) return;
    --tickets_;
    --called_;
    return;
  }
  ++watching_;
  ++idle_;
  rank_.engine().wait(
      lock, [this] { return stopping_ || state_.startable() != 0; }, {}, ProgressEngine::Who::task);
  --idle_;
  --watching_;
}

void WorkerDriver::stop() {
  stopping_ = true;
  rank_.engine().notify();
  unparked_.notify_all();
  for (Sleeper* sleeper : sleepers_) sleeper->woken.notify_one();
}

void WorkerDriver::on(int, const protocol::DefineFunction& message) {
  state_.on_define_function(message.function, function_of(message.token, message.name));
}

void WorkerDriver::on(int, const protocol::DefineGroup& message) {
  state_.on_define_group(message, function_of(message.token, message.name), commands_);
  obey();
}

void WorkerDriver::on_definition(std::span<const std::byte> definition) {
  Reader reader(definition);
  on(0, std::get<protocol::DefineGroup>(protocol::decode(reader)));
}

void WorkerDriver::on(int, const protocol::AssignTask& message) {
  state_.on_assign(message, commands_);
  if (!commands_.empty()) obey();
}

void WorkerDriver::on(int, const protocol::AssignRange& message) {
  state_.on_assign(message, commands_);
  obey();
}

void WorkerDriver::on(int, const protocol::ReleaseData& message) {
  for (std::size_t index = 0; index < message.ids.size(); ++index) {
    const TaskId id = message.ids[index];
    if (id.is_group()) rank_.collectives().on_release(id);
    state_.on_release(id);
  }
}

void WorkerDriver::on(int, const protocol::GiveBack& message) {
  const worker::WorkerCommands::GaveBack given = state_.on_give_back(message.units_max, commands_);
  protocol::GaveBack answer;
  answer.tasks = protocol::PackedList<TaskId>(std::span<const TaskId>(given.tasks));
  answer.ranges =
      protocol::PackedList<protocol::RangeCut>(std::span<const protocol::RangeCut>(given.ranges));
  rank_.outbox().add(
      0, answer,
      report_overhead_bytes + answer.tasks.bytes().size() + answer.ranges.bytes().size());
  obey();
}

void WorkerDriver::on(int, const protocol::Located& message) {
  state_.on_located(message, commands_);
  obey();
}

void WorkerDriver::on(int, const protocol::Probe& message) {
  const auto count = [](std::size_t number) { return static_cast<std::uint32_t>(number); };
  const std::size_t transfers = rank_.transport().busy() || rank_.memory().busy() ? 1 : 0;
  // Who waits for an event may wait for the client, which can take its time.
  const protocol::Alive answer{message.round, count(state_.running() + transfers + coordinating_),
                               count(state_.ready_count()), count(state_.assigned()),
                               count(state_.awaited())};
  rank_.outbox().add(0, answer, report_overhead_bytes);
}

void WorkerDriver::on(int, const protocol::Replicate& message) {
  state_.on_replicate(message.piece, commands_);
  obey();
}

void WorkerDriver::on(int, const protocol::DropStretch& message) {
  state_.on_drop_stretch(message.id, message.begin);
}

void WorkerDriver::on(int from, const protocol::Fetch& message) {
  if (rank_.exchange().serve(from, message)) return;
  state_.on_fetch(from, message, commands_);
  obey();
}

void WorkerDriver::end_turn() {
  const std::size_t own = is_executor ? 1 : 0;
  if (state_.startable() > own) rank_.engine().notify();
  wake_sleepers();
  note_waits();
}

/// Does what the state asked for.
void WorkerDriver::obey() {
  obey_fetches();
  obey_loads();
  obey_answers();
  obey_members();
  for (const worker::WorkerCommands::Replicated& each : commands_.replicated)
    rank_.outbox().add(0, protocol::Replicated{each.id, each.begin, each.kept},
                       report_overhead_bytes);
  commands_.replicated.clear();
  for (const TaskId id : commands_.locate)
    rank_.outbox().add(0, protocol::Locate{id}, report_overhead_bytes);
  commands_.locate.clear();
  for (const TaskId id : commands_.replicas)
    rank_.outbox().add(0, protocol::Replica{id}, report_overhead_bytes);
  commands_.replicas.clear();
  for (const worker::TaskWork* task : commands_.stopped) note_told(task);
  commands_.stopped.clear();
  std::vector<worker::RangeWork*> finished = std::move(commands_.finished_ranges);
  commands_.finished_ranges.clear();
  for (worker::RangeWork* range : finished) report_range(*range);
  report_ended_claims();
}

/// Also of what ended without a trace: others may wait for what it had.
void WorkerDriver::report_ended_claims() {
  ended_claims_.clear();
  state_.take_ended_claims(ended_claims_);
  for (const std::uint32_t claim : ended_claims_)
    rank_.outbox().add(0, protocol::ClaimEnded{claim}, report_overhead_bytes);
}

/// For what runs next on this thread: the cores of so many slots, and threads of libraries for
/// them.
void WorkerDriver::use_slots(unsigned number, std::uint32_t slots) {
  const ThreadPlan& plan = rank_.setup().threads;
  if (rank_.options().pin && plan.pin) {
    const std::uint32_t all = state_.limits().slots;
    if (slots == 1) {
      pin_this_thread(plan.first_core + number % all * plan.cores_per_thread,
                      plan.cores_per_thread);
    } else {
      // Which of the others are free changes; the system finds them.
      pin_this_thread(plan.first_core, all * plan.cores_per_thread);
    }
  }
  set_library_threads(plan.cores_per_thread * slots, environment_of(environment_entries()));
}

void WorkerDriver::obey_fetches() {
  if (commands_.fetch.empty()) return;
  std::vector<worker::WorkerCommands::Fetch> fetches = std::move(commands_.fetch);
  commands_.fetch.clear();
  for (const auto& each : fetches) {
    const auto on_value = [this, request = each.request,
                           id = each.id](DataExchange::Arrived arrived) {
      if (arrived.answer == protocol::Data::Answer::unwritable) {
        base::log_error("the input " + std::to_string(id.bits()) +
                        " of a task could not be brought here: " + arrived.problem);
      }
      state_.on_data(request, arrived.answer, std::move(arrived.value), arrived.bytes, commands_,
                     arrived.problem);
      obey();
      rank_.memory().after_change();
    };
    if (each.slice) {
      rank_.exchange().fetch_slice(each.holder, each.id, each.begin, each.count, on_value);
    } else {
      rank_.exchange().fetch(each.holder, each.id, each.sequence, on_value);
    }
  }
}

void WorkerDriver::obey_loads() {
  if (commands_.load.empty()) return;
  const std::vector<worker::WorkerCommands::Load> loads = std::move(commands_.load);
  commands_.load.clear();
  for (const auto& each : loads) {
    rank_.memory().load_for_task(each.key, [this, request = each.request](const Loaded& loaded) {
      using Answer = protocol::Data::Answer;
      const Answer answer = loaded.problem.empty() ? Answer::found : Answer::unwritable;
      state_.on_data(request, answer, loaded.value, loaded.bytes, commands_, loaded.problem);
      obey();
    });
  }
}

void WorkerDriver::obey_answers() {
  if (commands_.answers.empty()) return;
  for (const worker::WorkerCommands::Answer& each : commands_.answers) {
    protocol::Fetch asked;
    asked.request = each.to.request;
    asked.id = each.id;
    const bool found = each.answer == protocol::Data::Answer::found;
    if (!found || !rank_.exchange().serve(each.to.rank, asked))
      rank_.exchange().refuse(each.to.rank, each.to.request,
                              found ? protocol::Data::Answer::gone : each.answer);
  }
  commands_.answers.clear();
}

/// A task whose result finds no room in memory has failed.
void WorkerDriver::refuse_results(std::span<worker::Execution> items) {
  for (worker::Execution& item : items) {
    if (item.kind != worker::Execution::Kind::task || item.threw || !item.result) continue;
    if (item.result_bytes < worker::Store::large_bytes_min) continue;
    std::string why =
        rank_.memory().refusal(item.ops->name(item.task->payload.span()), item.result_bytes);
    if (why.empty()) continue;
    item.threw = true;
    item.result = detail::ValuePtr();
    item.error_type = worker::problem_type;
    item.error_message = std::move(why);
  }
}

void WorkerDriver::report(worker::Batch& batch) {
  for (worker::Execution& item : batch.items) {
    if (item.run != 0) {
      report_member(item);
      continue;
    }
    if (item.kind != worker::Execution::Kind::task || item.detached) continue;
    if (item.threw) {
      const protocol::TaskThrew message{item.id, shortened(item.error_type),
                                        shortened(item.error_message)};
      rank_.outbox().add(0, message, report_overhead_bytes + 2 * text_bytes_max);
      continue;
    }
    protocol::TaskFinished message;
    message.task = item.id;
    message.result_bytes = item.result_bytes;
    message.has_result = item.has_stream;
    message.result = batch.streams.bytes().subspan(item.stream_begin, item.stream_size);
    if (TaskClient* client = rank_.task_client())
      client->on_finished_here(item.id, item.result, item.result_bytes);
    if (held_reports_++ == 0) first_held_ = Clock::now();
    rank_.outbox().add_patient(0, message, report_overhead_bytes + message.result.size());
  }
}

/// Reports travel in company while this rank has more to do than it has to report: each packet may
/// wake rank 0, which then takes a core from a worker for a while. They go before half of what rank
/// 0 knows to be here is done, so that it can send more in time, before this rank falls asleep, and
/// before they are old.
bool WorkerDriver::reports_are_due() const {
  if (held_reports_ == 0) return false;
  constexpr auto age_max = std::chrono::microseconds(500);
  return held_reports_ + state_.suspended() >= state_.assigned() ||
         Clock::now() - first_held_ > age_max;
}

void WorkerDriver::tell_rank_0() {
  report_timings();
  note_waits();
  held_reports_ = 0;
  rank_.outbox().flush_all();
}

/// All elements of the stretch have failed, and room that was never touched takes their place.
void WorkerDriver::fail_results(worker::RangeWork& range, const ExceptionText& why) {
  const worker::GroupWork& group = *state_.find_group(range.group);
  range.results = detail::ValuePtr(group.ops->make_results(range.begin, range.count));
  range.failures.clear();
  for (std::uint64_t index = range.begin; index < range.begin + range.count; ++index)
    range.failures.push_back({index, why.type, why.message, false});
  note_failures(range);
}

/// What refuse_results() of tasks does, for a stretch of a map.
bool WorkerDriver::refuse_results(worker::RangeWork& range, std::uint64_t bytes) {
  if (bytes < worker::Store::large_bytes_min) return false;
  const worker::GroupWork& group = *state_.find_group(range.group);
  std::string why = rank_.memory().refusal(
      fmt::format("elements {} to {} of {}", range.begin, range.begin + range.count - 1,
                  group.ops->name(group.payload.span())),
      bytes);
  if (why.empty()) return false;
  fail_results(range, {worker::problem_type, std::move(why)});
  return true;
}

/// Elements that have failed have no value: nobody may look at them.
void WorkerDriver::note_failures(worker::RangeWork& range) {
  auto& elements = static_cast<detail::ElementsBase&>(*range.results);
  elements.failed.clear();
  for (const detail::ElementFailure& failure : range.failures)
    elements.failed.push_back(failure.index);
}

/// Fails those elements whose type throws when they are written. False when there is none.
bool WorkerDriver::fail_unwritable(worker::RangeWork& range) {
  const detail::ValueOps& ops = range.results->ops();
  if (ops.write_slice == nullptr) return false;
  auto& elements = static_cast<detail::ElementsBase&>(*range.results);
  const std::size_t failures_before = range.failures.size();
  for (std::uint64_t index = range.begin; index < range.begin + range.count; ++index) {
    if (elements.has_failed(index)) continue;
    Writer probe(Writer::all_inline);
    try {
      ops.write_slice(elements, index, 1, probe);
    } catch (...) {
      const ExceptionText why = describe_current_exception();
      range.failures.push_back({index, why.type, why.message, false});
    }
  }
  if (range.failures.size() == failures_before) return false;
  std::ranges::sort(range.failures, {}, &detail::ElementFailure::index);
  note_failures(range);
  return true;
}

/// The bytes of the results, 0 when they were refused. The size of a stretch is told as one: where
/// the type throws then, the elements that it throws for have failed, or else all.
std::uint64_t WorkerDriver::settle_results(worker::RangeWork& range) {
  std::ranges::sort(range.failures, {}, &detail::ElementFailure::index);
  if (!range.results) return 0;
  note_failures(range);
  for (;;) {
    try {
      const std::uint64_t bytes = range.results->ops().nbytes(*range.results);
      return refuse_results(range, bytes) ? 0 : bytes;
    } catch (...) {
      const ExceptionText why = describe_current_exception();
      if (fail_unwritable(range)) continue;
      fail_results(range, why);
      return 0;
    }
  }
}

void WorkerDriver::report_range(worker::RangeWork& range) {
  protocol::RangeFinished message;
  message.result_bytes = settle_results(range);
  for (const detail::ElementFailure& failure : range.failures) {
    const protocol::ElementThrew threw{range.group, failure.index, failure.inherited,
                                       shortened(failure.type), shortened(failure.message)};
    rank_.outbox().add(0, threw, report_overhead_bytes + 2 * text_bytes_max);
  }
  message.group = range.group;
  message.begin = range.begin;
  message.count = range.count;
  rank_.store().put_stretch(
      range.group, {range.begin, range.count, std::move(range.results), message.result_bytes});
  rank_.outbox().add(0, message, report_overhead_bytes);
  report_timings();
  state_.recycle(&range);
}

void WorkerDriver::report_timings() {
  timings_.clear();
  state_.take_timings(timings_);
  for (const protocol::Timing& timing : timings_)
    rank_.outbox().add_patient(0, timing, report_overhead_bytes);
  const protocol::Transfer transfers = rank_.exchange().take_transfers();
  if (transfers.bytes != 0) rank_.outbox().add(0, transfers, report_overhead_bytes);
}

}  // namespace tutti::runtime

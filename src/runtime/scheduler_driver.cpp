#include "runtime/scheduler_driver.hpp"

#include "base/log.hpp"
#include "base/module_table.hpp"
#include "runtime/rank.hpp"
#include "runtime/worker_driver.hpp"
#include "tutti/detail/function_token.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace tutti::runtime {
namespace {

constexpr std::size_t message_overhead_bytes = 96;

scheduler::SchedulerOptions scheduler_options(const Options& options) {
  scheduler::SchedulerOptions result;
  result.credit.nanoseconds_per_slot = options.credit_time_us * 1000;
  return result;
}

std::vector<std::byte> token_bytes(const void* address) {
  const detail::FunctionToken token = detail::token_of(address);
  const auto bytes = std::as_bytes(std::span(&token, 1));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

SchedulerDriver::SchedulerDriver(Rank& rank)
    : rank_(rank),
      scheduler_(scheduler_options(rank.options())),
      watchdog_(rank.options().watchdog_s * 1'000'000'000),
      known_functions_(static_cast<std::size_t>(rank.size()), 0),
      limit_(rank.options(), environment_of(environment_entries())),
      files_(rank.options().job_directory) {}

// ---- from the client

protocol::FunctionId SchedulerDriver::function_id(const detail::FunctionOps& ops) {
  const auto [entry, is_new] =
      function_ids_.try_emplace(&ops, static_cast<protocol::FunctionId>(functions_.size()));
  if (is_new) functions_.push_back({&ops, token_bytes(&ops), base::module_name(&ops)});
  return entry->second;
}

bool SchedulerDriver::wants_inline() const {
  return inline_bytes_ < static_cast<std::int64_t>(rank_.options().rank0_result_budget_bytes);
}

TaskId SchedulerDriver::submit(const TaskCall& call) {
  scheduler::TaskSpec spec;
  spec.function = function_id(*call.function);
  spec.priority = call.priority;
  spec.depth = call.depth;
  spec.retries = call.retries;
  spec.stream = call.stream;
  spec.gang = call.gang;
  spec.inline_result = wants_inline();
  spec.payload = call.payload;
  spec.inputs = call.inputs;
  spec.demand = call.demand;
  spec.line = call.line;
  dirty_ = true;
  const TaskId id = scheduler_.submit(spec, commands_);
  if (call.timeout_ms != 0) timeouts_ms_[id] = call.timeout_ms;
  return id;
}

TaskId SchedulerDriver::submit_group(GroupCall call) {
  scheduler::GroupSpec spec;
  spec.function = function_id(*call.function);
  spec.priority = call.priority;
  spec.depth = call.depth;
  spec.stream = call.stream;
  spec.pinned = call.pinned;
  spec.total = call.total;
  spec.bytes_per_element = call.bytes_per_element;
  spec.inputs = call.inputs;
  spec.sources = call.sources;
  spec.finished = call.finished;
  spec.failures = std::move(call.failures);
  spec.demand = call.demand;
  dirty_ = true;
  const TaskId id = scheduler_.submit_group(spec, commands_);
  note_group(id, spec.function, std::move(call.payload), call.total);
  groups_.at(id).limits = call.limits;
  return id;
}

void SchedulerDriver::note_group(TaskId id, protocol::FunctionId function, Bytes payload,
                                 std::uint64_t total) {
  Group& group = groups_[id];
  group.ops = functions_[function].ops;
  group.function = function;
  group.payload = std::move(payload);
  group.total = total;
}

void SchedulerDriver::released(TaskId id) {
  dirty_ = true;
  scheduler_.on_client_released(id, commands_);
}

TaskId SchedulerDriver::place_value(std::span<const std::int32_t> holders, std::uint64_t bytes,
                                    bool client_holds) {
  return scheduler_.place_value(holders, bytes, client_holds);
}

TaskId SchedulerDriver::place_sequence(std::span<const scheduler::AvailablePiece> stretches,
                                       std::uint64_t total, std::uint64_t bytes) {
  return scheduler_.place_sequence(stretches, total, bytes);
}

void SchedulerDriver::replicate(const scheduler::Piece& piece,
                                std::span<const std::int32_t> targets,
                                std::span<const std::int32_t> leaving) {
  dirty_ = true;
  scheduler_.replicate(piece, targets, leaving, commands_);
}

std::vector<scheduler::Move> SchedulerDriver::rebalance(std::span<const TaskId> ids,
                                                        std::span<const std::int32_t> ranks) {
  dirty_ = true;
  return scheduler_.rebalance(ids, ranks, commands_);
}

void SchedulerDriver::finish_pinned_here(TaskId group, std::uint64_t bytes) {
  dirty_ = true;
  protocol::RangeFinished message;
  message.group = group;
  message.begin = 0;
  message.count = 1;
  message.result_bytes = bytes;
  on(0, message);
}

void SchedulerDriver::fail_pinned_here(TaskId group, const std::string& type,
                                       const std::string& message) {
  on(0, protocol::ElementThrew{group, 0, false, type, message});
}

std::string SchedulerDriver::end_placing(TaskId id) {
  const Acks acks = std::move(placed_acks_.at(id));
  placed_acks_.erase(id);
  if (acks.failed_rank < 0) return {};
  return fmt::format("rank {}: {}", acks.failed_rank, acks.problem);
}

const detail::FunctionOps* SchedulerDriver::group_function(TaskId group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? nullptr : found->second.ops;
}

std::string SchedulerDriver::name_of(TaskId id) const {
  if (const auto name = names_.find(id); name != names_.end()) return name->second;
  if (id.is_group()) {
    const auto group = groups_.find(id);
    return group == groups_.end() ? "" : group->second.ops->name(group->second.payload.span());
  }
  const scheduler::TaskRecord* record = scheduler_.find_task(id);
  if (record == nullptr || record->is_data) return "";
  return functions_[record->function].ops->name(record->payload.bytes());
}

// ---- messages

void SchedulerDriver::on(int from, const protocol::Hello& message) {
  scheduler_.on_worker_joined(from, message.slots, message.memory_limit_bytes,
                              protocol::decode_resources(message.resources));
  ++workers_joined_;
  dirty_ = true;
}

void SchedulerDriver::on(int from, const protocol::TaskFinished& message) {
  dirty_ = true;
  const int owner = owner_of(message.task);
  if (!scheduler_.on_task_finished(from, message.task, message.result_bytes, commands_)) return;
  if (owner == rank_.rank()) {
    sink_->on_finished(message.task, message.has_result, message.result);
  } else {
    tell_finished(from, message, owner);
  }
}

TaskFailure SchedulerDriver::failure(int from, TaskId task, std::string_view type,
                                     std::string_view message, const std::string& function,
                                     const std::string& default_name) const {
  TaskFailure result;
  result.type = type;
  result.message = message;
  result.function = function;
  const auto name = names_.find(task);
  result.task = name == names_.end() ? default_name : name->second;
  result.rank = from;
  result.host = rank_.transport().places()[static_cast<std::size_t>(from)].host;
  return result;
}

void SchedulerDriver::on(int from, const protocol::TaskThrew& message) {
  dirty_ = true;
  const scheduler::TaskRecord* record = scheduler_.find_task(message.task);
  if (record == nullptr) return;
  const std::string function = functions_[record->function].ops->name(record->payload.bytes());
  scheduler_.on_task_threw(
      from, message.task,
      failure(from, message.task, message.type, message.message, function, function), commands_);
}

void SchedulerDriver::on(int from, const protocol::ElementThrew& message) {
  const auto group = groups_.find(message.group);
  if (group == groups_.end()) return;
  const std::string function = group->second.ops->name(group->second.payload.span());
  TaskFailure details =
      failure(from, message.group, message.type, message.message, function, function);
  details.task += "[" + std::to_string(message.index) + "]";
  if (!message.inherited) details.attempt = group->second.limits.retries + 1;
  if (!scheduler_.on_element_threw(from, message.group, message.index, message.inherited,
                                   std::move(details)))
    return;
  const scheduler::GroupRecord* record = scheduler_.find_group(message.group);
  tell_failed(message.group, message.index, scheduler::failure_of(*record, message.index));
}

void SchedulerDriver::on(int from, const protocol::RangeFinished& message) {
  dirty_ = true;
  const int owner = owner_of(message.group);
  if (scheduler_.on_range_finished(from, message.group, message.begin, message.count,
                                   message.result_bytes, commands_))
    tell_range(from, message, owner);
}

void SchedulerDriver::on(int, const protocol::Timing& message) {
  if (message.group.is_none()) {
    scheduler_.on_timing(message.function, message.calls, message.nanoseconds);
    return;
  }
  const auto group = groups_.find(message.group);
  if (group != groups_.end())
    scheduler_.on_timing(group->second.function, message.calls, message.nanoseconds);
}

void SchedulerDriver::on(int from, const protocol::Replica& message) {
  dirty_ = true;
  scheduler_.on_replica(from, message.id, commands_);
}

void SchedulerDriver::on(int from, const protocol::GaveBack& message) {
  dirty_ = true;
  scheduler_.on_gave_back(from, message.tasks.to_vector(), message.ranges.to_vector(), commands_);
}

void SchedulerDriver::on(int from, const protocol::Locate& message) {
  dirty_ = true;
  scheduler_.on_locate(from, message.id, commands_);
}

void SchedulerDriver::on(int, const protocol::Transfer& message) {
  scheduler_.on_transfer(message.bytes, message.nanoseconds);
}

void SchedulerDriver::on(int from, const protocol::MemoryState& message) {
  dirty_ = true;
  scheduler_.on_memory(from, message);
  const std::string& warning = rank_.setup().directory_warning;
  if (message.spilled_bytes == 0 || warning.empty() || warned_of_directory_) return;
  warned_of_directory_ = true;
  base::log_warning(warning);
}

void SchedulerDriver::on(int, const protocol::ClaimEnded& message) {
  dirty_ = true;
  scheduler_.on_claim_ended(message.number);
}

void SchedulerDriver::on(int from, const protocol::Placed& message) {
  Acks& acks = placed_acks_.at(message.id);
  ++acks.count;
  if (message.problem.empty() || (acks.failed_rank >= 0 && acks.failed_rank < from)) return;
  acks.failed_rank = from;
  acks.problem = message.problem;
}

void SchedulerDriver::on(int, const protocol::Goodbye&) { ++workers_gone_; }

void SchedulerDriver::on(int from, const protocol::Replicated& message) {
  dirty_ = true;
  scheduler_.on_replicated(from, {message.id, message.begin}, message.kept, commands_);
}

void SchedulerDriver::on(int from, const protocol::Alive& message) {
  answers_[from] = message;
  watchdog_.on_answer(message.round, message.running != 0);
}

// ---- commands

std::uint64_t SchedulerDriver::now_ns() const {
  const auto now = std::chrono::steady_clock::now() - start_;
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

void SchedulerDriver::end_turn() {
  if (sink_ != nullptr) sink_->before_turn();
  if (!dirty_) return;
  dirty_ = false;
  scheduler_.set_time(now_ns());
  scheduler_.place(commands_);
  obey();
  if (rank_.options().validate) scheduler_.check_invariants();
}

/// Before what is assigned: a task that finds a copy in the store of its rank reads it there.
void SchedulerDriver::send_copies() {
  for (const auto& each : commands_.drop) {
    const scheduler::Piece& piece = each.piece;
    const bool is_stretch = piece.id.is_group();
    if (each.worker == rank_.rank() && rank_.worker() == nullptr) {
      is_stretch ? rank_.store().erase_stretch(piece.id, piece.begin)
                 : rank_.store().erase(piece.id);
    } else if (is_stretch) {
      rank_.outbox().add(each.worker, protocol::DropStretch{piece.id, piece.begin},
                         message_overhead_bytes);
    } else {
      rank_.outbox().add(each.worker,
                         protocol::ReleaseData{
                             protocol::PackedList<TaskId>(std::span<const TaskId>(&piece.id, 1))},
                         message_overhead_bytes);
    }
  }
  for (const auto& each : commands_.replicate) {
    protocol::InputRef ref{each.piece.id, each.piece.begin, each.count, each.source, 0, 0};
    ref.sequence = scheduler_.sequence_of(each.source) & 0x7fffffffu;
    rank_.outbox().add(each.worker, protocol::Replicate{ref}, message_overhead_bytes);
  }
}

void SchedulerDriver::obey() {
  send_copies();
  for (const auto& each : commands_.assign) send_task(each);
  for (const auto& each : commands_.assign_range) send_range(each);
  obey_gangs();
  // Before releases: what is cancelled and runs keeps what it reads.
  send_cancels();
  send_releases();
  send_questions();
  for (const auto& each : commands_.replicated)
    sink_->on_replicated(each.piece, each.worker, each.kept);
  for (const auto& each : commands_.failed)
    tell_failed(each.task, protocol::WorkFailed::whole, each.failure);
  for (const TaskId group : commands_.group_done) tell_group_done(group);
  for (const TaskId id : commands_.forgotten) forget(id);
  commands_.clear();
}

/// The message for a task, valid until the next one; its function is known to the worker before.
protocol::AssignTask SchedulerDriver::assignment(TaskId task, int worker) {
  const scheduler::TaskRecord& record = *scheduler_.find_task(task);
  protocol::FunctionId& known = known_functions_[static_cast<std::size_t>(worker)];
  for (; known <= record.function; ++known) {
    const Function& function = functions_[known];
    const protocol::DefineFunction message{known, function.token, function.module};
    rank_.outbox().add(worker, message,
                       message_overhead_bytes + function.token.size() + function.module.size());
  }
  protocol::AssignTask message;
  message.task = task;
  message.function = record.function;
  message.priority = record.priority;
  // Who runs what it submitted itself has the result, and is not told of its end.
  // That of a gang counts only when all members have ended.
  message.inline_result = record.inline_result && record.client_holds && !record.is_gang &&
                          (record.owner == rank_.rank() || record.owner != worker);
  message.depth = record.depth;
  message.attempt = record.attempt;
  message.stream = record.stream;
  if (!timeouts_ms_.empty()) {
    const auto timeout = timeouts_ms_.find(task);
    if (timeout != timeouts_ms_.end()) message.timeout_ms = timeout->second;
  }
  input_refs_.clear();
  scheduler_.append_input_refs(record, worker, input_refs_);
  message.inputs =
      protocol::PackedList<protocol::InputRef>(std::span<const protocol::InputRef>(input_refs_));
  message.payload = record.payload.bytes();
  return message;
}

void SchedulerDriver::send_task(const scheduler::Commands::Assign& assign) {
  protocol::AssignTask message = assignment(assign.task, assign.worker);
  message.claim = scheduler_.demands().ref_of(assign.claim);
  rank_.outbox().add(assign.worker, message,
                     message_overhead_bytes + message.inputs.bytes().size() +
                         message.payload.size() + message.claim.devices.bytes().size());
}

Bytes SchedulerDriver::encode_definition(TaskId id, const Group& group, int consumer) const {
  const Function& function = functions_[group.function];
  std::vector<protocol::InputRef> inputs;
  scheduler_.append_constant_refs(*scheduler_.find_group(id), consumer, inputs);
  Writer writer;
  protocol::encode(writer, protocol::DefineGroup{id, function.token, function.module,
                                                 scheduler_.find_group(id)->stream,
                                                 group.limits.retries, group.limits.timeout_ms,
                                                 protocol::PackedList<protocol::InputRef>(
                                                     std::span<const protocol::InputRef>(inputs)),
                                                 group.payload.span()});
  return writer.take();
}

/// Tells a worker what the group runs, before its first range: all ranks at once by a broadcast
/// when the map has an element for each of them, or when the definition is too large for a packet.
void SchedulerDriver::make_known(TaskId id, Group& group, int worker) {
  if (group.announced) return;
  if (group.knows.empty()) {
    group.knows.resize(static_cast<std::size_t>(rank_.size()), 0);
    Bytes definition = encode_definition(id, group, scheduler::no_worker);
    const bool to_all =
        rank_.size() > 1 && (group.total >= static_cast<std::uint64_t>(rank_.size()) ||
                             definition.size() > transport::packet_bytes_max / 2);
    if (to_all) {
      group.announced = true;
      if (rank_.worker() != nullptr) rank_.worker()->on_definition(definition.span());
      rank_.collectives().announce_definition(id, std::move(definition));
      return;
    }
  }
  std::uint8_t& knows = group.knows[static_cast<std::size_t>(worker)];
  if (knows != 0) return;
  knows = 1;
  const Bytes definition = encode_definition(id, group, worker);
  if (worker == rank_.rank()) {
    rank_.worker()->on_definition(definition.span());
    return;
  }
  Reader reader(definition.span());
  rank_.outbox().add(worker, std::get<protocol::DefineGroup>(protocol::decode(reader)),
                     definition.size());
}

void SchedulerDriver::send_range(const scheduler::Commands::AssignRange& range) {
  // The client runs the element of a rank 0 that does not work.
  if (range.worker == rank_.rank() && rank_.worker() == nullptr) return;
  Group& group = groups_.at(range.group);
  make_known(range.group, group, range.worker);
  const scheduler::GroupRecord& record = *scheduler_.find_group(range.group);
  piece_refs_.clear();
  for (std::size_t source = 0; source < record.sources.size(); ++source) {
    scheduler_.append_pieces(record.sources[source], static_cast<std::uint32_t>(source),
                             range.begin, range.count, piece_refs_);
  }
  protocol::AssignRange message;
  message.group = range.group;
  message.begin = range.begin;
  message.count = range.count;
  message.priority = record.priority;
  message.pinned = record.pinned;
  message.depth = record.depth;
  message.pieces =
      protocol::PackedList<protocol::PieceRef>(std::span<const protocol::PieceRef>(piece_refs_));
  message.claim = scheduler_.demands().ref_of(range.claim);
  rank_.outbox().add(range.worker, message,
                     message_overhead_bytes + message.pieces.bytes().size() +
                         message.claim.devices.bytes().size());
}

void SchedulerDriver::send_questions() {
  for (const auto& each : commands_.give_back)
    rank_.outbox().add(each.worker, protocol::GiveBack{each.units_max}, message_overhead_bytes);
  for (const auto& each : commands_.located) {
    const protocol::Located message{each.id, each.holder, scheduler_.sequence_of(each.holder)};
    rank_.outbox().add(each.worker, message, message_overhead_bytes);
  }
}

void SchedulerDriver::send_releases() {
  std::size_t first = 0;
  std::vector<TaskId> ids;
  const auto& releases = commands_.release;
  constexpr std::size_t ids_max = 4096;
  while (first < releases.size()) {
    const int worker = releases[first].worker;
    ids.clear();
    std::size_t last = first;
    while (last < releases.size() && releases[last].worker == worker && ids.size() < ids_max)
      ids.push_back(releases[last++].id);
    first = last;
    if (worker == rank_.rank() && rank_.worker() == nullptr) {
      for (const TaskId id : ids) rank_.store().erase(id);
      continue;
    }
    rank_.outbox().add(
        worker, protocol::ReleaseData{protocol::PackedList<TaskId>(std::span<const TaskId>(ids))},
        message_overhead_bytes + ids.size() * sizeof(TaskId));
  }
}

void SchedulerDriver::forget(TaskId id) {
  if (!names_.empty()) names_.erase(id);
  if (!timeouts_ms_.empty()) timeouts_ms_.erase(id);
  sink_->on_forgotten(id);
  if (!id.is_group()) return;
  const auto found = groups_.find(id);
  if (found == groups_.end()) return;
  const Group& group = found->second;
  for (int worker = 0; worker < rank_.size(); ++worker) {
    const bool knows = group.announced ||
                       (!group.knows.empty() && group.knows[static_cast<std::size_t>(worker)] != 0);
    if (!knows || (worker == 0 && rank_.worker() == nullptr)) continue;
    rank_.outbox().add(
        worker,
        protocol::ReleaseData{protocol::PackedList<TaskId>(std::span<const TaskId>(&id, 1))},
        message_overhead_bytes);
  }
  groups_.erase(found);
}

}  // namespace tutti::runtime

#include "sim/head.hpp"

#include "tutti/check.hpp"

#include <string>
#include <utility>
#include <variant>

namespace tutti::sim {

using scheduler::Commands;

namespace {

std::vector<bool>& row_of(std::vector<std::vector<bool>>& rows, int rank) {
  const auto row = static_cast<std::size_t>(rank);
  if (row >= rows.size()) rows.resize(row + 1);
  return rows[row];
}

/// True when the number was not noted before.
bool note_first(std::vector<bool>& noted, std::size_t number) {
  if (number >= noted.size()) noted.resize(number + 1);
  if (noted[number]) return false;
  noted[number] = true;
  return true;
}

}  // namespace

void Head::handle(int from, std::span<const std::byte> packet) {
  Reader reader(packet);
  decoded_.clear();
  while (!reader.at_end()) decoded_.push_back(protocol::decode(reader));
  messages_ += decoded_.size();
  const auto handle_all = [&] {
    for (const protocol::Message& message : decoded_) handle_message(from, message);
  };
  // That a worker joins is not the price of any task.
  const bool joins = std::holds_alternative<protocol::Hello>(decoded_.front());
  joins ? handle_all() : clock_.measure(handle_all);
}

void Head::handle_message(int from, const protocol::Message& message) {
  bool accepted = true;
  if (const auto* hello = std::get_if<protocol::Hello>(&message)) {
    scheduler_.on_worker_joined(from, hello->slots, hello->memory_limit_bytes,
                                protocol::decode_resources(hello->resources));
  } else if (const auto* finished = std::get_if<protocol::TaskFinished>(&message)) {
    const scheduler::TaskRecord* task = scheduler_.find_task(finished->task);
    const int owner = task == nullptr ? 0 : task->owner;
    accepted = scheduler_.on_task_finished(from, finished->task, finished->result_bytes, commands_);
    if (accepted && owner != 0 && owner != from)
      outbox_.send(owner, protocol::TaskEnded{finished->task, from, 0, false, {}});
    if (accepted) outcomes_.push_back({finished->task, Outcome::Kind::finished, nullptr});
  } else if (const auto* threw = std::get_if<protocol::TaskThrew>(&message)) {
    TaskFailure failure;
    failure.type = std::string(threw->type);
    failure.message = std::string(threw->message);
    failure.rank = from;
    accepted = scheduler_.on_task_threw(from, threw->task, std::move(failure), commands_);
  } else if (const auto* ready = std::get_if<protocol::MemberReady>(&message)) {
    accepted = scheduler_.on_member_ready(from, ready->run, commands_);
  } else if (const auto* failed = std::get_if<protocol::MemberFailed>(&message)) {
    TaskFailure failure;
    failure.type = std::string(failed->type);
    failure.message = std::string(failed->message);
    failure.rank = from;
    // Two may fail at once.
    (void)scheduler_.on_member_failed(from, failed->run, std::move(failure), commands_);
  } else if (const auto* member = std::get_if<protocol::MemberEnded>(&message)) {
    accepted = scheduler_.on_member_ended(from, member->run, member->result_bytes, commands_);
  } else if (const auto* element = std::get_if<protocol::ElementThrew>(&message)) {
    TaskFailure failure;
    failure.type = std::string(element->type);
    failure.message = std::string(element->message);
    failure.rank = from;
    accepted = scheduler_.on_element_threw(from, element->group, element->index, element->inherited,
                                           std::move(failure));
  } else if (const auto* range = std::get_if<protocol::RangeFinished>(&message)) {
    accepted = scheduler_.on_range_finished(from, range->group, range->begin, range->count,
                                            range->result_bytes, commands_);
  } else if (const auto* timing = std::get_if<protocol::Timing>(&message)) {
    const scheduler::GroupRecord* group = scheduler_.find_group(timing->group);
    if (timing->group.is_none()) {
      scheduler_.on_timing(timing->function, timing->calls, timing->nanoseconds);
    } else if (group != nullptr) {
      scheduler_.on_timing(group->function, timing->calls, timing->nanoseconds);
    }
  } else if (const auto* replica = std::get_if<protocol::Replica>(&message)) {
    scheduler_.on_replica(from, replica->id, commands_);
  } else if (const auto* given = std::get_if<protocol::GaveBack>(&message)) {
    scheduler_.on_gave_back(from, given->tasks.to_vector(), given->ranges.to_vector(), commands_);
  } else if (const auto* task = std::get_if<protocol::SubmitTask>(&message)) {
    submit(from, *task);
  } else if (const auto* waits = std::get_if<protocol::Waits>(&message)) {
    scheduler_.on_waits(from, waits->suspended, waits->held_back);
  } else if (const auto* dropped = std::get_if<protocol::DropFutures>(&message)) {
    for (const TaskId id : dropped->ids.to_vector()) scheduler_.on_client_released(id, commands_);
  } else if (const auto* memory = std::get_if<protocol::MemoryState>(&message)) {
    scheduler_.on_memory(from, *memory);
  } else if (const auto* copy = std::get_if<protocol::Replicated>(&message)) {
    scheduler_.on_replicated(from, {copy->id, copy->begin}, copy->kept, commands_);
  } else if (const auto* claim = std::get_if<protocol::ClaimEnded>(&message)) {
    scheduler_.on_claim_ended(claim->number);
  } else if (const auto* locate = std::get_if<protocol::Locate>(&message)) {
    scheduler_.on_locate(from, locate->id, commands_);
  } else {
    check(false, "a worker sends rank 0 nothing but reports");
  }
  if (!accepted) ++stale_reports_;
}

void Head::submit(int from, const protocol::SubmitTask& message) {
  scheduler::TaskSpec spec;
  spec.id = message.task;
  spec.function = message.function;
  spec.owner = static_cast<std::uint16_t>(from);
  spec.depth = message.depth;
  scheduler_.submit(spec, commands_);
}
void Head::flush(std::vector<Packet>& packets) {
  clock_.measure([&] { scheduler_.place(commands_); });
  obey();
  outbox_.take(packets);
}

void Head::obey_copies() {
  for (const Commands::Drop& each : commands_.drop) {
    if (each.worker <= 0) continue;
    if (each.piece.id.is_group()) {
      outbox_.send(each.worker, protocol::DropStretch{each.piece.id, each.piece.begin});
    } else {
      const TaskId ids[] = {each.piece.id};
      outbox_.send(each.worker, protocol::ReleaseData{
                                    protocol::PackedList<TaskId>(std::span<const TaskId>(ids))});
    }
  }
  for (const Commands::Replicate& each : commands_.replicate) {
    outbox_.send(each.worker, protocol::Replicate{{each.piece.id, each.piece.begin, each.count,
                                                   each.source, 0, 0}});
  }
}

void Head::define_function(int worker, std::uint32_t function) {
  if (note_first(row_of(functions_, worker), function))
    outbox_.send(worker, protocol::DefineFunction{function, {}, "function"});
}

void Head::obey_gangs() {
  const scheduler::GangCommands& gangs = commands_.gangs;
  for (const auto& each : gangs.assign) {
    define_function(each.worker, scheduler_.find_task(each.task)->function);
    encode_assign_member(outbox_.to(each.worker), scheduler_, each);
  }
  for (const auto& each : gangs.start) outbox_.send(each.worker, protocol::StartGang{each.run});
  for (const auto& each : gangs.stop)
    outbox_.send(each.worker, protocol::StopGang{each.run, each.task});
  for (const auto& each : gangs.drop)
    outbox_.send(each.worker, protocol::DropCommunicator{each.communicator, each.failed});
}

void Head::obey() {
  obey_copies();
  for (const Commands::Assign& each : commands_.assign) {
    const std::uint32_t function = scheduler_.find_task(each.task)->function;
    define_function(each.worker, function);
    encode_assign(outbox_.to(each.worker), scheduler_, each);
  }
  for (const Commands::AssignRange& each : commands_.assign_range) {
    if (note_first(groups_[each.group], static_cast<std::size_t>(each.worker))) {
      encode_define_group(outbox_.to(each.worker), scheduler_, each.group, each.worker);
    }
    encode_assign_range(outbox_.to(each.worker), scheduler_, each);
  }
  obey_gangs();
  // All of a worker's at once: it tells those that read a value before it drops the value.
  std::map<int, std::vector<TaskId>> unwanted;
  for (const Commands::Cancel& each : commands_.cancel) unwanted[each.worker].push_back(each.id);
  for (const auto& [worker, ids] : unwanted) {
    outbox_.send(worker,
                 protocol::CancelWork{protocol::PackedList<TaskId>(std::span<const TaskId>(ids))});
  }
  for (const Commands::Release& each : commands_.release) {
    // A value that the client placed on rank 0 is with nobody else.
    if (each.worker <= 0) continue;
    const TaskId ids[] = {each.id};
    outbox_.send(each.worker,
                 protocol::ReleaseData{protocol::PackedList<TaskId>(std::span<const TaskId>(ids))});
  }
  for (const Commands::GiveBack& each : commands_.give_back)
    outbox_.send(each.worker, protocol::GiveBack{each.units_max});
  for (const Commands::Located& each : commands_.located) {
    outbox_.send(each.worker,
                 protocol::Located{each.id, each.holder, scheduler_.sequence_of(each.holder)});
  }
  for (const Commands::Failed& each : commands_.failed) {
    outcomes_.push_back({each.task, Outcome::Kind::failed, each.failure});
  }
  for (const TaskId id : commands_.gangs.done)
    outcomes_.push_back({id, Outcome::Kind::finished, nullptr});
  for (const TaskId id : commands_.group_done)
    outcomes_.push_back({id, Outcome::Kind::group_done, nullptr});
  for (const TaskId id : commands_.forgotten) {
    outcomes_.push_back({id, Outcome::Kind::forgotten, nullptr});
    const auto known = groups_.find(id);
    if (known == groups_.end()) continue;
    // Also those that gave back all that they had of it.
    const TaskId ids[] = {id};
    const protocol::ReleaseData message{protocol::PackedList<TaskId>(std::span<const TaskId>(ids))};
    for (std::size_t rank = 0; rank < known->second.size(); ++rank) {
      if (known->second[rank]) outbox_.send(static_cast<int>(rank), message);
    }
    groups_.erase(known);
  }
  commands_.clear();
}

void Head::describe(std::vector<std::uint64_t>& words) const {
  scheduler_.describe(words);
  const auto rank_of = [](std::int32_t rank) { return static_cast<std::uint64_t>(rank); };
  for (const auto& functions : functions_) {
    words.push_back(functions.size());
    for (const bool defined : functions) words.push_back(defined ? 1 : 0);
  }
  for (const auto& [group, ranks] : groups_) {
    words.insert(words.end(), {group.bits(), ranks.size()});
    for (const int rank : ranks) words.push_back(rank_of(rank));
  }
  for (const Commands::Assign& each : commands_.assign)
    words.insert(words.end(), {each.task.bits(), rank_of(each.worker)});
  for (const Commands::Release& each : commands_.release)
    words.insert(words.end(), {each.id.bits(), rank_of(each.worker)});
  for (const Commands::Located& each : commands_.located)
    words.insert(words.end(), {each.id.bits(), rank_of(each.worker), rank_of(each.holder)});
  for (const auto& each : commands_.gangs.start)
    words.insert(words.end(), {each.run, rank_of(each.worker)});
  for (const auto& each : commands_.gangs.stop)
    words.insert(words.end(), {each.run, rank_of(each.worker), 1});
  for (const Commands::Drop& each : commands_.drop)
    words.insert(words.end(), {each.piece.id.bits(), each.piece.begin, rank_of(each.worker)});
  for (const Commands::Replicate& each : commands_.replicate)
    words.insert(words.end(), {each.piece.id.bits(), each.piece.begin, rank_of(each.worker),
                               rank_of(each.source)});
  words.insert(words.end(), {commands_.assign.size(), commands_.release.size(),
                             commands_.located.size(), commands_.failed.size()});
}

}  // namespace tutti::sim

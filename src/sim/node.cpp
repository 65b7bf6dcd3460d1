#include "sim/node.hpp"

#include "sim/sim_value.hpp"
#include "tutti/check.hpp"

#include <algorithm>
#include <utility>

namespace tutti::sim {

using worker::Batch;
using worker::Execution;
using worker::RangeWork;

Node::Node(worker::WorkerLimits limits, SizeOf size_of)
    : size_of_(std::move(size_of)), state_(limits, store_), outbox_(limits.rank) {}

void Node::say_hello(std::vector<Packet>& packets, const protocol::Resources& resources) {
  const Bytes encoded = protocol::encode(resources);
  outbox_.send(0, protocol::Hello{state_.limits().slots, 0, encoded.span()});
  outbox_.take(packets);
}

void Node::handle(int from, std::span<const std::byte> packet, std::vector<Packet>& packets) {
  Reader reader(packet);
  for (; !reader.at_end(); ++messages_) handle_message(from, protocol::decode(reader));
  obey();
  note_waits();
  outbox_.take(packets);
}

void Node::handle_message(int from, const protocol::Message& message) {
  if (const auto* function = std::get_if<protocol::DefineFunction>(&message)) {
    state_.on_define_function(function->function, &sim_function());
  } else if (const auto* group = std::get_if<protocol::DefineGroup>(&message)) {
    state_.on_define_group(*group, &sim_function(), commands_);
  } else if (const auto* task = std::get_if<protocol::AssignTask>(&message)) {
    state_.on_assign(*task, commands_);
  } else if (const auto* range = std::get_if<protocol::AssignRange>(&message)) {
    state_.on_assign(*range, commands_);
  } else if (const auto* member = std::get_if<protocol::AssignMember>(&message)) {
    state_.on_assign(*member, commands_);
  } else if (const auto* start = std::get_if<protocol::StartGang>(&message)) {
    state_.on_start(start->run);
  } else if (const auto* stop = std::get_if<protocol::StopGang>(&message)) {
    state_.on_stop(*stop, commands_);
  } else if (std::holds_alternative<protocol::DropCommunicator>(message)) {
    // Nothing is sent within gangs here.
  } else if (const auto* release = std::get_if<protocol::ReleaseData>(&message)) {
    for (std::size_t index = 0; index < release->ids.size(); ++index)
      state_.on_release(release->ids[index]);
  } else if (const auto* fetch = std::get_if<protocol::Fetch>(&message)) {
    answer(from, *fetch);
  } else if (const auto* data = std::get_if<protocol::Data>(&message)) {
    const bool found = data->answer == protocol::Data::Answer::found;
    state_.on_data(data->request, data->answer, found ? make_sim_value() : detail::ValuePtr(),
                   data->stream_bytes, commands_);
  } else if (const auto* located = std::get_if<protocol::Located>(&message)) {
    state_.on_located(*located, commands_);
  } else if (const auto* copy = std::get_if<protocol::Replicate>(&message)) {
    state_.on_replicate(copy->piece, commands_);
  } else if (const auto* dropped = std::get_if<protocol::DropStretch>(&message)) {
    state_.on_drop_stretch(dropped->id, dropped->begin);
  } else if (const auto* question = std::get_if<protocol::GiveBack>(&message)) {
    give_back(question->units_max);
  } else if (const auto* unwanted = std::get_if<protocol::CancelWork>(&message)) {
    std::vector<TaskId> ids;
    for (std::size_t index = 0; index < unwanted->ids.size(); ++index)
      ids.push_back(unwanted->ids[index]);
    state_.on_cancel(ids, commands_);
  } else if (const auto* ended = std::get_if<protocol::TaskEnded>(&message)) {
    ended_.push_back(ended->task);
  } else {
    check(false, "a worker is sent work, releases and data, nothing else");
  }
}

void Node::answer(int from, const protocol::Fetch& message) {
  protocol::Data data;
  data.request = message.request;
  bool found = false;
  if (message.slice) {
    const worker::Store::Stretch* stretch = store_.find_stretch(message.id, message.begin);
    found = stretch != nullptr && message.begin + message.count <= stretch->begin + stretch->count;
    data.stream_bytes = message.count * size_of_(message.id);
  } else {
    found = store_.contains(message.id);
    data.stream_bytes = size_of_(message.id);
  }
  if (!found) return state_.on_fetch(from, message, commands_);
  data.answer = protocol::Data::Answer::found;
  outbox_.add_data(from, data.stream_bytes);
  outbox_.send(from, data);
}

void Node::give_back(std::uint32_t units_max) {
  const worker::WorkerCommands::GaveBack given = state_.on_give_back(units_max, commands_);
  given_back_ += given.tasks.size() + given.ranges.size();
  outbox_.send(
      0, protocol::GaveBack{protocol::PackedList<TaskId>(std::span<const TaskId>(given.tasks)),
                            protocol::PackedList<protocol::RangeCut>(
                                std::span<const protocol::RangeCut>(given.ranges))});
}

std::unique_ptr<Batch> Node::start() {
  if (state_.startable() == 0) return nullptr;
  std::unique_ptr<Batch> batch;
  if (batches_.empty()) {
    batch = std::make_unique<Batch>();
  } else {
    batch = std::move(batches_.back());
    batches_.pop_back();
  }
  state_.take(*batch);
  check(!batch->items.empty(), "a thread gets something when something is ready");
  return batch;
}

void Node::note_waits() {
  const protocol::Waits now{state_.suspended(), state_.held_back()};
  if (now == told_) return;
  outbox_.send(0, now);
  told_ = now;
}

void Node::suspend(Batch& batch, std::vector<Packet>& packets) {
  Batch done;
  state_.split(batch, done, commands_);
  report_tasks(done);
  state_.suspend(batch, commands_);
  obey();
  note_waits();
  outbox_.take(packets);
}

void Node::resume(const Batch& batch, std::vector<Packet>& packets) {
  state_.want_slot();
  state_.resume(batch);
  note_waits();
  outbox_.take(packets);
}

void Node::finish(std::unique_ptr<Batch> batch, std::vector<Packet>& packets) {
  for (Execution& item : batch->items) {
    if (item.kind == Execution::Kind::bind && !item.threw) item.result = make_sim_value();
  }
  state_.on_done(*batch, commands_);
  report_tasks(*batch);
  obey();
  note_waits();
  state_.take_timings(timings_);
  for (const protocol::Timing& timing : timings_) outbox_.send(0, timing);
  timings_.clear();
  batch->clear();
  batches_.push_back(std::move(batch));
  outbox_.take(packets);
}

void Node::set_pause(worker::Pause pause, std::vector<Packet>& packets) {
  state_.set_pause(pause);
  protocol::MemoryState message;
  message.managed_bytes = store_.bytes();
  message.paused = pause != worker::Pause::none;
  outbox_.send(0, message);
  outbox_.take(packets);
}

void Node::send_all_away() {
  std::vector<const detail::Value*> read;
  state_.append_read(read);
  std::vector<worker::ValueKey> unused;
  for (const worker::Store::Large& each : store_.by_use()) {
    const detail::Value* value = store_.value_of(each.key);
    // Most values of the simulation are null: nobody can point to those.
    if (value == nullptr || std::ranges::find(read, value) == read.end())
      unused.push_back(each.key);
  }
  for (const worker::ValueKey& key : unused) {
    store_.find_large(key)->backing = std::make_shared<int>(0);
    store_.send_away(key);
  }
}

void Node::end_load(std::vector<Packet>& packets) {
  const worker::WorkerCommands::Load load = loads_.front();
  loads_.pop_front();
  // It may have been released meanwhile; those that waited for it do not mind.
  store_.bring_back(load.key, detail::ValuePtr());
  state_.on_data(load.request, protocol::Data::Answer::found, detail::ValuePtr(), 0, commands_);
  obey();
  outbox_.take(packets);
}

void Node::report_tasks(const Batch& batch) {
  for (const Execution& item : batch.items) {
    if (item.run != 0) {
      report_member(item);
      continue;
    }
    if (item.kind != Execution::Kind::task || item.detached) continue;
    if (item.threw) {
      outbox_.send(0, protocol::TaskThrew{item.id, item.error_type, item.error_message});
    } else {
      outbox_.send(0, protocol::TaskFinished{item.id, item.result_bytes, false, {}});
    }
  }
}

void Node::report_member(const Execution& item) {
  if (item.threw && !item.detached)
    outbox_.send(0, protocol::MemberFailed{item.run, item.error_type, item.error_message});
  outbox_.send(0, protocol::MemberEnded{item.run, item.result_bytes});
}

void Node::obey() {
  for (const std::uint64_t run : commands_.members_ready)
    outbox_.send(0, protocol::MemberReady{run});
  for (const worker::WorkerCommands::MemberEnded& each : commands_.members_ended) {
    if (each.failed) outbox_.send(0, protocol::MemberFailed{each.run, "input", "is nowhere"});
    outbox_.send(0, protocol::MemberEnded{each.run, 0});
  }
  for (const worker::WorkerCommands::Fetch& each : commands_.fetch) {
    ++fetches_;
    outbox_.send(each.holder, protocol::Fetch{each.request, each.id, each.slice, each.begin,
                                              each.count, each.sequence});
  }
  loads_.insert(loads_.end(), commands_.load.begin(), commands_.load.end());
  for (const worker::WorkerCommands::Answer& each : commands_.answers) {
    protocol::Data data;
    data.request = each.to.request;
    data.answer = each.answer;
    if (each.answer == protocol::Data::Answer::found) {
      data.stream_bytes = size_of_(each.id);
      outbox_.add_data(each.to.rank, data.stream_bytes);
    }
    outbox_.send(each.to.rank, data);
  }
  for (const worker::WorkerCommands::Replicated& each : commands_.replicated)
    outbox_.send(0, protocol::Replicated{each.id, each.begin, each.kept});
  for (const TaskId id : commands_.locate) outbox_.send(0, protocol::Locate{id});
  for (const TaskId id : commands_.replicas) outbox_.send(0, protocol::Replica{id});
  for (RangeWork* range : commands_.finished_ranges) {
    const std::uint64_t bytes = range->count * size_of_(range->group);
    store_.put_stretch(range->group, {range->begin, range->count, detail::ValuePtr(), bytes});
    for (const detail::ElementFailure& failure : range->failures) {
      outbox_.send(0, protocol::ElementThrew{range->group, failure.index, failure.inherited,
                                             failure.type, failure.message});
    }
    outbox_.send(0, protocol::RangeFinished{range->group, range->begin, range->count, bytes});
    state_.recycle(range);
  }
  commands_.clear();
  std::vector<std::uint32_t> claims;
  state_.take_ended_claims(claims);
  for (const std::uint32_t claim : claims) outbox_.send(0, protocol::ClaimEnded{claim});
}

}  // namespace tutti::sim

#pragma once

/// Packets between simulated ranks, and the messages that scheduler commands stand for.

#include "protocol/codec.hpp"
#include "scheduler/scheduler.hpp"
#include "tutti/bytes.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace tutti::sim {

/// Messages on their way from one rank to another.
struct Packet {
  int from = 0;
  int to = 0;
  Bytes bytes;
  std::uint64_t data_bytes = 0;  ///< of values that travel beside it; they do not exist here
};

/// Collects messages, one packet for each destination.
class Outbox {
 public:
  explicit Outbox(int from) : from_(from) {}

  template <class Message>
  void send(int to, const Message& message) {
    protocol::encode(waiting_[to].writer, message);
  }
  Writer& to(int rank) { return waiting_[rank].writer; }
  /// A value of so many bytes goes with the packet.
  void add_data(int to, std::uint64_t bytes) { waiting_[to].data_bytes += bytes; }
  bool empty() const { return waiting_.empty(); }
  /// Appends the packets, in order of destination, and is empty again.
  void take(std::vector<Packet>& packets) {
    for (auto& [to, waiting] : waiting_)
      packets.push_back({from_, to, waiting.writer.take(), waiting.data_bytes});
    waiting_.clear();
  }

 private:
  struct Waiting {
    Writer writer;
    std::uint64_t data_bytes = 0;
  };
  int from_;
  std::map<int, Waiting> waiting_;
};

/// The message for an assigned task; `inputs` has its list.
inline protocol::AssignTask assignment_of(const scheduler::Scheduler& scheduler, TaskId task,
                                          std::int32_t worker,
                                          std::vector<protocol::InputRef>& inputs) {
  const scheduler::TaskRecord* record = scheduler.find_task(task);
  check(record != nullptr, "an assigned task is alive");
  scheduler.append_input_refs(*record, worker, inputs);
  protocol::AssignTask message;
  message.task = task;
  message.function = record->function;
  message.priority = record->priority;
  message.inline_result = record->inline_result;
  message.depth = record->depth;
  message.attempt = record->attempt;
  message.stream = record->stream;
  message.inputs =
      protocol::PackedList<protocol::InputRef>(std::span<const protocol::InputRef>(inputs));
  message.payload = record->payload.bytes();
  return message;
}

/// Writes the message for an assigned task.
inline void encode_assign(Writer& writer, const scheduler::Scheduler& scheduler,
                          const scheduler::Commands::Assign& command) {
  std::vector<protocol::InputRef> inputs;
  protocol::AssignTask message = assignment_of(scheduler, command.task, command.worker, inputs);
  message.claim = scheduler.demands().ref_of(command.claim);
  protocol::encode(writer, message);
}

/// Writes the message for a member of a gang.
inline void encode_assign_member(Writer& writer, const scheduler::Scheduler& scheduler,
                                 const scheduler::GangCommands::Assign& command) {
  const scheduler::GangRun* run = scheduler.find_run(command.run);
  check(run != nullptr, "a member is assigned while its gang is under way");
  std::vector<protocol::InputRef> inputs;
  protocol::encode(writer, scheduler::member_message(
                               *run, command.run, command.worker,
                               assignment_of(scheduler, command.task, command.worker, inputs)));
}

/// Writes the message for an assigned stretch of a map.
inline void encode_assign_range(Writer& writer, const scheduler::Scheduler& scheduler,
                                const scheduler::Commands::AssignRange& command) {
  const scheduler::GroupRecord* group = scheduler.find_group(command.group);
  check(group != nullptr, "an assigned range belongs to a group that is alive");
  std::vector<protocol::PieceRef> pieces;
  for (std::size_t number = 0; number < group->sources.size(); ++number) {
    scheduler.append_pieces(group->sources[number], static_cast<std::uint32_t>(number),
                            command.begin, command.count, pieces);
  }
  protocol::AssignRange message;
  message.group = command.group;
  message.begin = command.begin;
  message.count = command.count;
  message.priority = group->priority;
  message.pinned = group->pinned;
  message.depth = group->depth;
  message.pieces =
      protocol::PackedList<protocol::PieceRef>(std::span<const protocol::PieceRef>(pieces));
  message.claim = scheduler.demands().ref_of(command.claim);
  protocol::encode(writer, message);
}

/// Writes the message that tells a rank what a group runs.
inline void encode_define_group(Writer& writer, const scheduler::Scheduler& scheduler, TaskId id,
                                int rank) {
  const scheduler::GroupRecord* group = scheduler.find_group(id);
  check(group != nullptr, "a group that is defined is alive");
  std::vector<protocol::InputRef> inputs;
  scheduler.append_constant_refs(*group, rank, inputs);
  protocol::DefineGroup message;
  message.group = id;
  message.inputs =
      protocol::PackedList<protocol::InputRef>(std::span<const protocol::InputRef>(inputs));
  protocol::encode(writer, message);
}

}  // namespace tutti::sim

#pragma once

/// Recorder: takes what the scheduler commands. Everything that would travel is encoded, decoded
/// and compared with what the scheduler knows, so each scheduler test is a codec test too. It must
/// end empty.

#include "protocol/codec.hpp"
#include "scheduler/scheduler.hpp"
#include "sim/packets.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace tutti::testing {

struct GroupDone {
  TaskId id;
};
struct Forgotten {
  TaskId id;
};

using scheduler::GangCommands;
struct GangStart {
  GangCommands::Tell tell;
};
struct GangStop {
  GangCommands::Tell tell;
};
struct GangDone {
  TaskId id;
};

class Recorder {
 public:
  using Commands = scheduler::Commands;

  explicit Recorder(const scheduler::Scheduler& scheduler) : scheduler_(scheduler) {}
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder() { CHECK_MESSAGE(empty(), "all commands were expected"); }

  /// What events append to; absorb() takes it.
  Commands& commands() { return commands_; }
  void absorb() {
    for (const auto& each : commands_.assign) compare(each);
    for (const auto& each : commands_.assign_range) compare(each);
    for (const auto& each : commands_.release) compare(each);
    for (const auto& each : commands_.gangs.assign) compare(each);
    append<Commands::Assign>(commands_.assign);
    append<Commands::AssignRange>(commands_.assign_range);
    append<Commands::Release>(commands_.release);
    append<GangCommands::Assign>(commands_.gangs.assign);
    append<GangCommands::Drop>(commands_.gangs.drop);
    for (const auto& each : commands_.gangs.start)
      std::get<std::vector<GangStart>>(taken_).push_back({each});
    for (const auto& each : commands_.gangs.stop)
      std::get<std::vector<GangStop>>(taken_).push_back({each});
    for (const TaskId id : commands_.gangs.done)
      std::get<std::vector<GangDone>>(taken_).push_back({id});
    append<Commands::GiveBack>(commands_.give_back);
    append<Commands::Located>(commands_.located);
    append<Commands::Cancel>(commands_.cancel);
    append<Commands::Replicate>(commands_.replicate);
    append<Commands::Drop>(commands_.drop);
    append<Commands::Replicated>(commands_.replicated);
    append<Commands::Failed>(commands_.failed);
    for (const TaskId id : commands_.group_done)
      std::get<std::vector<GroupDone>>(taken_).push_back({id});
    for (const TaskId id : commands_.forgotten)
      std::get<std::vector<Forgotten>>(taken_).push_back({id});
    commands_.clear();
  }
  /// How many commands of one kind wait to be taken.
  template <class Command>
  std::size_t peek() {
    absorb();
    return std::get<std::vector<Command>>(taken_).size();
  }
  /// All commands of one kind, of which there are `count`.
  template <class Command>
  std::vector<Command> take(std::size_t count) {
    absorb();
    std::vector<Command> result = std::move(std::get<std::vector<Command>>(taken_));
    std::get<std::vector<Command>>(taken_).clear();
    REQUIRE_EQ(result.size(), count);
    return result;
  }
  /// True when every command was taken.
  bool empty() {
    absorb();
    return std::apply([](const auto&... each) { return (each.empty() && ...); }, taken_);
  }

 private:
  template <class Command>
  void append(const std::vector<Command>& commands) {
    auto& list = std::get<std::vector<Command>>(taken_);
    list.insert(list.end(), commands.begin(), commands.end());
  }

  template <class Message>
  Message travelled() {
    Reader reader(writer_.bytes());
    protocol::Message message = protocol::decode(reader);
    REQUIRE(reader.at_end());
    REQUIRE(std::holds_alternative<Message>(message));
    return std::get<Message>(message);
  }

  void compare(const Commands::Assign& command) {
    writer_.clear();
    sim::encode_assign(writer_, scheduler_, command);
    const auto message = travelled<protocol::AssignTask>();
    const scheduler::TaskRecord& record = *scheduler_.find_task(command.task);
    REQUIRE(message.task == command.task);
    REQUIRE_EQ(message.function, record.function);
    REQUIRE_EQ(message.priority, record.priority);
    REQUIRE_EQ(message.inline_result, record.inline_result);
    REQUIRE(std::ranges::equal(message.payload, record.payload.bytes()));
    compare(record.input_span(), message.inputs);
  }

  void compare(const GangCommands::Assign& command) {
    writer_.clear();
    sim::encode_assign_member(writer_, scheduler_, command);
    const auto message = travelled<protocol::AssignMember>();
    const scheduler::GangRun& run = *scheduler_.find_run(command.run);
    REQUIRE(message.task.task == command.task);
    REQUIRE_EQ(message.run, command.run);
    REQUIRE_EQ(message.communicator, run.communicator);
    REQUIRE_EQ(message.size, run.members.size());
    REQUIRE_EQ(run.members[message.index], command.worker);
    REQUIRE(message.members.to_vector() ==
            (run.is_known ? std::vector<std::int32_t>() : run.members));
    compare(scheduler_.find_task(command.task)->input_span(), message.task.inputs);
  }

  /// Values come as they are, slices in pieces that follow each other, and mere order not at all.
  void compare(std::span<const scheduler::Input> inputs,
               const protocol::PackedList<protocol::InputRef>& refs) {
    std::size_t next = 0;
    for (const scheduler::Input& input : inputs) {
      if (input.is_order()) continue;
      std::uint64_t index = input.index;
      do {
        REQUIRE(next < refs.size());
        const protocol::InputRef ref = refs[next++];
        REQUIRE(ref.id == input.id);
        REQUIRE_EQ(ref.index, index);
        REQUIRE(ref.count != 0);
        REQUIRE(ref.holder >= 0);
        index += ref.count;
      } while (index < input.index + input.count);
      REQUIRE_EQ(index, input.index + input.count);
    }
    REQUIRE_EQ(next, refs.size());
  }

  void compare(const Commands::AssignRange& command) {
    writer_.clear();
    sim::encode_assign_range(writer_, scheduler_, command);
    const auto message = travelled<protocol::AssignRange>();
    const scheduler::GroupRecord& group = *scheduler_.find_group(command.group);
    REQUIRE(message.group == command.group);
    REQUIRE_EQ(message.begin, command.begin);
    REQUIRE_EQ(message.count, command.count);
    REQUIRE_EQ(message.priority, group.priority);
    // The pieces of each source cover the range, in order.
    std::vector<std::uint64_t> next(group.sources.size(), command.begin);
    for (std::size_t index = 0; index < message.pieces.size(); ++index) {
      const protocol::PieceRef piece = message.pieces[index];
      REQUIRE(piece.id == group.sources[piece.source]);
      REQUIRE_EQ(piece.begin, next[piece.source]);
      next[piece.source] += piece.count;
    }
    for (const std::uint64_t end : next) REQUIRE_EQ(end, command.begin + command.count);
  }

  void compare(const Commands::Release& command) {
    writer_.clear();
    const TaskId ids[] = {command.id};
    protocol::encode(
        writer_, protocol::ReleaseData{protocol::PackedList<TaskId>(std::span<const TaskId>(ids))});
    const auto message = travelled<protocol::ReleaseData>();
    REQUIRE_EQ(message.ids.size(), 1);
    REQUIRE(message.ids[0] == command.id);
  }

  const scheduler::Scheduler& scheduler_;
  Commands commands_;
  Writer writer_;
  std::tuple<std::vector<Commands::Assign>, std::vector<Commands::AssignRange>,
             std::vector<Commands::Release>, std::vector<Commands::GiveBack>,
             std::vector<Commands::Located>, std::vector<Commands::Cancel>,
             std::vector<Commands::Failed>, std::vector<GroupDone>, std::vector<Forgotten>,
             std::vector<Commands::Replicate>, std::vector<Commands::Drop>,
             std::vector<Commands::Replicated>, std::vector<GangCommands::Assign>,
             std::vector<GangCommands::Drop>, std::vector<GangStart>, std::vector<GangStop>,
             std::vector<GangDone>>
      taken_;
};

}  // namespace tutti::testing

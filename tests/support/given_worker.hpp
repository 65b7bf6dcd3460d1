#pragma once

/// GivenWorker: a worker state, and short names for what tests do with it. Checks the invariants
/// after every event.

#include "sim/sim_value.hpp"
#include "worker/worker_state.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace tutti::worker::testing {

using protocol::AssignRange;
using protocol::AssignTask;
using protocol::Data;
using protocol::DefineGroup;
using protocol::InputRef;
using protocol::PackedList;
using protocol::PieceRef;

inline constexpr std::int32_t own_rank = 1;

inline TaskId task(std::uint32_t slot) { return TaskId::task(slot, 1); }
inline const TaskId map = TaskId::group(1, 1);
inline const TaskId source = TaskId::group(2, 1);

struct GivenWorker {
  explicit GivenWorker(WorkerLimits limits = {.slots = 1, .rank = own_rank, .batch_tasks_max = 1})
      : state(limits, store) {
    state.on_define_function(0, &sim::sim_function());
    state.on_define_function(1, &sim::sim_function());
  }

  void assign(TaskId id, const std::vector<InputRef>& inputs = {}, std::int16_t priority = 0) {
    AssignTask message;
    message.task = id;
    message.priority = priority;
    message.inputs = PackedList<InputRef>(std::span<const InputRef>(inputs));
    state.on_assign(message, commands);
    state.check_invariants();
  }
  void define(TaskId group, const std::vector<InputRef>& inputs = {}) {
    DefineGroup message;
    message.group = group;
    message.inputs = PackedList<InputRef>(std::span<const InputRef>(inputs));
    state.on_define_group(message, &sim::sim_function(), commands);
    state.check_invariants();
  }
  void assign_range(TaskId group, std::uint64_t begin, std::uint64_t count,
                    const std::vector<PieceRef>& pieces = {}) {
    AssignRange message;
    message.group = group;
    message.begin = begin;
    message.count = count;
    message.pieces = PackedList<PieceRef>(std::span<const PieceRef>(pieces));
    state.on_assign(message, commands);
    state.check_invariants();
  }
  WorkerCommands::Fetch take_fetch() {
    REQUIRE_EQ(commands.fetch.size(), 1);
    const WorkerCommands::Fetch fetch = commands.fetch.front();
    commands.fetch.clear();
    return fetch;
  }
  void arrive(const WorkerCommands::Fetch& fetch, Data::Answer answer = Data::Answer::found,
              std::uint64_t bytes = 8) {
    const bool found = answer == Data::Answer::found;
    state.on_data(fetch.request, answer, found ? sim::make_sim_value() : detail::ValuePtr(), bytes,
                  commands);
    state.check_invariants();
  }
  /// Takes a batch and says what it is; it must hold one item.
  Execution& take() {
    batch.clear();
    state.take(batch);
    REQUIRE_EQ(batch.items.size(), 1);
    return batch.items.front();
  }
  void done(std::uint64_t elapsed_ns = 1'000) {
    for (Execution& item : batch.items) {
      item.elapsed_ns = elapsed_ns * std::max<std::uint64_t>(1, item.count);
      if (!item.threw && item.kind != Execution::Kind::block) item.result = sim::make_sim_value();
      item.result_bytes = 8;
    }
    state.on_done(batch, commands);
    state.check_invariants();
  }
  void run(TaskId id) {
    CHECK(take().task->id == id);
    done();
  }
  WorkerCommands::GaveBack give_back(std::uint32_t units_max = 1'000) {
    WorkerCommands::GaveBack given = state.on_give_back(units_max, commands);
    state.check_invariants();
    return given;
  }
  /// Rank `from` asks for a task of this rank that is not done; `sequence` counts assignments.
  void ask(int from, TaskId id, std::uint32_t sequence = 0) {
    protocol::Fetch message;
    message.request = static_cast<std::uint64_t>(from);
    message.id = id;
    message.sequence = sequence;
    state.on_fetch(from, message, commands);
    state.check_invariants();
  }
  void locate(TaskId id, std::int32_t holder, std::uint32_t sequence = 0) {
    state.on_located({id, holder, sequence}, commands);
    state.check_invariants();
  }
  WorkerCommands::Answer take_answer() {
    REQUIRE_EQ(commands.answers.size(), 1);
    const WorkerCommands::Answer answer = commands.answers.front();
    commands.answers.clear();
    return answer;
  }
  TaskId take_locate() {
    REQUIRE_EQ(commands.locate.size(), 1);
    const TaskId id = commands.locate.front();
    commands.locate.clear();
    return id;
  }
  void bind() {
    CHECK(take().kind == Execution::Kind::bind);
    done();
  }

  Store store;
  WorkerState state;
  WorkerCommands commands;
  Batch batch;
};

}  // namespace tutti::worker::testing

#pragma once

/// Node: a worker rank of the simulation. Packets become events of the real WorkerState, its
/// commands become packets; whoever drives the node says what running a batch gave.

#include "sim/packets.hpp"
#include "worker/store.hpp"
#include "worker/worker_state.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace tutti::sim {

class Node {
 public:
  /// Bytes of a task's result, or of an element's.
  using SizeOf = std::function<std::uint64_t(TaskId)>;

  explicit Node(
      worker::WorkerLimits limits, SizeOf size_of = [](TaskId) { return 8; });

  int rank() const { return static_cast<int>(state_.limits().rank); }
  worker::WorkerState& state() { return state_; }
  const worker::Store& store() const { return store_; }
  /// The first packet: the node is ready.
  void say_hello(std::vector<Packet>& packets, const protocol::Resources& resources = {});
  void handle(int from, std::span<const std::byte> packet, std::vector<Packet>& packets);
  /// Short of memory, or not any more; tells rank 0.
  void set_pause(worker::Pause pause, std::vector<Packet>& packets);
  /// All large values that nobody uses leave memory; what needs one asks for it, see loads().
  void send_all_away();
  /// Values that were asked for and are still away.
  std::size_t loads() const { return loads_.size(); }
  /// The first of them comes back.
  void end_load(std::vector<Packet>& packets);
  /// What a free thread runs next; null when nothing is ready. The caller fills in the results.
  std::unique_ptr<worker::Batch> start();
  /// What runs in the batch, its item `current`, waits inside of itself; what is before it is done.
  void suspend(worker::Batch& batch, std::vector<Packet>& packets);
  /// What waited goes on; there must be a slot.
  void resume(const worker::Batch& batch, std::vector<Packet>& packets);
  /// The batch is done: reports it.
  void finish(std::unique_ptr<worker::Batch> batch, std::vector<Packet>& packets);
  /// What tasks of this node submitted and ended elsewhere, since the caller cleared it.
  std::vector<TaskId>& ended() { return ended_; }
  std::uint64_t fetches() const { return fetches_; }
  std::uint64_t given_back() const { return given_back_; }
  /// Messages that arrived.
  std::uint64_t messages() const { return messages_; }

 private:
  void handle_message(int from, const protocol::Message& message);
  void answer(int from, const protocol::Fetch& message);
  void give_back(std::uint32_t units_max);
  void report_tasks(const worker::Batch& batch);
  void report_member(const worker::Execution& item);
  void note_waits();
  void obey();

  SizeOf size_of_;
  worker::Store store_;
  worker::WorkerState state_;
  worker::WorkerCommands commands_;
  Outbox outbox_;
  std::vector<protocol::Timing> timings_;
  std::vector<std::unique_ptr<worker::Batch>> batches_;
  std::vector<TaskId> ended_;
  protocol::Waits told_;
  std::deque<worker::WorkerCommands::Load> loads_;
  std::uint64_t fetches_ = 0;
  std::uint64_t given_back_ = 0;
  std::uint64_t messages_ = 0;
};

}  // namespace tutti::sim

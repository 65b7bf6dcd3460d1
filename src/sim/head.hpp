#pragma once

/// Head: rank 0 of the simulation. Packets become events of the real scheduler, its commands become
/// packets.

#include "scheduler/scheduler.hpp"
#include "sim/packets.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

namespace tutti::sim {

/// What the client would be told.
struct Outcome {
  enum class Kind : std::uint8_t { finished, failed, group_done, forgotten };
  TaskId id;
  Kind kind = Kind::finished;
  scheduler::FailurePtr failure;
};

class Head {
 public:
  explicit Head(scheduler::SchedulerOptions options) : scheduler_(options), outbox_(0) {}

  scheduler::Scheduler& scheduler() { return scheduler_; }
  const scheduler::Scheduler& scheduler() const { return scheduler_; }
  /// For events that the client causes; flush() obeys what they ask.
  scheduler::Commands& commands() { return commands_; }
  /// Hands a packet's messages to the scheduler.
  void handle(int from, std::span<const std::byte> packet);
  /// Places what is ready and turns all commands into packets.
  void flush(std::vector<Packet>& packets);
  /// What happened since the caller cleared it.
  std::vector<Outcome>& outcomes() { return outcomes_; }
  /// Reports that the scheduler ignored.
  std::uint64_t stale_reports() const { return stale_reports_; }
  /// See scheduler::Scheduler::describe.
  void describe(std::vector<std::uint64_t>& words) const;

 private:
  void handle_message(int from, const protocol::Message& message);
  void take_back(int from, const protocol::GaveBack& message);
  void obey();

  scheduler::Scheduler scheduler_;
  scheduler::Commands commands_;
  Outbox outbox_;
  std::vector<Outcome> outcomes_;
  std::map<int, std::set<std::uint32_t>> functions_;  ///< defined on each rank
  std::map<TaskId, std::set<int>> groups_;            ///< ranks that each group is defined on
  std::uint64_t stale_reports_ = 0;
};

}  // namespace tutti::sim

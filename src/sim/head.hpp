#pragma once

/// Head: rank 0 of the simulation. Packets become events of the real scheduler, its commands become
/// packets.

#include "scheduler/scheduler.hpp"
#include "sim/inside_clock.hpp"
#include "sim/packets.hpp"

#include <cstdint>
#include <map>
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
  /// `measured`: clock() tells the time spent inside the scheduler.
  explicit Head(scheduler::SchedulerOptions options, bool measured = false)
      : scheduler_(options), clock_(measured), outbox_(0) {}

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
  /// Measures what handle() and flush() do inside the scheduler, and what the client asks of it.
  InsideClock& clock() { return clock_; }
  /// Messages that arrived.
  std::uint64_t messages() const { return messages_; }

 private:
  void handle_message(int from, const protocol::Message& message);
  void submit(int from, const protocol::SubmitTask& message);
  void obey();
  void obey_copies();
  void obey_gangs();
  void define_function(int worker, std::uint32_t function);

  scheduler::Scheduler scheduler_;
  scheduler::Commands commands_;
  InsideClock clock_;
  std::vector<protocol::Message> decoded_;
  std::uint64_t messages_ = 0;
  Outbox outbox_;
  std::vector<Outcome> outcomes_;
  /// What is defined on each rank.
  std::vector<std::vector<bool>> functions_;
  std::map<TaskId, std::vector<bool>> groups_;
  std::uint64_t stale_reports_ = 0;
};

}  // namespace tutti::sim

// What both drivers do for gangs: tasks that several ranks run together.

#include "gang/communicators.hpp"
#include "runtime/rank.hpp"
#include "runtime/scheduler_driver.hpp"
#include "runtime/worker_driver.hpp"
#include "tutti/error.hpp"
#include "worker/run_batch.hpp"

#include <span>
#include <string>
#include <utility>

namespace tutti::runtime {
namespace {

constexpr std::size_t message_bytes = 64;
constexpr std::size_t text_bytes_max = 16 * 1024;

std::string_view shortened(const std::string& text) {
  return std::string_view(text).substr(0, text_bytes_max);
}

}  // namespace

// ---- rank 0

void SchedulerDriver::on(int from, const protocol::MemberReady& message) {
  dirty_ = true;
  scheduler_.on_member_ready(from, message.run, commands_);
}

void SchedulerDriver::on(int from, const protocol::MemberFailed& message) {
  dirty_ = true;
  const scheduler::GangRun* run = scheduler_.find_run(message.run);
  if (run == nullptr || run->stopped) return;
  const scheduler::TaskRecord& record = *scheduler_.find_task(run->task);
  const std::string function = functions_[record.function].ops->name(record.payload.bytes());
  scheduler_.on_member_failed(
      from, message.run,
      failure(from, run->task, message.type, message.message, function, function), commands_);
}

void SchedulerDriver::on(int from, const protocol::MemberEnded& message) {
  dirty_ = true;
  scheduler_.on_member_ended(from, message.run, message.result_bytes, commands_);
}

void SchedulerDriver::obey_gangs() {
  const scheduler::GangCommands& gangs = commands_.gangs;
  if (gangs.empty()) return;
  for (const auto& each : gangs.assign) {
    const scheduler::GangRun& run = *scheduler_.find_run(each.run);
    const protocol::AssignMember message =
        scheduler::member_message(run, each.run, each.worker, assignment(each.task, each.worker));
    rank_.outbox().add(each.worker, message,
                       2 * message_bytes + message.task.inputs.bytes().size() +
                           message.task.payload.size() + message.members.bytes().size());
  }
  for (const auto& each : gangs.start)
    rank_.outbox().add(each.worker, protocol::StartGang{each.run}, message_bytes);
  for (const auto& each : gangs.stop)
    rank_.outbox().add(each.worker, protocol::StopGang{each.run, each.task}, message_bytes);
  for (const auto& each : gangs.drop) {
    rank_.outbox().add(each.worker, protocol::DropCommunicator{each.communicator, each.failed},
                       message_bytes);
  }
  for (const TaskId id : gangs.done) tell_gang_done(id);
}

void SchedulerDriver::tell_gang_done(TaskId id) {
  const scheduler::TaskRecord* record = scheduler_.find_task(id);
  if (record == nullptr) return;
  if (record->owner == rank_.rank()) {
    sink_->on_finished(id, false, {});
  } else {
    rank_.outbox().add(record->owner,
                       protocol::TaskEnded{id, record->worker, record->result_bytes, false, {}},
                       message_bytes);
  }
}

// ---- a rank that works

void WorkerDriver::on(int, const protocol::AssignMember& message) {
  state_.on_assign(message, commands_);
  obey();
}

void WorkerDriver::on(int, const protocol::StartGang& message) { state_.on_start(message.run); }

void WorkerDriver::on(int, const protocol::StopGang& message) {
  state_.on_stop(message, commands_);
  obey();
  // A member that waits inside of itself stops waiting.
  rank_.engine().notify();
}

void WorkerDriver::on(int, const protocol::DropCommunicator& message) {
  rank_.gangs().drop(message.communicator, message.failed);
}

void WorkerDriver::obey_members() {
  for (const std::uint64_t run : std::exchange(commands_.members_ready, {}))
    rank_.outbox().add(0, protocol::MemberReady{run}, message_bytes);
  for (const auto& each : std::exchange(commands_.members_ended, {})) {
    if (each.failed) {
      rank_.outbox().add(
          0, protocol::MemberFailed{each.run, worker::problem_type, "an input of it is nowhere"},
          2 * message_bytes);
    }
    rank_.outbox().add(0, protocol::MemberEnded{each.run, 0}, message_bytes);
  }
}

/// Makes sure that the member's communicator is there. Before anything else that it does, and also
/// when it was told to stop: once all were told to begin, each one counts on the others.
void WorkerDriver::join_gang(worker::TaskWork& task) {
  const worker::GangMember& member = *task.member;
  try {
    (void)rank_.gangs().get(member.communicator, member.members);
  } catch (const Error& error) {
    task.problem = error.what();
  }
}

void WorkerDriver::report_member(const worker::Execution& item) {
  if (item.threw && !item.detached) {
    const protocol::MemberFailed message{item.run, shortened(item.error_type),
                                         shortened(item.error_message)};
    rank_.outbox().add(0, message, message_bytes + message.type.size() + message.message.size());
  }
  rank_.outbox().add(0, protocol::MemberEnded{item.run, item.result_bytes}, message_bytes);
}

}  // namespace tutti::runtime

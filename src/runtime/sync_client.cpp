#include "runtime/sync_client.hpp"

#include "runtime/rank.hpp"
#include "runtime/worker_driver.hpp"
#include "tutti/error.hpp"
#include "tutti/serialize.hpp"
#include "worker/task_context.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace tutti::runtime {
namespace {

constexpr std::size_t message_overhead_bytes = 96;
/// So long a task waits with its slot: an answer that needs nobody else is there sooner, and giving
/// the slot up would cost more.
constexpr std::chrono::microseconds patience(100);

}  // namespace

/// What the run of a task, or an element of a map, may hold on rank 0.
class SyncClient::TaskHoldings final : public worker::Holdings {
 public:
  TaskHoldings(SyncClient& client, std::uint64_t number) : client_(client), number_(number) {}
  ~TaskHoldings() override { client_.task_ended(number_); }
  std::uint64_t number() const { return number_; }

 private:
  SyncClient& client_;
  std::uint64_t number_;
};

/// Of what the calling thread runs; 0: the client. Runs of the same task have different ones.
std::uint64_t SyncClient::number_of_task() {
  worker::TaskContext* task = worker::current_task();
  if (task == nullptr) return 0;
  // What an earlier element left behind goes first; that takes the lock.
  task->drop_old_holdings();
  if (!task->holdings) {
    std::uint64_t number;
    {
      const Lock lock(rank_.engine().mutex());
      number = ++tasks_;
      if (task->batch != nullptr) rank_.worker()->note_coordination(*task);
    }
    task->hold(std::make_unique<TaskHoldings>(*this, number));
  }
  return static_cast<const TaskHoldings&>(*task->holdings).number();
}

void SyncClient::task_ended(std::uint64_t number) {
  const Lock lock(rank_.engine().mutex());
  rank_.outbox().add(0, protocol::SyncTaskEnded{number}, message_overhead_bytes);
  rank_.outbox().flush();
}

void SyncClient::send(const protocol::SyncRequest& request) {
  rank_.outbox().add(0, request,
                     message_overhead_bytes + request.names.size() + request.payload.size());
  rank_.outbox().flush();
}

detail::SyncReply SyncClient::ask(const detail::SyncCall& call, Timeout timeout) {
  protocol::SyncRequest request;
  request.operation = call.operation;
  request.may_wait = sync::may_wait(call.operation) && timeout.seconds() > 0;
  request.object = call.object;
  request.task = number_of_task();
  request.amount = call.number;
  Writer names;
  detail::write_value(names, call.names);
  request.names = names.bytes();
  request.has_payload = call.payload != nullptr;
  if (call.payload) request.payload = *call.payload;
  const Deadline deadline = deadline_of(timeout);
  Lock lock(rank_.engine().mutex());
  request.number = ++requests_;
  Pending& pending = pending_[request.number];
  send(request);
  if (request.may_wait) {
    wait(lock, call, request.number, pending, deadline);
  } else {
    rank_.engine().wait(lock, [&] { return pending.answered; });
  }
  const Pending answer = std::move(pending_.extract(request.number).mapped());
  if (answer.outcome == protocol::SyncAnswer::Outcome::refused)
    throw Error(ErrorCode::bad_argument, answer.problem);
  return answer.reply;
}

/// Whatever ends the wait, the answer comes: what was granted before the limit, or before the task
/// was told to stop, is not lost.
void SyncClient::wait(Lock& lock, const detail::SyncCall& call, std::uint64_t number,
                      const Pending& pending, Deadline deadline) {
  ProgressEngine& engine = rank_.engine();
  const auto answered = [&] { return pending.answered; };
  const Clock::time_point soon = Clock::now() + patience;
  if (engine.wait(lock, answered, deadline ? std::min(*deadline, soon) : soon)) return;
  std::exception_ptr stopped;
  try {
    const auto kind = sync::waits_for_holder(call.operation) ? worker::WaitsFor::holder
                                                             : worker::WaitsFor::anybody;
    if (rank_.wait_for_tasks(lock, answered, deadline, kind)) return;
  } catch (...) {
    stopped = std::current_exception();
  }
  rank_.outbox().add(0, protocol::SyncCancel{number}, message_overhead_bytes);
  rank_.outbox().flush();
  engine.wait(lock, answered);
  if (!stopped || pending.outcome != protocol::SyncAnswer::Outcome::not_now) return;
  pending_.erase(number);
  std::rethrow_exception(stopped);
}

void SyncClient::on(const protocol::SyncAnswer& message) {
  const auto found = pending_.find(message.number);
  if (found == pending_.end()) return;
  Pending& pending = found->second;
  pending.outcome = message.outcome;
  pending.reply.in_time = message.outcome != protocol::SyncAnswer::Outcome::not_now;
  pending.reply.number = message.amount;
  if (message.has_payload) {
    pending.reply.payload = std::make_shared<const std::vector<std::byte>>(message.payload.begin(),
                                                                           message.payload.end());
  }
  pending.problem = message.problem;
  pending.answered = true;
  rank_.engine().notify();
}

}  // namespace tutti::runtime

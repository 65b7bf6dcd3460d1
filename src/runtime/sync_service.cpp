#include "runtime/sync_service.hpp"

#include "runtime/outbox.hpp"
#include "tutti/serialize.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tutti::runtime {
namespace {

constexpr std::size_t answer_overhead_bytes = 64;

static_assert(static_cast<int>(protocol::SyncAnswer::Outcome::refused) ==
                  static_cast<int>(sync::Answer::Outcome::refused),
              "outcomes travel as numbers");

std::span<const std::byte> bytes_of(const sync::Payload& payload) {
  return payload ? std::span<const std::byte>(*payload) : std::span<const std::byte>();
}

}  // namespace

void SyncService::on(int from, const protocol::SyncRequest& message) {
  sync::Request request;
  request.id = {from, message.number};
  request.operation = message.operation;
  request.holder = {from, message.object, message.task};
  Reader names(message.names);
  request.names = detail::read_value<std::vector<std::string>>(names);
  request.number = message.amount;
  request.may_wait = message.may_wait;
  if (message.has_payload) {
    request.payload = std::make_shared<const std::vector<std::byte>>(message.payload.begin(),
                                                                     message.payload.end());
  }
  table_.on_request(request, answers_);
  send_answers();
}

void SyncService::on(int from, const protocol::SyncCancel& message) {
  table_.on_cancel({from, message.number}, answers_);
  send_answers();
}

void SyncService::on(int from, const protocol::SyncTaskEnded& message) {
  table_.on_task_ended(from, message.task, answers_);
  send_answers();
}

void SyncService::send_answers() {
  for (const sync::Answer& answer : answers_) {
    const protocol::SyncAnswer message{answer.to.number,
                                       static_cast<protocol::SyncAnswer::Outcome>(answer.outcome),
                                       answer.number,
                                       answer.payload != nullptr,
                                       bytes_of(answer.payload),
                                       answer.problem};
    outbox_.add(answer.to.rank, message,
                answer_overhead_bytes + message.payload.size() + message.problem.size());
  }
  answers_.clear();
}

}  // namespace tutti::runtime

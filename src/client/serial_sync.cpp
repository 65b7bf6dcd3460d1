#include "client/serial_sync.hpp"

#include "tutti/error.hpp"
#include "worker/task_context.hpp"

#include <chrono>
#include <memory>
#include <utility>

namespace tutti::client_module {

class SerialSync::TaskHoldings final : public worker::Holdings {
 public:
  TaskHoldings(SerialSync& sync, std::uint64_t number) : sync_(sync), number_(number) {}
  ~TaskHoldings() override { sync_.task_ended(number_); }
  std::uint64_t number() const { return number_; }

 private:
  SerialSync& sync_;
  std::uint64_t number_;
};

std::uint64_t SerialSync::number_of_task() {
  worker::TaskContext* task = worker::current_task();
  if (task == nullptr) return 0;
  task->drop_old_holdings();
  if (!task->holdings) {
    const std::lock_guard guard(mutex_);
    task->hold(std::make_unique<TaskHoldings>(*this, ++tasks_));
  }
  return static_cast<const TaskHoldings&>(*task->holdings).number();
}

void SerialSync::task_ended(std::uint64_t number) {
  const std::lock_guard guard(mutex_);
  table_.on_task_ended(0, number, answers_);
  note_answers();
}

void SerialSync::note_answers() {
  for (sync::Answer& answer : answers_) given_[answer.to.number] = std::move(answer);
  answers_.clear();
  answered_.notify_all();
}

sync::Answer SerialSync::take(std::uint64_t number) {
  return std::move(given_.extract(number).mapped());
}

detail::SyncReply SerialSync::ask(const detail::SyncCall& call, Timeout timeout) {
  sync::Request request;
  request.operation = call.operation;
  request.holder = {0, call.object, number_of_task()};
  request.names = call.names;
  request.number = call.number;
  request.may_wait = sync::may_wait(call.operation) && timeout.seconds() > 0;
  request.payload = call.payload;
  std::unique_lock lock(mutex_);
  request.id = {0, ++requests_};
  table_.on_request(request, answers_);
  note_answers();
  const auto is_answered = [&] { return given_.contains(request.id.number); };
  if (!is_answered()) {
    // Beyond some years a limit is none.
    const bool has_limit = !timeout.is_forever() && timeout.seconds() < 1e9;
    if (has_limit)
      answered_.wait_for(lock, std::chrono::duration<double>(timeout.seconds()), is_answered);
    table_.on_cancel(request.id, answers_);
    note_answers();
    if (!has_limit) {
      take(request.id.number);
      throw Error(ErrorCode::unsatisfiable,
                  "the wait for '" + call.names.front() +
                      "' would last for ever: with TUTTI_SERIAL each task runs to its end before "
                      "the program goes on, so nobody is left who could end it; run without "
                      "TUTTI_SERIAL, or give a time limit");
    }
  }
  const sync::Answer answer = take(request.id.number);
  if (answer.outcome == sync::Answer::Outcome::refused)
    throw Error(ErrorCode::bad_argument, answer.problem);
  return {answer.outcome == sync::Answer::Outcome::done, answer.number, answer.payload};
}

}  // namespace tutti::client_module

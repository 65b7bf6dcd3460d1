#pragma once

/// A SyncTable, and what it answered to whom.

#include "sync/sync_table.hpp"
#include "tutti/check.hpp"

#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::sync::testing {

using Outcome = Answer::Outcome;

inline Payload text(std::string_view words) {
  auto bytes = std::make_shared<std::vector<std::byte>>(words.size());
  std::memcpy(bytes->data(), words.data(), words.size());
  return bytes;
}

class World {
 public:
  struct Ask {
    std::int32_t rank = 1;
    std::uint64_t object = 1;
    std::uint64_t task = 7;
    std::int64_t number = 0;
    bool may_wait = true;
    Payload payload = {};
  };

  /// Gives the number of the request.
  std::uint64_t ask(Operation operation, std::vector<std::string> names, Ask how) {
    Request request;
    request.id = {how.rank, next_};
    request.operation = operation;
    request.holder = {how.rank, how.object, how.task};
    request.names = std::move(names);
    request.number = how.number;
    request.may_wait = how.may_wait;
    request.payload = how.payload;
    ranks_[next_] = how.rank;
    table.on_request(request, fresh_);
    collect();
    return next_++;
  }
  std::uint64_t ask(Operation operation, const std::string& name) {
    return ask(operation, {name}, Ask{});
  }
  void cancel(std::uint64_t number) {
    table.on_cancel({ranks_.at(number), number}, fresh_);
    collect();
  }
  void end_task(std::int32_t rank, std::uint64_t task) {
    table.on_task_ended(rank, task, fresh_);
    collect();
  }
  void lose(std::int32_t rank) {
    table.on_rank_lost(rank, fresh_);
    collect();
  }

  bool is_answered(std::uint64_t number) const { return answers_.contains(number); }
  bool is_done(std::uint64_t number) const {
    return is_answered(number) && answer(number).outcome == Outcome::done;
  }
  bool is_not_now(std::uint64_t number) const {
    return is_answered(number) && answer(number).outcome == Outcome::not_now;
  }
  const Answer& answer(std::uint64_t number) const { return answers_.at(number); }
  std::string problem(std::uint64_t number) const {
    return answer(number).outcome == Outcome::refused ? answer(number).problem : "";
  }
  std::string words(std::uint64_t number) const {
    const Payload& payload = answer(number).payload;
    return {reinterpret_cast<const char*>(payload->data()), payload->size()};
  }
  std::size_t unanswered() const { return ranks_.size() - answers_.size(); }

  SyncTable table;

 private:
  void collect() {
    for (Answer& each : fresh_) {
      check(ranks_.at(each.to.number) == each.to.rank, "an answer goes to the rank that asked");
      check(answers_.emplace(each.to.number, each).second, "a request gets one answer");
    }
    fresh_.clear();
  }

  std::uint64_t next_ = 1;
  std::map<std::uint64_t, std::int32_t> ranks_;
  std::map<std::uint64_t, Answer> answers_;
  Answers fresh_;
};

}  // namespace tutti::sync::testing

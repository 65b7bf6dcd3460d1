#pragma once

/// SyncClient: how the client and the tasks of a rank ask rank 0 for locks, queues and their like,
/// and wait for the answers.

#include "protocol/messages.hpp"
#include "runtime/progress_engine.hpp"
#include "tutti/detail/sync_call.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace tutti::runtime {

class Rank;

class SyncClient {
 public:
  explicit SyncClient(Rank& rank) : rank_(rank) {}

  /// Asks and waits, see detail::coordinate(). The caller does not hold the lock.
  detail::SyncReply ask(const detail::SyncCall& call, Timeout timeout);
  /// Under the lock.
  void on(const protocol::SyncAnswer& message);

 private:
  using Lock = ProgressEngine::Lock;
  class TaskHoldings;
  struct Pending {
    bool answered = false;
    protocol::SyncAnswer::Outcome outcome = protocol::SyncAnswer::Outcome::done;
    detail::SyncReply reply;
    std::string problem;
  };

  std::uint64_t number_of_task();
  void send(const protocol::SyncRequest& request);
  void wait(Lock& lock, const detail::SyncCall& call, std::uint64_t number, const Pending& pending,
            Deadline deadline);
  void task_ended(std::uint64_t number);

  Rank& rank_;
  std::uint64_t requests_ = 0;
  std::uint64_t tasks_ = 0;  ///< that asked, of this rank
  std::map<std::uint64_t, Pending> pending_;
};

}  // namespace tutti::runtime

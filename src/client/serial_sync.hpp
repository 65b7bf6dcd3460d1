#pragma once

/// SerialSync: locks, queues and their like of TUTTI_SERIAL=1. Whoever waits can only be helped by
/// another thread of the program, as each task runs to its end on the thread that submits it.

#include "sync/sync_table.hpp"
#include "tutti/detail/sync_call.hpp"

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>

namespace tutti::client_module {

class SerialSync {
 public:
  /// Throws Error (unsatisfiable) when it would wait without a time limit.
  detail::SyncReply ask(const detail::SyncCall& call, Timeout timeout);

 private:
  class TaskHoldings;
  std::uint64_t number_of_task();
  void task_ended(std::uint64_t number);
  void note_answers();
  /// Takes the answer, which is there.
  sync::Answer take(std::uint64_t number);

  std::mutex mutex_;
  std::condition_variable answered_;
  sync::SyncTable table_;
  sync::Answers answers_;
  std::map<std::uint64_t, sync::Answer> given_;  ///< that were not taken yet
  std::uint64_t requests_ = 0;
  std::uint64_t tasks_ = 0;
};

}  // namespace tutti::client_module

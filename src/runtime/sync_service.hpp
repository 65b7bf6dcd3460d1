#pragma once

/// SyncService: the locks, queues and their like of a run, on rank 0. Messages to requests, answers
/// to messages; what is decided stands in src/sync.

#include "protocol/messages.hpp"
#include "sync/sync_table.hpp"

namespace tutti::runtime {

class Outbox;

class SyncService {
 public:
  explicit SyncService(Outbox& outbox) : outbox_(outbox) {}

  // Under the lock.
  void on(int from, const protocol::SyncRequest& message);
  void on(int from, const protocol::SyncCancel& message);
  void on(int from, const protocol::SyncTaskEnded& message);

 private:
  void send_answers();

  Outbox& outbox_;
  sync::SyncTable table_;
  sync::Answers answers_;
};

}  // namespace tutti::runtime

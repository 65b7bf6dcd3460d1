#pragma once

/// Rank: what every rank has, whatever its role, and who gets which message.

#include "gang/communicators.hpp"
#include "protocol/codec.hpp"
#include "protocol/demand.hpp"
#include "runtime/collectives.hpp"
#include "runtime/data_exchange.hpp"
#include "runtime/memory_keeper.hpp"
#include "runtime/node_sharing.hpp"
#include "runtime/outbox.hpp"
#include "runtime/progress_engine.hpp"
#include "runtime/sync_client.hpp"
#include "runtime/sync_service.hpp"
#include "runtime/topology.hpp"
#include "transport/transport.hpp"
#include "tutti/options.hpp"
#include "worker/store.hpp"
#include "worker/work.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tutti::runtime {

class SchedulerDriver;
class TaskClient;
class WorkerDriver;

/// What is known of each rank, for people.
struct RankFacts {
  unsigned cores = 1;
  std::string cpu_set;
  std::uint64_t usable_bytes = 0;  ///< of its node
  protocol::Resources resources = {};
};

/// What was agreed at start.
struct RankSetup {
  Options options;
  ThreadPlan threads;
  std::uint64_t memory_limit_bytes = 0;
  std::string local_directory;  ///< of this rank
  /// On rank 0, to be said when somebody spills: what is wrong with those of any rank.
  std::string directory_warning = {};
  bool works = false;  ///< this rank runs tasks
  std::vector<RankFacts> ranks;
  NodeSharing sharing;
};

/// Packets that came before the rank was ready for them.
struct EarlyPacket {
  int from = 0;
  Bytes packet;
};
using EarlyPackets = std::vector<EarlyPacket>;

class Rank {
 public:
  Rank(std::unique_ptr<transport::Transport> transport, RankSetup setup);
  ~Rank();
  Rank(const Rank&) = delete;
  Rank& operator=(const Rank&) = delete;

  int rank() const { return transport_->rank(); }
  int size() const { return transport_->size(); }
  /// Ranks that run tasks.
  int workers() const { return size() - (options().rank0_works.value_or(size() == 1) ? 0 : 1); }
  const RankSetup& setup() const { return setup_; }
  const Options& options() const { return setup_.options; }

  transport::Transport& transport() { return *transport_; }
  ProgressEngine& engine() { return engine_; }
  Outbox& outbox() { return outbox_; }
  worker::Store& store() { return store_; }
  DataExchange& exchange() { return exchange_; }
  Collectives& collectives() { return collectives_; }
  const NodeSharing& sharing() const { return setup_.sharing; }
  MemoryKeeper& memory() { return *memory_; }
  gang::Communicators& gangs() { return gangs_; }
  /// Null on ranks that do not work.
  WorkerDriver* worker() { return worker_.get(); }
  /// Null on all ranks but 0.
  SchedulerDriver* scheduler() { return scheduler_.get(); }
  SyncClient& sync() { return sync_; }
  /// Null on rank 0, and before and after the run. The caller holds the lock.
  TaskClient* task_client() { return task_client_; }
  void set_task_client(TaskClient* client) { task_client_ = client; }

  /// Waits for what tasks give, like ProgressEngine::wait(). A thread that runs a task gives up its
  /// slot meanwhile. Throws Error (unsatisfiable) when too many tasks of this rank wait already,
  /// and CancelledError when the run ends meanwhile.
  bool wait_for_tasks(ProgressEngine::Lock& lock, const std::function<bool()>& ready,
                      Deadline deadline = {}, worker::WaitsFor what = worker::WaitsFor::results);

  void deliver_early(const EarlyPackets& packets);
  /// Ends the orderly way; the last call. All ranks call it.
  void finish();

 private:
  void on_packet(int from, std::span<const std::byte> packet);
  bool is_dropped_at_end(const protocol::Message& message) const;
  void dispatch(int from, const protocol::Message& message);
  void on_fetch(int from, const protocol::Fetch& message);
  void on_fragment(int from, const protocol::Fragment& fragment);
  bool may_replace_values() const;
  bool end_turn();

  RankSetup setup_;
  std::unique_ptr<transport::Transport> transport_;
  ProgressEngine engine_;
  Outbox outbox_;
  worker::Store store_;
  DataExchange exchange_;
  Collectives collectives_;
  gang::Communicators gangs_;
  std::map<int, Writer> fragments_;  ///< of messages that have not come whole, by sender
  SyncClient sync_;
  std::unique_ptr<SyncService> sync_service_;  ///< on rank 0
  std::unique_ptr<WorkerDriver> worker_;
  std::unique_ptr<SchedulerDriver> scheduler_;
  TaskClient* task_client_ = nullptr;
  bool is_leaving_ = false;
  std::unique_ptr<MemoryKeeper> memory_;
};

}  // namespace tutti::runtime

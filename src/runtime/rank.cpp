#include "runtime/rank.hpp"

#include "base/log.hpp"
#include "base/value_company.hpp"
#include "node/node_store.hpp"
#include "runtime/job_end.hpp"
#include "runtime/scheduler_driver.hpp"
#include "runtime/task_client.hpp"
#include "runtime/worker_driver.hpp"
#include "transport/mpi_transport.hpp"
#include "tutti/detail/node_memory.hpp"
#include "tutti/error.hpp"
#include "worker/task_context.hpp"

#include <utility>

namespace tutti::runtime {
namespace {

EngineOptions engine_options(const Options& options) {
  return {std::chrono::microseconds(options.idle_spin_us),
          std::chrono::microseconds(options.keeper_interval_us)};
}

}  // namespace

Rank::Rank(std::unique_ptr<transport::Transport> transport, RankSetup setup)
    : setup_(std::move(setup)),
      transport_(std::move(transport)),
      engine_(*transport_, engine_options(setup_.options)),
      outbox_(*transport_),
      exchange_(*transport_, outbox_, store_, engine_, setup_.sharing,
                [this] { return may_replace_values(); }),
      collectives_(
          *transport_, outbox_, store_, exchange_, engine_, setup_.sharing,
          [this](std::span<const std::byte> definition) { worker_->on_definition(definition); },
          [this](TaskId id, const std::string& problem) {
            outbox_.add(0, protocol::Placed{id, problem}, 64 + problem.size());
          }),
      gangs_(transport::parent_of_gangs(*transport_)),
      sync_(*this) {
  if (const auto& store = setup_.sharing.store) {
    detail::set_node_allocator([store](std::size_t bytes) -> detail::NodeMemory {
      node::BlockPtr block = store->allocate(bytes);
      if (block == nullptr) return {};
      return {block->data(), block};
    });
  }
  if (setup_.works) worker_ = std::make_unique<WorkerDriver>(*this);
  if (rank() == 0) {
    scheduler_ = std::make_unique<SchedulerDriver>(*this);
    sync_service_ = std::make_unique<SyncService>(outbox_);
  }
  memory_ = std::make_unique<MemoryKeeper>(*this);
  exchange_.set_loader([this](worker::ValueKey key, OnLoaded on_loaded) {
    memory_->load(key, std::move(on_loaded));
  });
  engine_.set_handlers(
      [this](int from, std::span<const std::byte> packet) { on_packet(from, packet); },
      [this] { return end_turn(); }, [this] { outbox_.flush_all(); },
      [this] {
        watch_job();
        if (setup_.sharing.store) setup_.sharing.store->sweep();
        memory_->tick();
        if (scheduler_) scheduler_->watch();
        if (worker_) worker_->watch();
      });
}

Rank::~Rank() {
  engine_.stop_keeper();
  if (setup_.sharing.store) detail::set_node_allocator({});
}

/// Tasks look at values of the store without a reference of their own.
bool Rank::may_replace_values() const { return worker_ == nullptr || worker_->state().is_idle(); }

void Rank::on_packet(int from, std::span<const std::byte> packet) {
  Reader reader(packet);
  while (!reader.at_end()) dispatch(from, protocol::decode(reader));
}

void Rank::deliver_early(const EarlyPackets& packets) {
  const std::lock_guard lock(engine_.mutex());
  for (const EarlyPacket& each : packets) on_packet(each.from, each.packet.span());
}

/// Of a value that was asked for and is not needed any more the announcement still counts: its
/// holder cannot leave before the rest was taken.
bool Rank::is_dropped_at_end(const protocol::Message& message) const {
  return is_leaving_ && !std::holds_alternative<protocol::Data>(message) &&
         !std::holds_alternative<protocol::Fragment>(message);
}

void Rank::dispatch(int from, const protocol::Message& message) {
  if (is_dropped_at_end(message)) return;
  std::visit(
      [&](const auto& each) {
        if constexpr (std::is_same_v<std::decay_t<decltype(each)>, protocol::Fetch>) {
          on_fetch(from, each);
        } else if constexpr (requires { worker_->on(from, each); }) {
          check(worker_ != nullptr, "only a rank that works gets work");
          worker_->on(from, each);
        } else if constexpr (requires { scheduler_->on(from, each); }) {
          check(scheduler_ != nullptr, "only rank 0 gets reports");
          scheduler_->on(from, each);
        } else if constexpr (requires { sync_service_->on(from, each); }) {
          check(sync_service_ != nullptr, "only rank 0 is asked for locks and their like");
          sync_service_->on(from, each);
        } else if constexpr (requires { sync_.on(each); }) {
          sync_.on(each);
        } else if constexpr (requires { task_client_->on(each); }) {
          if (task_client_ != nullptr) task_client_->on(each);
        } else if constexpr (std::is_same_v<std::decay_t<decltype(each)>, protocol::Data>) {
          exchange_.on_data(from, each);
        } else if constexpr (std::is_same_v<std::decay_t<decltype(each)>,
                                            protocol::EnterCollective>) {
          collectives_.on_enter(each);
        } else if constexpr (std::is_same_v<std::decay_t<decltype(each)>, protocol::SharedOnNode>) {
          collectives_.on_shared(from, each);
        } else if constexpr (std::is_same_v<std::decay_t<decltype(each)>, protocol::Fragment>) {
          on_fragment(from, each);
        } else {
          static_assert(std::is_same_v<std::decay_t<decltype(each)>, protocol::Shutdown>);
          if (worker_) worker_->stop();
        }
      },
      message);
  if (!setup_.options.validate) return;
  if (scheduler_) scheduler_->scheduler().check_invariants();
  if (worker_) worker_->check_invariants();
}

/// A rank that does not work has what it was asked for, or never will.
void Rank::on_fetch(int from, const protocol::Fetch& message) {
  if (worker_ != nullptr) {
    worker_->on(from, message);
  } else if (!exchange_.serve(from, message)) {
    exchange_.refuse(from, message.request, protocol::Data::Answer::gone);
  }
}

void Rank::on_fragment(int from, const protocol::Fragment& fragment) {
  Writer& whole = fragments_[from];
  whole.raw(fragment.bytes.data(), fragment.bytes.size());
  if (!fragment.last) return;
  const Bytes bytes = whole.take();
  fragments_.erase(from);
  on_packet(from, bytes.span());
}

/// Everything that follows from what arrived, then one packet to each rank that is concerned.
bool Rank::end_turn() {
  if (scheduler_) scheduler_->end_turn();
  if (task_client_ != nullptr) task_client_->before_turn();
  if (worker_) worker_->end_turn();
  return outbox_.flush();
}

bool Rank::wait_for_tasks(ProgressEngine::Lock& lock, const std::function<bool()>& ready,
                          Deadline deadline, worker::WaitsFor what) {
  const worker::TaskContext* task = worker::current_task();
  if (task != nullptr && task->batch != nullptr)
    return worker_->wait_inside(lock, ready, deadline, what);
  return engine_.wait(lock, ready, deadline);
}

void Rank::finish() {
  engine_.stop_keeper();
  memory_->stop();
  const std::lock_guard lock(engine_.mutex());
  // Values may hold resources of MPI or HDF5; they go while those are there.
  store_.clear();
  gangs_.leave();
  is_leaving_ = true;
  transport_->finish(
      [this](int from, std::span<const std::byte> packet) { on_packet(from, packet); });
}

}  // namespace tutti::runtime

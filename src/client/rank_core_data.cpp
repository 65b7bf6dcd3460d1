// Data that the client places: values and sequences, on one rank, on several, or on all.

#include "base/log.hpp"
#include "client/copy_call.hpp"
#include "client/placement.hpp"
#include "client/rank_core.hpp"
#include "client/submission.hpp"
#include "node/node_store.hpp"
#include "runtime/memory_keeper.hpp"
#include "runtime/node_values.hpp"
#include "runtime/worker_driver.hpp"
#include "tutti/detail/node_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace tutti::client_module {

using scheduler::Piece;

namespace {

/// The part of a sequence that a rank 0 that works keeps, as a sequence of its own like everybody
/// else's.
worker::Store::Stretch copy_of_share(const detail::Value& elements, const runtime::Share& share) {
  ValuePtr part = copy_elements(elements, share.begin, share.count);
  const std::uint64_t bytes = part->ops().nbytes(*part);
  return {share.begin, share.count, std::move(part), bytes};
}

/// What the store can send to disk and bring back, as long as nobody refers to it.
bool leaves_memory(const detail::Value& value, std::uint64_t bytes) {
  return bytes >= worker::Store::large_bytes_min && value.ops().write != nullptr &&
         value.ops().read != nullptr;
}

/// Throws Error (cannot_travel) when a rank could not keep what was placed there.
void check_placed(const std::string& problem) {
  if (!problem.empty())
    throw Error(ErrorCode::cannot_travel, "a value could not be placed on " + problem);
}

}  // namespace

/// The same value in the memory of the node, if that is worth it and possible; so the node has it
/// once. Copied without the lock.
ValuePtr RankCore::put_on_node(ValuePtr value) {
  node::NodeStore* const store = rank_.sharing().store.get();
  if (store == nullptr || value->ops().write == nullptr) return value;
  const auto writer = std::make_shared<Writer>(runtime::buffer_bytes_min);
  value->ops().write(*value, *writer);
  if (!runtime::is_worth_sharing(writer->buffers())) return value;
  if (runtime::find_on_node(*store, writer->buffers())) {
    value->forbid_moves();
    return value;
  }
  std::optional<runtime::NodeBuffers> copy = runtime::copy_to_node(*store, writer->buffers());
  if (!copy) return value;
  return runtime::read_and_keep(value->ops(), {writer, std::move(*copy)});
}

/// Large constants of a call on all ranks go there as one broadcast. The handles keep them until
/// the call is submitted.
std::vector<HandlePtr> RankCore::broadcast_constants(CallBuilder& builder) {
  std::vector<HandlePtr> handles;
  detail::Placement everywhere;
  everywhere.broadcast = true;
  everywhere.hash = false;
  for (detail::CallInput& input : builder.inputs) {
    if (!input.literal) continue;
    std::vector<ValuePtr> values;
    values.push_back(std::exchange(input.literal, ValuePtr()));
    handles.push_back(scatter(std::move(values), everywhere).front());
    input.future = {handles.back().get(), 0};
  }
  return handles;
}

std::vector<std::int32_t> RankCore::ranks_of(const std::vector<WorkerName>& names) {
  std::vector<WorkerPlace> places;
  const Lock lock(engine_.mutex());
  const scheduler::WorkerTable& workers = driver_.scheduler().workers();
  for (int rank = 0; rank < workers.size(); ++rank) {
    if (workers.at(rank).joined)
      places.push_back({rank, rank_.transport().places()[static_cast<std::size_t>(rank)].host});
  }
  return choose_workers(names, places, rank_.size());
}

// ---- the same contents, the same future

HandlePtr RankCore::find_same(const ContentKey& key) {
  const auto found = same_.find(key);
  if (found == same_.end()) return {};
  // A handle whose last future is gone waits to be freed, and is not called back.
  Handle* const handle = found->second;
  std::uint32_t references = handle->references.load(std::memory_order_acquire);
  while (references != 0) {
    if (handle->references.compare_exchange_weak(references, references + 1,
                                                 std::memory_order_acq_rel))
      return HandlePtr(handle);
  }
  return {};
}

void RankCore::note_same(const ContentKey& key, Handle& handle) {
  if (const auto found = same_.find(key); found != same_.end()) content_keys_.erase(found->second);
  same_[key] = &handle;
  content_keys_[&handle] = key;
}

void RankCore::forget_same(Handle& handle) {
  const auto found = content_keys_.find(&handle);
  if (found == content_keys_.end()) return;
  same_.erase(found->second);
  content_keys_.erase(found);
}

// ---- values

/// The worker that has got the fewest values for its threads.
std::int32_t RankCore::next_home(std::span<const std::int32_t> workers) {
  homes_.resize(static_cast<std::size_t>(rank_.size()), 0);
  const scheduler::WorkerTable& table = driver_.scheduler().workers();
  const auto share = [&](std::int32_t rank) {
    return static_cast<double>(homes_[static_cast<std::size_t>(rank)] + 1) /
           static_cast<double>(table.at(rank).slots);
  };
  const std::int32_t home = *std::ranges::min_element(workers, {}, share);
  ++homes_[static_cast<std::size_t>(home)];
  return home;
}

std::uint64_t RankCore::memory_limit_of(std::int32_t rank) const {
  return driver_.scheduler().workers().at(rank).memory_limit_bytes;
}

std::vector<HandlePtr> RankCore::scatter(std::vector<ValuePtr> values,
                                         const detail::Placement& where) {
  if (!where.workers.empty()) refuse_in_task("scatter() to chosen workers");
  const std::vector<std::int32_t> workers = ranks_of(where.workers);
  const bool everywhere = where.broadcast && where.workers.empty();
  std::vector<ContentKey> keys;
  for (const ValuePtr& value : values) {
    if (where.hash && value->ops().write != nullptr)
      keys.push_back(
          {hash_of(*value), where.broadcast, everywhere ? std::vector<std::int32_t>() : workers});
  }
  std::vector<HandlePtr> handles;
  std::vector<detail::Lineage::Ptr> lineages;
  if (journal_) {
    for (const ValuePtr& value : values)
      lineages.push_back(journal_->keeper.lineages().of_value(*value));
  }
  Lock lock(engine_.mutex());
  CopyCall copies(copy_calls_);
  refuse_at_end("scatter()");
  drain_released();
  for (const ValuePtr& value : values) {
    const std::uint64_t bytes = value->ops().nbytes(*value);
    for (const std::int32_t rank : workers) check_share(bytes, rank, memory_limit_of(rank));
  }
  for (std::size_t number = 0; number < values.size(); ++number) {
    if (!keys.empty()) {
      if (HandlePtr known = find_same(keys[number])) {
        // Another thread may be about to place it.
        for (const std::int32_t rank : workers) copies.expect({known->id, 0}, {&rank, 1});
        handles.push_back(std::move(known));
        continue;
      }
    }
    if (everywhere) {
      handles.push_back(place_everywhere(lock, std::move(values[number])));
    } else if (where.broadcast) {
      handles.push_back(place_at(std::move(values[number]), workers, copies));
    } else {
      const std::int32_t home = next_home(workers);
      handles.push_back(place_at(std::move(values[number]), {&home, 1}, copies));
    }
    if (!keys.empty()) note_same(keys[number], *handles.back());
    if (journal_) handles.back()->lineage = lineages[number];
  }
  finish_placed(lock, handles, copies);
  return handles;
}

/// The lock is open while the value is copied to the memory of the node.
HandlePtr RankCore::place_everywhere(Lock& lock, ValuePtr value) {
  lock.unlock();
  ValuePtr given = value;
  value = put_on_node(std::move(value));
  if (given.get() == value.get()) given = ValuePtr();
  lock.lock();
  refuse_at_end("broadcast()");
  auto* state = new FutureState;
  HandlePtr handle(state);
  state->ops = &value->ops();
  const std::uint64_t bytes = value->ops().nbytes(*value);
  std::vector<std::int32_t> holders{rank_.rank()};
  for (int rank = 1; rank < rank_.size(); ++rank) holders.push_back(rank);
  const TaskId id = driver_.place_value(holders, bytes, true);
  enroll(*state, id);
  rank_.store().put(id, value, bytes);
  if (!leaves_memory(*value, bytes)) state->value = value;
  rank_.memory().after_change();
  if (rank_.size() > 1) {
    bool sent = false;
    driver_.begin_placing(id);
    rank_.collectives().place_value(id, std::move(value), [&sent] { sent = true; });
    const auto others = static_cast<std::uint32_t>(rank_.size() - 1);
    await_transfers(lock, [&] { return sent && driver_.placed_acks(id) == others; });
    check_placed(driver_.end_placing(id));
  }
  if (given) {
    // What lies on the node now is freed by another thread: that takes half as long as to copy it.
    engine_.defer([old = std::make_shared<ValuePtr>(std::move(given))] { *old = ValuePtr(); });
    engine_.hand_over();
  }
  return handle;
}

/// Begins to bring a value to some ranks, from this one, which keeps it only if it is one of them.
HandlePtr RankCore::place_at(ValuePtr value, std::span<const std::int32_t> targets,
                             CopyCall& copies) {
  auto* state = new FutureState;
  HandlePtr handle(state);
  state->ops = &value->ops();
  const std::int32_t here = rank_.rank();
  const std::uint64_t bytes = value->ops().nbytes(*value);
  const TaskId id = driver_.place_value({&here, 1}, bytes, true);
  enroll(*state, id);
  const bool stays = std::ranges::find(targets, here) != targets.end();
  if (stays && !leaves_memory(*value, bytes)) state->value = value;
  rank_.store().put(id, std::move(value), bytes);
  rank_.memory().after_change();
  if (!stays || targets.size() > 1) {
    copies.expect({id, 0}, targets);
    driver_.replicate({id, 0}, targets, {&here, stays ? std::size_t{0} : std::size_t{1}});
  }
  return handle;
}

/// Waits until the values are where they were to go. Throws Error (cannot_travel) when one is not.
void RankCore::finish_placed(Lock& lock, std::span<const HandlePtr> handles,
                             const CopyCall& copies) {
  try {
    wait_for_copies(lock, copies);
  } catch (const Error&) {
    // Who scatters the same again must not be told that it is there.
    for (const HandlePtr& handle : handles) forget_same(*handle);
    throw;
  }
  for (const HandlePtr& handle : handles)
    handle->status.store(Status::finished, std::memory_order_release);
}

// ---- sequences

HandlePtr RankCore::scatter_sequence(ValuePtr elements, const detail::Placement& where,
                                     bool borrowed) {
  if (!where.workers.empty()) refuse_in_task("scatter() to chosen workers");
  const std::vector<std::int32_t> workers = ranks_of(where.workers);
  ContentKey key;
  if (where.hash) key = {hash_of(*elements), false, workers};
  detail::Lineage::Ptr lineage;
  if (journal_) lineage = journal_->keeper.lineages().of_sequence(*elements);
  Lock lock(engine_.mutex());
  refuse_at_end("scatter()");
  drain_released();
  if (where.hash) {
    if (HandlePtr known = find_same(key)) return known;
  }
  HandlePtr handle = spread(lock, std::move(elements), workers, borrowed);
  if (where.hash) note_same(key, *handle);
  handle->lineage = std::move(lineage);
  return handle;
}

/// In proportion to the threads of each worker, neighbours together.
HandlePtr RankCore::spread(Lock& lock, ValuePtr elements, std::span<const std::int32_t> workers,
                           bool borrowed) {
  auto* state = new GroupState;
  HandlePtr handle(state);
  const std::uint64_t total = static_cast<const detail::ElementsBase&>(*elements).count;
  state->total = total;
  const scheduler::WorkerTable& table = driver_.scheduler().workers();
  double slots_left = 0;
  for (const std::int32_t rank : workers) slots_left += table.at(rank).slots;
  std::vector<scheduler::AvailablePiece> stretches;
  std::vector<runtime::Share> shares;
  std::uint64_t begin = 0;
  for (const std::int32_t rank : workers) {
    const double slots = table.at(rank).slots;
    const auto count =
        static_cast<std::uint64_t>(static_cast<double>(total - begin) * slots / slots_left + 0.5);
    slots_left -= slots;
    if (count == 0) continue;
    stretches.push_back({begin, count, rank});
    shares.push_back({rank, begin, count});
    begin += count;
  }
  const std::uint64_t bytes_all = elements->ops().nbytes(*elements);
  for (const runtime::Share& share : shares)
    check_share(bytes_all / total * share.count, share.rank, memory_limit_of(share.rank));
  const TaskId id = driver_.place_sequence(stretches, total, bytes_all);
  enroll(*state, id);
  const bool only_here = shares.size() == 1 && shares.front().rank == rank_.rank();
  for (const runtime::Share& share : shares) {
    if (share.rank != rank_.rank()) continue;
    if (only_here && !borrowed) {
      rank_.store().put_stretch(id, {0, total, std::move(elements), bytes_all});
    } else {
      rank_.store().put_stretch(id, copy_of_share(*elements, share));
    }
  }
  if (!shares.empty() && !only_here) {
    bool sent = false;
    driver_.begin_placing(id);
    rank_.collectives().place_sequence(id, std::move(elements), std::move(shares),
                                       [&sent] { sent = true; });
    const auto others = static_cast<std::uint32_t>(rank_.size() - 1);
    await_transfers(lock, [&] { return sent && driver_.placed_acks(id) == others; });
    check_placed(driver_.end_placing(id));
  }
  state->status = Status::finished;
  return handle;
}

HandlePtr RankCore::keep_sequence(ValuePtr elements) {
  auto* state = new GroupState;
  HandlePtr handle(state);
  const std::uint64_t count = static_cast<const detail::ElementsBase&>(*elements).count;
  const std::uint64_t bytes = elements->ops().nbytes(*elements);
  state->total = count;
  if (journal_) state->lineage = journal_->keeper.lineages().of_sequence(*elements);
  const Lock lock(engine_.mutex());
  refuse_at_end("scatter()");
  drain_released();
  const scheduler::AvailablePiece all{0, count, rank_.rank()};
  const TaskId id = driver_.place_sequence({&all, 1}, count, bytes);
  enroll(*state, id);
  rank_.store().put_stretch(id, {0, count, std::move(elements), bytes});
  state->status = Status::finished;
  return handle;
}

// ---- copies and moves

void RankCore::on_replicated(const Piece& piece, int rank, bool kept) {
  if (!kept) {
    for (CopyCall* call : copy_calls_) call->note_failure(piece, rank);
  }
  engine_.notify();
}

/// Waits until nothing of it is being copied. Throws Error (cannot_travel) when a copy could not be
/// made.
void RankCore::wait_for_copies(Lock& lock, const CopyCall& copies) {
  const std::vector<Piece>& pieces = copies.pieces();
  std::size_t next = 0;
  await_transfers(lock, [&] {
    while (next < pieces.size() && !driver_.scheduler().is_replicating(pieces[next].id)) ++next;
    return next == pieces.size();
  });
  if (copies.failed_rank() < 0) return;
  throw Error(ErrorCode::cannot_travel,
              fmt::format("a value could not be copied to rank {}; the log of that rank says why",
                          copies.failed_rank()));
}

/// What is held of a target that has ended: a value, the stretch of an element, all stretches.
std::vector<Piece> RankCore::pieces_of(Target target) const {
  std::vector<Piece> pieces;
  const TaskId id = target.handle->id;
  const scheduler::GroupRecord* group = driver_.scheduler().find_group(id);
  if (group != nullptr && target.index != detail::whole_group) {
    auto after = group->chunks.upper_bound(target.index);
    if (scheduler::find_chunk(*group, target.index) != nullptr)
      pieces.push_back({id, (--after)->first});
    return pieces;
  }
  driver_.scheduler().for_each_piece_of(
      id, [&](const Piece& piece, std::uint64_t) { pieces.push_back(piece); });
  return pieces;
}

void RankCore::replicate(std::span<const Target> targets, const ReplicateOptions& options) {
  refuse_in_task("replicate()");
  const std::vector<std::int32_t> workers = ranks_of(options.workers);
  check_copies(options, workers.size());
  await_results(*this, targets);
  const std::size_t wanted = options.n.value_or(workers.size());
  Lock lock(engine_.mutex());
  CopyCall copies(copy_calls_);
  refuse_at_end("replicate()");
  std::size_t turn = 0;
  for (const Target& target : targets) {
    for (const Piece& piece : pieces_of(target)) {
      const std::vector<std::int32_t> holders = driver_.scheduler().holders_of(piece);
      const auto holds = [&](std::int32_t rank) {
        return std::ranges::find(holders, rank) != holders.end();
      };
      std::size_t have = static_cast<std::size_t>(std::ranges::count_if(workers, holds));
      // Each piece begins elsewhere, so that copies of many spread evenly.
      std::vector<std::int32_t> chosen;
      for (std::size_t step = 0; step < workers.size() && have < wanted; ++step) {
        const std::int32_t rank = workers[(turn + step) % workers.size()];
        if (holds(rank)) continue;
        chosen.push_back(rank);
        ++have;
      }
      ++turn;
      if (chosen.empty()) continue;
      copies.expect(piece, chosen);
      driver_.replicate(piece, chosen, {});
    }
  }
  wait_for_copies(lock, copies);
}

std::uint64_t RankCore::rebalance(const std::vector<Target>* targets,
                                  const RebalanceOptions& options) {
  refuse_in_task("rebalance()");
  const std::vector<std::int32_t> workers = ranks_of(options.workers);
  if (targets != nullptr) await_results(*this, *targets);
  Lock lock(engine_.mutex());
  CopyCall copies(copy_calls_);
  refuse_at_end("rebalance()");
  drain_released();
  std::vector<TaskId> ids;
  if (targets != nullptr) {
    for (const Target& target : *targets) ids.push_back(target.handle->id);
  } else {
    // What another thread is placing is not yet where it is said to be.
    driver_.scheduler().for_each_piece([&](const Piece& piece, std::uint64_t) {
      if (!driver_.is_placing(piece.id)) ids.push_back(piece.id);
    });
  }
  const std::vector<scheduler::Move> moves = driver_.rebalance(ids, workers);
  std::uint64_t bytes = 0;
  for (const scheduler::Move& move : moves) {
    copies.expect(move.piece, {&move.to, 1});
    bytes += move.bytes;
  }
  wait_for_copies(lock, copies);
  return bytes;
}

// ---- where things are

std::vector<HeldData> RankCore::who_has(const std::vector<Target>* targets) {
  refuse_in_task("who_has(), has_what() or nbytes()");
  const Lock lock(engine_.mutex());
  drain_released();
  const scheduler::Scheduler& scheduler = driver_.scheduler();
  std::vector<HeldData> all;
  const auto add = [&](const Piece& piece, std::uint64_t bytes) {
    std::vector<std::int32_t> holders = scheduler.holders_of(piece);
    if (holders.empty()) return;
    std::ranges::sort(holders);
    const std::uint64_t count =
        piece.id.is_group() ? scheduler.find_group(piece.id)->chunks.at(piece.begin).count : 1;
    all.push_back({piece.id.bits(), piece.begin, count, bytes, {holders.begin(), holders.end()}});
  };
  if (targets == nullptr) {
    scheduler.for_each_piece(add);
    return all;
  }
  for (const Target& target : *targets) {
    const std::vector<Piece> pieces = pieces_of(target);
    scheduler.for_each_piece_of(target.handle->id, [&](const Piece& piece, std::uint64_t bytes) {
      if (std::ranges::binary_search(pieces, piece)) add(piece, bytes);
    });
  }
  return all;
}

}  // namespace tutti::client_module

// Data that the client places: values and sequences, on one rank, on several, or on all.

#include "client/rank_core.hpp"
#include "node/node_store.hpp"
#include "runtime/node_values.hpp"
#include "runtime/worker_driver.hpp"
#include "tutti/detail/node_memory.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace tutti::client_module {
namespace {

/// The part of a sequence that a rank 0 that works keeps, as a sequence of its own like everybody
/// else's.
worker::Store::Stretch copy_of_share(const detail::Value& elements, const runtime::Share& share) {
  Writer writer;
  elements.ops().write_slice(elements, share.begin, share.count, writer);
  Reader reader(writer.bytes());
  ValuePtr part(elements.ops().read(reader));
  const std::uint64_t bytes = part->ops().nbytes(*part);
  return {share.begin, share.count, std::move(part), bytes};
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
  for (detail::CallInput& input : builder.inputs) {
    if (!input.literal) continue;
    handles.push_back(scatter(std::move(input.literal), true));
    input.literal = ValuePtr();
    input.future = {handles.back().get(), 0};
  }
  return handles;
}

HandlePtr RankCore::scatter(ValuePtr value, bool broadcast) {
  ValuePtr given;
  if (broadcast) {
    given = value;
    value = put_on_node(std::move(value));
    if (given.get() == value.get()) given = ValuePtr();
  }
  auto* state = new FutureState;
  HandlePtr handle(state);
  state->ops = &value->ops();
  const std::uint64_t bytes = value->ops().nbytes(*value);
  Lock lock(engine_.mutex());
  drain_released();
  std::vector<std::int32_t> holders{rank_.rank()};
  const bool to_all = broadcast && rank_.size() > 1;
  if (to_all) {
    for (int rank = 1; rank < rank_.size(); ++rank) holders.push_back(rank);
  }
  const TaskId id = driver_.place_value(holders, bytes, true);
  enroll(*state, id);
  rank_.store().put(id, value, bytes);
  state->value = value;
  if (to_all) {
    bool sent = false;
    rank_.collectives().place_value(id, std::move(value), [&sent] { sent = true; });
    const auto others = static_cast<std::uint32_t>(rank_.size() - 1);
    engine_.wait(lock, [&] { return sent && driver_.placed_acks(id) == others; });
    driver_.forget_acks(id);
  }
  if (given) {
    // What lies on the node now is freed by another thread: that takes half as long as to copy it.
    engine_.defer([old = std::make_shared<ValuePtr>(std::move(given))] { *old = ValuePtr(); });
    engine_.hand_over();
  }
  state->status = Status::finished;
  return handle;
}

HandlePtr RankCore::scatter_sequence(ValuePtr elements, bool local) {
  auto* state = new GroupState;
  HandlePtr handle(state);
  const auto& sequence = static_cast<const detail::ElementsBase&>(*elements);
  state->total = sequence.count;
  Lock lock(engine_.mutex());
  drain_released();
  std::vector<scheduler::AvailablePiece> stretches;
  std::vector<runtime::Share> shares;
  const bool spread = !local && rank_.size() > 1 && sequence.count != 0;
  if (spread) {
    // In proportion to the threads of each worker, neighbours together.
    const scheduler::WorkerTable& workers = driver_.scheduler().workers();
    std::uint64_t slots = 0;
    std::uint64_t begin = 0;
    for (int rank = 0; rank < workers.size(); ++rank) {
      if (!workers.at(rank).joined) continue;
      slots += workers.at(rank).slots;
      const auto end = static_cast<std::uint64_t>(static_cast<double>(sequence.count) *
                                                      static_cast<double>(slots) /
                                                      static_cast<double>(workers.total_slots()) +
                                                  0.5);
      const std::uint64_t count = std::min(end, sequence.count) - begin;
      if (count == 0) continue;
      stretches.push_back({begin, count, rank});
      shares.push_back({rank, begin, count});
      begin += count;
    }
  } else {
    stretches.push_back({0, sequence.count, rank_.rank()});
  }
  const TaskId id = driver_.place_sequence(stretches, sequence.count);
  enroll(*state, id);
  if (!spread) {
    const std::uint64_t count = sequence.count;
    const std::uint64_t bytes = elements->ops().nbytes(*elements);
    rank_.store().put_stretch(id, {0, count, std::move(elements), bytes});
  } else {
    bool sent = false;
    for (const runtime::Share& share : shares) {
      if (share.rank == rank_.rank())
        rank_.store().put_stretch(id, copy_of_share(*elements, share));
    }
    rank_.collectives().place_sequence(id, std::move(elements), std::move(shares),
                                       [&sent] { sent = true; });
    const auto others = static_cast<std::uint32_t>(rank_.size() - 1);
    engine_.wait(lock, [&] { return sent && driver_.placed_acks(id) == others; });
    driver_.forget_acks(id);
  }
  state->status = Status::finished;
  return handle;
}

}  // namespace tutti::client_module

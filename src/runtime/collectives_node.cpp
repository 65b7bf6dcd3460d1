// Values that rank 0 places once on each node: the stream goes to all ranks, the buffers to the
// first rank of each node, which tells its neighbours where they lie.

#include "runtime/collectives.hpp"
#include "runtime/data_exchange.hpp"
#include "runtime/relay.hpp"
#include "tutti/check.hpp"

#include <new>
#include <utility>

namespace tutti::runtime {

using detail::ValuePtr;
using transport::Done;

// ---- rank 0

void Collectives::send_by_node(TaskId id, const ValuePtr& value,
                               const std::shared_ptr<Writer>& writer, const Done& done) {
  std::vector<MutableBuffer> buffers;
  for (const ConstBuffer& buffer : writer->buffers())
    buffers.push_back({const_cast<std::byte*>(buffer.data), buffer.size});
  const Done each = [left = std::make_shared<int>(2), writer, value, done] {
    if (--*left == 0) done();
  };
  MutableBuffer stream{const_cast<std::byte*>(writer->bytes().data()), writer->size()};
  transport_.broadcast(0, stream, each);
  std::optional<NodeBuffers> there;
  if (sharing_.store != nullptr) there = place_of(*sharing_.store, *value, writer->buffers());
  tell_neighbours(id, there);
  Relay::run(transport_, sharing_.all_leaders(), buffers, each);
}

/// To the other ranks of this node; without buffers they ask for the value.
void Collectives::tell_neighbours(TaskId id, const std::optional<NodeBuffers>& buffers) {
  protocol::SharedOnNode message;
  message.id = id;
  if (buffers) {
    message.blocks = protocol::PackedList<protocol::BlockRef>(
        std::span<const protocol::BlockRef>(buffers->refs));
  }
  for (int rank = 0; rank < transport_.size(); ++rank) {
    if (rank == transport_.rank() || !sharing_.with(rank)) continue;
    if (buffers) {
      announce(*sharing_.store, *buffers, sharing_.local_ranks[static_cast<std::size_t>(rank)]);
    }
    outbox_.add(rank, message, 64 + message.blocks.bytes().size());
  }
  outbox_.flush();
}

// ---- other ranks

void Collectives::enter_by_node(const std::shared_ptr<Operation>& operation, const Done& done) {
  const MutableBuffer stream{operation->stream.data(), operation->stream.size()};
  const auto rank = static_cast<std::size_t>(transport_.rank());
  const bool leads = sharing_.leaders[rank] == transport_.rank();
  transport_.broadcast(0, stream, [this, operation, done, leads] {
    if (leads) {
      receive_for_node(operation, done);
    } else {
      take_from_leader(operation, done);
    }
  });
}

/// The first rank of a node. Memory is made without the lock: fresh pages take time.
void Collectives::receive_for_node(const std::shared_ptr<Operation>& operation, const Done& done) {
  if (sharing_.store == nullptr) return receive_into(operation, std::nullopt, done);
  engine_.defer([this, operation, done] {
    std::optional<NodeBuffers> buffers;
    try {
      buffers = allocate_on_node(*sharing_.store, operation->buffer_bytes);
    } catch (const std::bad_alloc&) {
      // The heap will say so.
    }
    const std::lock_guard lock(engine_.mutex());
    receive_into(operation, std::move(buffers), done);
  });
  engine_.hand_over();
}

void Collectives::receive_into(const std::shared_ptr<Operation>& operation,
                               std::optional<NodeBuffers> buffers, const Done& done) {
  std::vector<MutableBuffer> destinations;
  if (buffers) {
    destinations = buffers_here(*buffers, operation->buffer_bytes);
  } else {
    destinations = read(*operation);
  }
  Relay::run(transport_, sharing_.all_leaders(), destinations, [this, operation, buffers, done] {
    if (buffers) read_from_node(*operation, *buffers);
    keep(*operation);
    if (sharing_.store != nullptr) tell_neighbours(operation->id, buffers);
    done();
  });
}

void Collectives::read_from_node(Operation& operation, const NodeBuffers& buffers) {
  try {
    operation.value =
        read_on_node(*operation.ops, operation.stream.span(), operation.buffer_bytes, buffers);
  } catch (...) {
    note_problem(operation);
  }
}

/// A rank whose leader has the value, or will have it.
void Collectives::take_from_leader(const std::shared_ptr<Operation>& operation, const Done& done) {
  const auto take = [this, operation, done] {
    const auto found = told_.find(operation->id);
    Told told = std::move(found->second);
    told_.erase(found);
    finish_from_leader(operation, told.leader, std::move(told.buffers), done);
  };
  if (told_.contains(operation->id)) return take();
  awaited_ = operation->id;
  on_told_ = take;
}

void Collectives::on_shared(int from, const protocol::SharedOnNode& message) {
  Told told{from, std::nullopt};
  if (!message.blocks.empty()) {
    std::string problem;
    told.buffers = map_announced(*sharing_.store, message.blocks, problem);
    if (!told.buffers) warn_unreachable(problem);
  }
  told_.insert_or_assign(message.id, std::move(told));
  if (on_told_ && awaited_ == message.id) std::exchange(on_told_, {})();
}

void Collectives::finish_from_leader(const std::shared_ptr<Operation>& operation, int leader,
                                     std::optional<NodeBuffers> buffers, const Done& done) {
  if (buffers) {
    read_from_node(*operation, *buffers);
    keep(*operation);
    return done();
  }
  const auto on_value = [this, operation, done](DataExchange::Arrived arrived) {
    operation->value = std::move(arrived.value);
    operation->problem = std::move(arrived.problem);
    keep(*operation);
    done();
  };
  exchange_.fetch(leader, operation->id, 0, on_value, true);
}

}  // namespace tutti::runtime

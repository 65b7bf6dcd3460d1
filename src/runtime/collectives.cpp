#include "runtime/collectives.hpp"

#include "base/exception_text.hpp"
#include "runtime/data_exchange.hpp"
#include "tutti/check.hpp"
#include "tutti/detail/elements.hpp"

#include <utility>

namespace tutti::runtime {
namespace {

using detail::Value;
using detail::ValueOps;
using detail::ValuePtr;
using protocol::EnterCollective;
using transport::Done;

constexpr std::size_t message_overhead_bytes = 256;

MutableBuffer receiving(Bytes& bytes) { return {bytes.data(), bytes.size()}; }
/// The root of a broadcast sends from memory that nobody writes to.
MutableBuffer sending(ConstBuffer buffer) {
  return {const_cast<std::byte*>(buffer.data), buffer.size};
}

/// Calls `done` after it was counted down `count` times.
Done after(std::size_t count, Done done) {
  return [left = std::make_shared<std::size_t>(count), done = std::move(done)] {
    if (--*left == 0) done();
  };
}

}  // namespace

void Collectives::enqueue(Step step) {
  steps_.push_back(std::move(step));
  if (!running_) start_next();
}

void Collectives::start_next() {
  running_ = !steps_.empty();
  if (!running_) return;
  const Step step = std::move(steps_.front());
  steps_.pop_front();
  step([this] { start_next(); });
}

void Collectives::send_to_all(const EnterCollective& message) {
  for (int rank = 1; rank < transport_.size(); ++rank) {
    outbox_.add(rank, message, message_overhead_bytes + message.buffer_bytes.bytes().size());
  }
}

// ---- rank 0

void Collectives::announce_definition(TaskId group, Bytes definition) {
  EnterCollective message;
  message.kind = EnterCollective::Kind::define_group;
  message.id = group;
  message.stream_bytes = definition.size();
  send_to_all(message);
  enqueue([this, bytes = std::make_shared<Bytes>(std::move(definition))](Done done) {
    transport_.broadcast(0, receiving(*bytes), [bytes, done] { done(); });
  });
}

void Collectives::place_value(TaskId id, ValuePtr value, Done finished) {
  auto writer = std::make_shared<Writer>(buffer_bytes_min);
  value->ops().write(*value, *writer);
  const TypeToken type(value->ops());
  std::vector<std::uint64_t> sizes;
  for (const ConstBuffer& buffer : writer->buffers()) sizes.push_back(buffer.size);
  EnterCollective message;
  message.kind = EnterCollective::Kind::place_value;
  message.id = id;
  message.stream_bytes = writer->size();
  message.token = type.bytes();
  message.buffer_bytes = protocol::PackedList<std::uint64_t>(std::span<const std::uint64_t>(sizes));
  message.by_node = sharing_.anywhere() && is_worth_sharing(writer->buffers());
  send_to_all(message);
  enqueue([this, id, by_node = message.by_node, writer, value, finished](Done done) {
    if (by_node) {
      return send_by_node(id, value, writer, [finished, done] {
        finished();
        done();
      });
    }
    const Done each = after(1 + writer->buffers().size(), [writer, value, finished, done] {
      finished();
      done();
    });
    transport_.broadcast(0, sending({writer->bytes().data(), writer->size()}), each);
    for (const ConstBuffer& buffer : writer->buffers())
      transport_.broadcast(0, sending(buffer), each);
  });
}

void Collectives::place_sequence(TaskId id, ValuePtr elements, std::vector<Share> shares,
                                 Done finished) {
  const auto ranks = static_cast<std::size_t>(transport_.size());
  const bool plain = [&] {
    Writer probe(0);
    elements->ops().write_slice(*elements, 0, 0, probe);
    return !probe.buffers().empty();
  }();
  // Plain elements go from the caller's memory into place; all others as streams.
  auto writers = std::make_shared<std::vector<Writer>>();
  for (std::size_t rank = 0; rank < ranks; ++rank)
    writers->emplace_back(plain ? 0 : Writer::all_inline);
  std::vector<Share> share_of(ranks);
  for (const Share& share : shares) share_of[static_cast<std::size_t>(share.rank)] = share;
  std::uint64_t total = 0;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    Writer& writer = (*writers)[rank];
    if (share_of[rank].count != 0 || rank != 0) {
      elements->ops().write_slice(*elements, share_of[rank].begin, share_of[rank].count, writer);
    }
    total += writer.size();
    for (const ConstBuffer& buffer : writer.buffers()) total += buffer.size;
  }
  const bool large = total > transport::collective_bytes_max;
  const TypeToken type(elements->ops());
  for (std::size_t rank = 1; rank < ranks; ++rank) {
    const Writer& writer = (*writers)[rank];
    EnterCollective message;
    message.kind = EnterCollective::Kind::place_sequence;
    message.large = large;
    message.id = id;
    message.stream_bytes = writer.size();
    message.begin = share_of[rank].begin;
    message.count = share_of[rank].count;
    message.token = type.bytes();
    const std::uint64_t size = plain ? writer.buffers().front().size : 0;
    message.buffer_bytes =
        protocol::PackedList<std::uint64_t>(std::span<const std::uint64_t>(&size, plain ? 1 : 0));
    outbox_.add(static_cast<int>(rank), message, message_overhead_bytes);
  }
  enqueue([this, writers, elements, plain, large, finished](Done done) {
    const Done each = after(plain ? 2 : 1, [writers, elements, finished, done] {
      finished();
      done();
    });
    std::vector<ConstBuffer> streams;
    std::vector<ConstBuffer> buffers;
    for (const Writer& writer : *writers) {
      streams.push_back({writer.bytes().data(), writer.size()});
      buffers.push_back(writer.buffers().empty() ? ConstBuffer{} : writer.buffers().front());
    }
    // Rank 0 has the elements already.
    streams[0] = {};
    buffers[0] = {};
    transport_.scatter(0, std::move(streams), {}, large, each);
    if (plain) transport_.scatter(0, std::move(buffers), {}, large, each);
  });
}

void Collectives::gather(TaskId id, const ValueOps& ops, const std::vector<GatherPart>& by_rank,
                         OnGathered on_gathered) {
  auto streams = std::make_shared<std::vector<Bytes>>();
  for (std::size_t rank = 0; rank < by_rank.size(); ++rank) {
    const GatherPart& part = by_rank[rank];
    streams->emplace_back(static_cast<std::size_t>(rank == 0 ? 0 : part.bytes));
    if (rank == 0) continue;
    EnterCollective message;
    message.kind = EnterCollective::Kind::gather;
    message.id = id;
    message.stream_bytes = part.bytes;
    message.stretches =
        protocol::PackedList<std::uint64_t>(std::span<const std::uint64_t>(part.begins));
    outbox_.add(static_cast<int>(rank), message,
                message_overhead_bytes + message.stretches.bytes().size());
  }
  enqueue([this, streams, &ops, on_gathered](Done done) {
    std::vector<MutableBuffer> pieces;
    for (Bytes& stream : *streams) pieces.push_back(receiving(stream));
    transport_.gather(0, {}, std::move(pieces), false, [streams, &ops, on_gathered, done] {
      std::vector<ValuePtr> stretches;
      for (const Bytes& stream : *streams) {
        Reader reader(stream.span());
        while (!reader.at_end()) stretches.emplace_back(ops.read(reader));
      }
      on_gathered(std::move(stretches));
      done();
    });
  });
}

// ---- other ranks

void Collectives::on_enter(const EnterCollective& message) {
  auto operation = std::make_shared<Operation>();
  operation->kind = message.kind;
  operation->large = message.large;
  operation->by_node = message.by_node;
  operation->id = message.id;
  operation->begin = message.begin;
  operation->count = message.count;
  if (!message.token.empty()) operation->ops = &TypeToken::decode(message.token);
  for (std::size_t index = 0; index < message.buffer_bytes.size(); ++index) {
    operation->buffer_bytes.push_back(message.buffer_bytes[index]);
  }
  operation->stream.resize(static_cast<std::size_t>(message.stream_bytes));
  if (operation->kind == EnterCollective::Kind::gather)
    write_stretches(*operation, message.stretches);
  if (operation->kind == EnterCollective::Kind::define_group)
    coming_definitions_.insert(operation->id);
  enqueue([this, operation](const Done& done) {
    switch (operation->kind) {
      case EnterCollective::Kind::define_group:
        return enter_definition(operation, done);
      case EnterCollective::Kind::place_value:
        return enter_place_value(operation, done);
      case EnterCollective::Kind::place_sequence:
        return enter_place_sequence(operation, done);
      case EnterCollective::Kind::gather:
        return enter_gather(operation, done);
    }
  });
}

void Collectives::on_release(TaskId group) { coming_definitions_.erase(group); }

void Collectives::enter_definition(const std::shared_ptr<Operation>& operation, const Done& done) {
  transport_.broadcast(0, receiving(operation->stream), [this, operation, done] {
    if (coming_definitions_.erase(operation->id) != 0) on_definition_(operation->stream.span());
    done();
  });
}

/// Makes the value of the stream and gives the places of its buffers. A type that throws fails the
/// placing and nothing else: the buffers come all the same and are received somewhere.
std::vector<MutableBuffer> Collectives::read(Operation& operation) {
  std::vector<MutableBuffer> destinations;
  try {
    operation.value = read_value_stream(*operation.ops, operation.stream.span(),
                                        operation.buffer_bytes, destinations);
  } catch (...) {
    note_problem(operation);
    destinations.clear();
    for (const std::uint64_t size : operation.buffer_bytes)
      operation.dropped.emplace_back(static_cast<std::size_t>(size));
    for (Bytes& each : operation.dropped) destinations.push_back(receiving(each));
  }
  return destinations;
}

/// In a catch block: the value did not come to be.
void Collectives::note_problem(Operation& operation) {
  operation.value = ValuePtr();
  operation.problem = describe_failed_reading(operation.ops->type_name());
}

void Collectives::keep(Operation& operation) {
  const bool sequence = operation.kind == EnterCollective::Kind::place_sequence;
  try {
    if (operation.value && (!sequence || operation.count != 0)) {
      const std::uint64_t bytes = operation.ops->nbytes(*operation.value);
      if (sequence) {
        store_.put_stretch(operation.id,
                           {operation.begin, operation.count, operation.value, bytes});
      } else {
        store_.put(operation.id, operation.value, bytes);
      }
    }
  } catch (...) {
    note_problem(operation);
  }
  on_placed_(operation.id, operation.problem);
}

void Collectives::enter_place_value(const std::shared_ptr<Operation>& operation, const Done& done) {
  if (operation->by_node) return enter_by_node(operation, done);
  transport_.broadcast(0, receiving(operation->stream), [this, operation, done] {
    const std::vector<MutableBuffer> destinations = read(*operation);
    const Done each = after(1 + destinations.size(), [this, operation, done] {
      keep(*operation);
      done();
    });
    for (const MutableBuffer& destination : destinations)
      transport_.broadcast(0, destination, each);
    each();
  });
}

void Collectives::enter_place_sequence(const std::shared_ptr<Operation>& operation,
                                       const Done& done) {
  transport_.scatter(0, {}, receiving(operation->stream), operation->large,
                     [this, operation, done] {
                       const std::vector<MutableBuffer> destinations = read(*operation);
                       const Done each = after(1 + destinations.size(), [this, operation, done] {
                         keep(*operation);
                         done();
                       });
                       for (const MutableBuffer& destination : destinations) {
                         transport_.scatter(0, {}, destination, operation->large, each);
                       }
                       each();
                     });
}

/// What this rank sends to a gather, as it is when the message comes: until its turn comes, copies
/// may be added and stretches may be dropped, both at the word of rank 0. Only results that are too
/// small to leave memory are gathered so.
void Collectives::write_stretches(Operation& operation,
                                  const protocol::PackedList<std::uint64_t>& begins) const {
  Writer writer;
  for (std::size_t index = 0; index < begins.size(); ++index) {
    const worker::Store::Stretch* stretch = store_.find_stretch(operation.id, begins[index]);
    check(stretch != nullptr && stretch->begin == begins[index],
          "rank 0 knows where the stretches lie that it gathers");
    check(!stretch->away, "what a collective gathers is in memory");
    stretch->value->ops().write(*stretch->value, writer);
  }
  check(writer.size() == operation.stream.size(),
        "a rank sends as much to a gather as rank 0 expects");
  operation.stream = writer.take();
}

void Collectives::enter_gather(const std::shared_ptr<Operation>& operation, const Done& done) {
  transport_.gather(0, {operation->stream.data(), operation->stream.size()}, {}, false,
                    [operation, done] { done(); });
}

}  // namespace tutti::runtime

#include "runtime/data_exchange.hpp"

#include "base/exception_text.hpp"
#include "tutti/check.hpp"
#include "tutti/detail/elements.hpp"
#include "tutti/detail/function_token.hpp"
#include "tutti/error.hpp"

#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

namespace tutti::runtime {
namespace {

using detail::Value;
using detail::ValueOps;
using detail::ValuePtr;

/// Streams from this size on go beside the packet, in bytes.
constexpr std::size_t stream_bytes_max = 32 * 1024;
/// Tags on the data channel are reused after this many transfers.
constexpr std::uint32_t tags = 1u << 14;
constexpr std::size_t message_overhead_bytes = 128;
/// Transfers from this size on are timed, in bytes: the wire counts there, not the rank's manners.
constexpr std::uint64_t timed_bytes_min = 256 * 1024;

using Clock = std::chrono::steady_clock;

detail::ValuePtr shared(const detail::Value* value) {
  if (value != nullptr) value->retain();
  return detail::ValuePtr(const_cast<detail::Value*>(value));
}

}  // namespace

TypeToken::TypeToken(const ValueOps& ops) {
  const detail::FunctionToken token = detail::token_of(&ops);
  static_assert(sizeof(token) == sizeof(bytes_));
  std::memcpy(bytes_, &token, sizeof(token));
}

const ValueOps& TypeToken::decode(std::span<const std::byte> bytes) {
  detail::FunctionToken token;
  if (bytes.size() != sizeof(token))
    throw Error(ErrorCode::corrupt_data, "a message names a type by a token of wrong size");
  std::memcpy(&token, bytes.data(), sizeof(token));
  return *static_cast<const ValueOps*>(detail::address_of(token));
}

ValuePtr read_value_stream(const ValueOps& ops, std::span<const std::byte> stream,
                           std::span<const std::uint64_t> buffer_bytes,
                           std::vector<MutableBuffer>& destinations) {
  if (ops.read == nullptr)
    throw Error(ErrorCode::cannot_travel, "values of type " + ops.type_name() + " cannot travel");
  Reader reader(stream, buffer_bytes);
  ValuePtr value(ops.read(reader));
  reader.expect_end();
  destinations = reader.destinations();
  if (destinations.size() != buffer_bytes.size()) {
    throw Error(ErrorCode::corrupt_data,
                "a value of type " + ops.type_name() + " came with more buffers than it reads");
  }
  return value;
}

/// A value on its way here.
struct DataExchange::Arrival {
  int from = 0;
  std::uint32_t tag = 0;
  std::optional<NodeBuffers> on_node;
  const ValueOps* ops = nullptr;
  Bytes stream;
  std::vector<std::uint64_t> buffer_bytes;
  std::size_t missing = 0;
  ValuePtr value;
  MutableBuffer place;  ///< of plain elements that go into memory of the client
  OnValue on_value;
  Clock::time_point begin = Clock::now();
};

void DataExchange::fetch(int holder, TaskId id, std::uint32_t sequence, OnValue on_value,
                         bool own_copy) {
  if (holder == transport_.rank()) {
    check(store_.contains(id), "rank 0 knows who holds a value");
    give_own({id, 0}, on_value);
    return;
  }
  protocol::Fetch message;
  message.id = id;
  message.sequence = sequence;
  message.own_copy = own_copy;
  request(holder, message, std::move(on_value));
}

void DataExchange::fetch_slice(int holder, TaskId id, std::uint64_t begin, std::uint64_t count,
                               OnValue on_value) {
  protocol::Fetch message;
  message.id = id;
  message.slice = true;
  message.begin = begin;
  message.count = count;
  if (holder == transport_.rank()) {
    // The whole stretch, without copy: readers look up elements by their index.
    const worker::Store::Stretch* stretch = store_.find_stretch(id, begin);
    check(stretch != nullptr, "rank 0 knows who holds an element");
    give_own({id, stretch->begin}, on_value);
    return;
  }
  request(holder, message, std::move(on_value));
}

void DataExchange::give_own(worker::ValueKey key, const OnValue& on_value) {
  if (!store_.is_away(key)) {
    on_value({Answer::found, shared(store_.value_of(key)), 0, ""});
    return;
  }
  load_(key, [on_value](const Loaded& loaded) {
    const Answer answer = loaded.problem.empty() ? Answer::found : Answer::unwritable;
    on_value({answer, loaded.value, 0, loaded.problem});
  });
}

void DataExchange::fetch_slice_into(int holder, TaskId id, std::uint64_t begin, std::uint64_t count,
                                    MutableBuffer place, OnValue on_value) {
  check(holder != transport_.rank(), "elements on this rank are copied and not fetched");
  places_.insert({next_request_, place});
  protocol::Fetch message;
  message.id = id;
  message.slice = true;
  message.begin = begin;
  message.count = count;
  // In shared memory of the node they would not be in their place.
  message.own_copy = true;
  request(holder, message, std::move(on_value));
}

void DataExchange::request(int holder, protocol::Fetch message, OnValue on_value) {
  message.request = next_request_++;
  outbox_.add(holder, message, message_overhead_bytes);
  requests_.insert({message.request, Request{holder, message, std::move(on_value)}});
}

bool DataExchange::serve(int to, const protocol::Fetch& message) {
  worker::ValueKey key{message.id, 0};
  if (message.slice) {
    const worker::Store::Stretch* stretch = store_.use_stretch(message.id, message.begin);
    if (stretch == nullptr) return false;
    key.begin = stretch->begin;
  } else if (store_.use(message.id) == nullptr) {
    return false;
  }
  if (!store_.is_away(key)) {
    send(to, message, shared(store_.value_of(key)));
    return true;
  }
  load_(key, [this, to, message](const Loaded& loaded) {
    if (loaded.problem.empty()) {
      send(to, message, loaded.value);
    } else {
      refuse(to, message.request, Answer::unwritable, loaded.problem);
    }
  });
  return true;
}

void DataExchange::send(int to, const protocol::Fetch& message, const ValuePtr& value) {
  std::string problem = value ? "" : "it has no value";
  auto writer = std::make_shared<Writer>(buffer_bytes_min);
  if (value) {
    try {
      if (message.slice) {
        value->ops().write_slice(*value, message.begin, message.count, *writer);
      } else if (value->ops().write != nullptr) {
        value->ops().write(*value, *writer);
      } else {
        problem = "values of type " + value->ops().type_name() + " cannot travel";
      }
    } catch (...) {
      problem = "writing it threw " + describe_current_exception().message;
    }
  }
  if (problem.empty() && !message.own_copy && sharing_.with(to) &&
      is_worth_sharing(writer->buffers())) {
    share_value({to, message.request}, message, value, writer);
  } else if (problem.empty()) {
    send_value(to, message.request, value, writer);
  } else {
    refuse(to, message.request, Answer::unwritable, problem);
  }
}

void DataExchange::refuse(int to, std::uint64_t request, Answer answer, const std::string& why) {
  protocol::Data message;
  message.request = request;
  message.answer = answer;
  message.stream = std::as_bytes(std::span(why));
  outbox_.add(to, message, message_overhead_bytes + why.size());
}

/// Sends the announcement of a value, with its stream in it or beside it. Returns the tag of what
/// follows.
std::uint32_t DataExchange::send_head(int to, protocol::Data head,
                                      const std::shared_ptr<const Writer>& writer) {
  const std::size_t lists = head.buffer_bytes.bytes().size() + head.blocks.bytes().size();
  head.answer = Answer::found;
  head.tag = next_tag_++ % tags;
  head.stream_bytes = writer->size();
  const bool stream_beside = writer->size() + lists > stream_bytes_max;
  if (!stream_beside) head.stream = writer->bytes();
  outbox_.add(to, head, message_overhead_bytes + head.stream.size() + lists);
  // The announcement goes first, so that the receiver is awake and has its buffers ready.
  if (stream_beside || !head.buffer_bytes.empty()) outbox_.flush();
  if (stream_beside) {
    const ConstBuffer stream{writer->bytes().data(), writer->size()};
    transport_.send_bulk(to, head.tag, stream, [writer] {});
  }
  return head.tag;
}

void DataExchange::send_value(int to, std::uint64_t request, const ValuePtr& value,
                              const std::shared_ptr<Writer>& writer) {
  const TypeToken type(value->ops());
  const std::vector<std::uint64_t> sizes = sizes_of(writer->buffers());
  protocol::Data answer;
  answer.request = request;
  answer.token = type.bytes();
  answer.buffer_bytes = protocol::PackedList<std::uint64_t>(std::span<const std::uint64_t>(sizes));
  const std::uint32_t tag = send_head(to, answer, writer);
  for (const ConstBuffer& buffer : writer->buffers()) {
    bytes_sent_ += buffer.size;
    transport_.send_bulk(to, tag, buffer, [writer, value] {});
  }
}

void DataExchange::on_data(int from, const protocol::Data& message) {
  const auto found = requests_.find(message.request);
  check(found != requests_.end(), "data answers a request of this rank");
  Request asked = std::move(found.value());
  requests_.erase(found);
  OnValue on_value = std::move(asked.on_value);
  MutableBuffer place;
  if (const auto placed = places_.find(message.request); placed != places_.end()) {
    place = placed->second;
    places_.erase(placed);
  }
  if (message.answer != Answer::found) {
    std::string why(reinterpret_cast<const char*>(message.stream.data()), message.stream.size());
    if (why.empty()) why = "the value is not on that rank any more";
    on_value({message.answer, ValuePtr(), 0, std::move(why)});
    return;
  }
  auto arrival = std::make_shared<Arrival>();
  arrival->from = from;
  arrival->tag = message.tag;
  if (!message.blocks.empty()) {
    std::string problem;
    arrival->on_node = map_announced(*sharing_.store, message.blocks, problem);
    if (!arrival->on_node) {
      warn_unreachable(problem);
      discard_stream(from, message);
      asked.message.own_copy = true;
      request(asked.holder, asked.message, std::move(on_value));
      return;
    }
  }
  arrival->ops = &TypeToken::decode(message.token);
  arrival->place = place;
  arrival->on_value = std::move(on_value);
  for (std::size_t index = 0; index < message.buffer_bytes.size(); ++index) {
    arrival->buffer_bytes.push_back(message.buffer_bytes[index]);
  }
  if (message.stream.size() == message.stream_bytes) {
    arrival->stream = Bytes::copy_of(message.stream);
    read_stream(arrival);
    return;
  }
  arrival->stream.resize(message.stream_bytes);
  transport_.receive_bulk(from, message.tag, {arrival->stream.data(), arrival->stream.size()},
                          [this, arrival] { read_stream(arrival); });
}

void DataExchange::read_arrival(Arrival& arrival, std::vector<MutableBuffer>& destinations) {
  if (arrival.on_node) {
    arrival.value =
        read_on_node(*arrival.ops, arrival.stream.span(), arrival.buffer_bytes, *arrival.on_node);
    return;
  }
  if (arrival.place.data == nullptr) {
    arrival.value =
        read_value_stream(*arrival.ops, arrival.stream.span(), arrival.buffer_bytes, destinations);
    return;
  }
  Reader reader(arrival.stream.span(), arrival.buffer_bytes);
  detail::read_plain_elements(reader, arrival.place);
  destinations = reader.destinations();
}

void DataExchange::read_stream(const std::shared_ptr<Arrival>& arrival) {
  std::vector<MutableBuffer> destinations;
  try {
    read_arrival(*arrival, destinations);
  } catch (...) {
    const std::string problem = describe_failed_reading(arrival->ops->type_name());
    // The buffers that were announced come all the same; they must be received somewhere.
    if (arrival->on_node) arrival->buffer_bytes.clear();
    for (const std::uint64_t size : arrival->buffer_bytes) {
      auto discarded = std::make_shared<Bytes>(static_cast<std::size_t>(size));
      transport_.receive_bulk(arrival->from, arrival->tag, {discarded->data(), discarded->size()},
                              [discarded] {});
    }
    arrival->on_value({Answer::unwritable, ValuePtr(), 0, problem});
    return;
  }
  arrival->missing = destinations.size() + 1;
  for (const MutableBuffer& destination : destinations) {
    transport_.receive_bulk(arrival->from, arrival->tag, destination,
                            [this, arrival] { buffer_arrived(arrival); });
  }
  buffer_arrived(arrival);
}

void DataExchange::buffer_arrived(const std::shared_ptr<Arrival>& arrival) {
  if (--arrival->missing != 0) return;
  std::uint64_t bytes = arrival->stream.size();
  for (const std::uint64_t size : arrival->buffer_bytes) bytes += size;
  if (bytes >= timed_bytes_min && !arrival->on_node) {
    const auto elapsed = Clock::now() - arrival->begin;
    transfers_.bytes += bytes;
    transfers_.nanoseconds += static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count());
  }
  arrival->on_value({Answer::found, std::move(arrival->value), bytes, ""});
}

protocol::Transfer DataExchange::take_transfers() { return std::exchange(transfers_, {}); }

}  // namespace tutti::runtime

// The messages of locks, queues and their like, between ranks and rank 0.

#include "protocol/codec.hpp"
#include "protocol/fields.hpp"

namespace tutti::protocol {
namespace {

SyncRequest decode_sync_request(Reader& reader) {
  SyncRequest message;
  reader.value(message.number);
  const auto operation = reader.value<std::uint8_t>();
  if (operation >= sync::operations)
    throw Error(ErrorCode::corrupt_data, "a message asks for an unknown operation of coordination");
  message.operation = static_cast<sync::Operation>(operation);
  message.may_wait = get_flag(reader);
  reader.value(message.object);
  reader.value(message.task);
  reader.value(message.amount);
  message.names = get_bytes(reader);
  message.has_payload = get_flag(reader);
  message.payload = get_bytes(reader);
  return message;
}

SyncAnswer decode_sync_answer(Reader& reader) {
  SyncAnswer message;
  reader.value(message.number);
  const auto outcome = reader.value<std::uint8_t>();
  if (outcome > static_cast<std::uint8_t>(SyncAnswer::Outcome::refused))
    throw Error(ErrorCode::corrupt_data, "a message answers with an unknown outcome");
  message.outcome = static_cast<SyncAnswer::Outcome>(outcome);
  reader.value(message.amount);
  message.has_payload = get_flag(reader);
  message.payload = get_bytes(reader);
  message.problem = get_text(reader);
  return message;
}

}  // namespace

void encode(Writer& writer, const SyncRequest& message) {
  begin<SyncRequest>(writer);
  writer.value(message.number);
  writer.value(static_cast<std::uint8_t>(message.operation));
  put(writer, message.may_wait);
  writer.value(message.object);
  writer.value(message.task);
  writer.value(message.amount);
  put_bytes(writer, message.names);
  put(writer, message.has_payload);
  put_bytes(writer, message.payload);
}

void encode(Writer& writer, const SyncCancel& message) {
  begin<SyncCancel>(writer);
  writer.value(message.number);
}

void encode(Writer& writer, const SyncAnswer& message) {
  begin<SyncAnswer>(writer);
  writer.value(message.number);
  writer.value(static_cast<std::uint8_t>(message.outcome));
  writer.value(message.amount);
  put(writer, message.has_payload);
  put_bytes(writer, message.payload);
  put_text(writer, message.problem);
}

void encode(Writer& writer, const SyncTaskEnded& message) {
  begin<SyncTaskEnded>(writer);
  writer.value(message.task);
}

Message decode_of_sync(std::uint8_t kind, Reader& reader) {
  switch (kind) {
    case kind_of<SyncRequest>():
      return decode_sync_request(reader);
    case kind_of<SyncCancel>():
      return SyncCancel{reader.value<std::uint64_t>()};
    case kind_of<SyncAnswer>():
      return decode_sync_answer(reader);
    case kind_of<SyncTaskEnded>():
      return SyncTaskEnded{reader.value<std::uint64_t>()};
    default:
      return decode_of_gangs(kind, reader);
  }
}

}  // namespace tutti::protocol

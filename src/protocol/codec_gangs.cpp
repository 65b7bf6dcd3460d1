// The messages of gangs, between rank 0 and their members.

#include "protocol/codec.hpp"
#include "protocol/fields.hpp"

namespace tutti::protocol {
namespace {

AssignMember decode_assign_member(Reader& reader) {
  AssignMember message;
  message.task = decode_assign_task(reader);
  reader.value(message.run);
  reader.value(message.index);
  reader.value(message.size);
  reader.value(message.communicator);
  message.members = get_list<std::int32_t>(reader);
  return message;
}

StopGang decode_stop_gang(Reader& reader) {
  StopGang message;
  reader.value(message.run);
  message.task = get_id(reader);
  return message;
}

DropCommunicator decode_drop_communicator(Reader& reader) {
  DropCommunicator message;
  reader.value(message.communicator);
  message.failed = get_flag(reader);
  return message;
}

MemberFailed decode_member_failed(Reader& reader) {
  MemberFailed message;
  reader.value(message.run);
  message.type = get_text(reader);
  message.message = get_text(reader);
  return message;
}

MemberEnded decode_member_ended(Reader& reader) {
  MemberEnded message;
  reader.value(message.run);
  reader.value(message.result_bytes);
  return message;
}

}  // namespace

void encode(Writer& writer, const AssignMember& message) {
  begin<AssignMember>(writer);
  put_assign_task(writer, message.task);
  writer.value(message.run);
  writer.value(message.index);
  writer.value(message.size);
  writer.value(message.communicator);
  put_list(writer, message.members);
}

void encode(Writer& writer, const StartGang& message) {
  begin<StartGang>(writer);
  writer.value(message.run);
}

void encode(Writer& writer, const StopGang& message) {
  begin<StopGang>(writer);
  writer.value(message.run);
  put(writer, message.task);
}

void encode(Writer& writer, const DropCommunicator& message) {
  begin<DropCommunicator>(writer);
  writer.value(message.communicator);
  put(writer, message.failed);
}

void encode(Writer& writer, const MemberReady& message) {
  begin<MemberReady>(writer);
  writer.value(message.run);
}

void encode(Writer& writer, const MemberFailed& message) {
  begin<MemberFailed>(writer);
  writer.value(message.run);
  put_text(writer, message.type);
  put_text(writer, message.message);
}

void encode(Writer& writer, const MemberEnded& message) {
  begin<MemberEnded>(writer);
  writer.value(message.run);
  writer.value(message.result_bytes);
}

Message decode_of_gangs(std::uint8_t kind, Reader& reader) {
  switch (kind) {
    case kind_of<AssignMember>():
      return decode_assign_member(reader);
    case kind_of<StartGang>():
      return StartGang{reader.value<std::uint64_t>()};
    case kind_of<StopGang>():
      return decode_stop_gang(reader);
    case kind_of<DropCommunicator>():
      return decode_drop_communicator(reader);
    case kind_of<MemberReady>():
      return MemberReady{reader.value<std::uint64_t>()};
    case kind_of<MemberFailed>():
      return decode_member_failed(reader);
    case kind_of<MemberEnded>():
      return decode_member_ended(reader);
    default:
      throw Error(ErrorCode::corrupt_data, "a packet holds a message of unknown kind");
  }
}

}  // namespace tutti::protocol

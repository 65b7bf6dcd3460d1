#include "protocol/codec.hpp"

#include "protocol/fields.hpp"
#include "tutti/error.hpp"

namespace tutti::protocol {
namespace {

DefineFunction decode_define_function(Reader& reader) {
  DefineFunction message;
  reader.value(message.function);
  message.token = get_bytes(reader);
  message.name = get_text(reader);
  return message;
}

DefineGroup decode_define_group(Reader& reader) {
  DefineGroup message;
  message.group = get_id(reader);
  message.token = get_bytes(reader);
  message.name = get_text(reader);
  reader.value(message.stream);
  reader.value(message.retries);
  reader.value(message.timeout_ms);
  message.inputs = get_list<InputRef>(reader);
  message.payload = reader.view(static_cast<std::size_t>(reader.count_of(1)));
  return message;
}

AssignRange decode_assign_range(Reader& reader) {
  AssignRange message;
  message.group = get_id(reader);
  reader.value(message.begin);
  reader.value(message.count);
  reader.value(message.priority);
  const Flags flags = get_flags(reader);
  message.pinned = flags.first;
  reader.value(message.depth);
  message.pieces = get_list<PieceRef>(reader);
  if (flags.second) message.claim = get_claim(reader);
  return message;
}

Located decode_located(Reader& reader) {
  Located message;
  message.id = get_id(reader);
  reader.value(message.holder);
  reader.value(message.sequence);
  return message;
}

MemoryState decode_memory_state(Reader& reader) {
  MemoryState message;
  reader.value(message.managed_bytes);
  reader.value(message.process_bytes);
  reader.value(message.spilled_bytes);
  reader.value(message.shared_bytes);
  message.paused = get_flag(reader);
  return message;
}

Alive decode_alive(Reader& reader) {
  Alive message;
  reader.value(message.round);
  reader.value(message.running);
  reader.value(message.ready);
  reader.value(message.assigned);
  reader.value(message.awaited);
  return message;
}

GaveBack decode_gave_back(Reader& reader) {
  GaveBack message;
  message.tasks = get_list<TaskId>(reader);
  message.ranges = get_list<RangeCut>(reader);
  return message;
}

EnterCollective decode_enter_collective(Reader& reader) {
  EnterCollective message;
  const auto kind = reader.value<std::uint8_t>();
  if (kind > static_cast<std::uint8_t>(EnterCollective::Kind::gather)) {
    throw Error(ErrorCode::corrupt_data, "a message announces a collective of unknown kind");
  }
  message.kind = static_cast<EnterCollective::Kind>(kind);
  message.large = get_flag(reader);
  message.id = get_id(reader);
  reader.value(message.stream_bytes);
  reader.value(message.begin);
  reader.value(message.count);
  message.token = get_bytes(reader);
  message.buffer_bytes = get_list<std::uint64_t>(reader);
  message.by_node = get_flag(reader);
  message.stretches = get_list<std::uint64_t>(reader);
  return message;
}

TaskFinished decode_task_finished(Reader& reader) {
  TaskFinished message;
  message.task = get_id(reader);
  reader.value(message.result_bytes);
  message.has_result = get_flag(reader);
  message.result = get_bytes(reader);
  return message;
}

TaskThrew decode_task_threw(Reader& reader) {
  TaskThrew message;
  message.task = get_id(reader);
  message.type = get_text(reader);
  message.message = get_text(reader);
  return message;
}

ElementThrew decode_element_threw(Reader& reader) {
  ElementThrew message;
  message.group = get_id(reader);
  reader.value(message.index);
  message.inherited = get_flag(reader);
  message.type = get_text(reader);
  message.message = get_text(reader);
  return message;
}

RangeFinished decode_range_finished(Reader& reader) {
  RangeFinished message;
  message.group = get_id(reader);
  reader.value(message.begin);
  reader.value(message.count);
  reader.value(message.result_bytes);
  return message;
}

Timing decode_timing(Reader& reader) {
  Timing message;
  message.group = get_id(reader);
  reader.value(message.function);
  reader.value(message.calls);
  reader.value(message.nanoseconds);
  return message;
}

Fetch decode_fetch(Reader& reader) {
  Fetch message;
  reader.value(message.request);
  message.id = get_id(reader);
  message.slice = get_flag(reader);
  reader.value(message.begin);
  reader.value(message.count);
  reader.value(message.sequence);
  message.own_copy = get_flag(reader);
  return message;
}

Data decode_data(Reader& reader) {
  Data message;
  reader.value(message.request);
  const auto answer = reader.value<std::uint8_t>();
  if (answer > static_cast<std::uint8_t>(Data::Answer::unwritable))
    throw Error(ErrorCode::corrupt_data, "a message of data answers in an unknown way");
  message.answer = static_cast<Data::Answer>(answer);
  reader.value(message.tag);
  message.token = get_bytes(reader);
  reader.value(message.stream_bytes);
  message.stream = get_bytes(reader);
  message.buffer_bytes = get_list<std::uint64_t>(reader);
  message.blocks = get_list<BlockRef>(reader);
  return message;
}

}  // namespace

void encode(Writer& writer, const DefineFunction& message) {
  begin<DefineFunction>(writer);
  writer.value(message.function);
  put_bytes(writer, message.token);
  put_text(writer, message.name);
}

void encode(Writer& writer, const DefineGroup& message) {
  begin<DefineGroup>(writer);
  put(writer, message.group);
  put_bytes(writer, message.token);
  put_text(writer, message.name);
  writer.value(message.stream);
  writer.value(message.retries);
  writer.value(message.timeout_ms);
  put_list(writer, message.inputs);
  writer.count(message.payload.size());
  writer.raw(message.payload.data(), message.payload.size());
}

AssignTask decode_assign_task(Reader& reader) {
  AssignTask message;
  message.task = get_id(reader);
  reader.value(message.function);
  reader.value(message.priority);
  const Flags flags = get_flags(reader);
  message.inline_result = flags.first;
  reader.value(message.depth);
  reader.value(message.attempt);
  reader.value(message.timeout_ms);
  reader.value(message.stream);
  message.inputs = get_list<InputRef>(reader);
  message.payload = get_bytes(reader);
  if (flags.second) message.claim = get_claim(reader);
  return message;
}

void put_assign_task(Writer& writer, const AssignTask& message) {
  put(writer, message.task);
  writer.value(message.function);
  writer.value(message.priority);
  put(writer, message.inline_result, message.claim.number != 0);
  writer.value(message.depth);
  writer.value(message.attempt);
  writer.value(message.timeout_ms);
  writer.value(message.stream);
  put_list(writer, message.inputs);
  put_bytes(writer, message.payload);
  if (message.claim.number != 0) put(writer, message.claim);
}

void encode(Writer& writer, const AssignTask& message) {
  begin<AssignTask>(writer);
  put_assign_task(writer, message);
}

void encode(Writer& writer, const AssignRange& message) {
  begin<AssignRange>(writer);
  put(writer, message.group);
  writer.value(message.begin);
  writer.value(message.count);
  writer.value(message.priority);
  put(writer, message.pinned, message.claim.number != 0);
  writer.value(message.depth);
  put_list(writer, message.pieces);
  if (message.claim.number != 0) put(writer, message.claim);
}

void encode(Writer& writer, const ReleaseData& message) {
  begin<ReleaseData>(writer);
  put_list(writer, message.ids);
}

void encode(Writer& writer, const GiveBack& message) {
  begin<GiveBack>(writer);
  writer.value(message.units_max);
}

void encode(Writer& writer, const Probe& message) {
  begin<Probe>(writer);
  writer.value(message.round);
}

void encode(Writer& writer, const Located& message) {
  begin<Located>(writer);
  put(writer, message.id);
  writer.value(message.holder);
  writer.value(message.sequence);
}

void encode(Writer& writer, const EnterCollective& message) {
  begin<EnterCollective>(writer);
  writer.value(static_cast<std::uint8_t>(message.kind));
  put(writer, message.large);
  put(writer, message.id);
  writer.value(message.stream_bytes);
  writer.value(message.begin);
  writer.value(message.count);
  put_bytes(writer, message.token);
  put_list(writer, message.buffer_bytes);
  put(writer, message.by_node);
  put_list(writer, message.stretches);
}

void encode(Writer& writer, const Shutdown&) { begin<Shutdown>(writer); }

void encode(Writer& writer, const Hello& message) {
  begin<Hello>(writer);
  writer.value(message.slots);
  writer.value(message.memory_limit_bytes);
  put_bytes(writer, message.resources);
}

void encode(Writer& writer, const TaskFinished& message) {
  begin<TaskFinished>(writer);
  put(writer, message.task);
  writer.value(message.result_bytes);
  put(writer, message.has_result);
  put_bytes(writer, message.result);
}

void encode(Writer& writer, const TaskThrew& message) {
  begin<TaskThrew>(writer);
  put(writer, message.task);
  put_text(writer, message.type);
  put_text(writer, message.message);
}

void encode(Writer& writer, const ElementThrew& message) {
  begin<ElementThrew>(writer);
  put(writer, message.group);
  writer.value(message.index);
  put(writer, message.inherited);
  put_text(writer, message.type);
  put_text(writer, message.message);
}

void encode(Writer& writer, const RangeFinished& message) {
  begin<RangeFinished>(writer);
  put(writer, message.group);
  writer.value(message.begin);
  writer.value(message.count);
  writer.value(message.result_bytes);
}

void encode(Writer& writer, const Timing& message) {
  begin<Timing>(writer);
  put(writer, message.group);
  writer.value(message.function);
  writer.value(message.calls);
  writer.value(message.nanoseconds);
}

void encode(Writer& writer, const Replica& message) {
  begin<Replica>(writer);
  put(writer, message.id);
}

void encode(Writer& writer, const GaveBack& message) {
  begin<GaveBack>(writer);
  put_list(writer, message.tasks);
  put_list(writer, message.ranges);
}

void encode(Writer& writer, const Locate& message) {
  begin<Locate>(writer);
  put(writer, message.id);
}

void encode(Writer& writer, const Alive& message) {
  begin<Alive>(writer);
  writer.value(message.round);
  writer.value(message.running);
  writer.value(message.ready);
  writer.value(message.assigned);
  writer.value(message.awaited);
}

void encode(Writer& writer, const Transfer& message) {
  begin<Transfer>(writer);
  writer.value(message.bytes);
  writer.value(message.nanoseconds);
}

void encode(Writer& writer, const Placed& message) {
  begin<Placed>(writer);
  put(writer, message.id);
  put_text(writer, message.problem);
}

void encode(Writer& writer, const Goodbye&) { begin<Goodbye>(writer); }

void encode(Writer& writer, const Fetch& message) {
  begin<Fetch>(writer);
  writer.value(message.request);
  put(writer, message.id);
  put(writer, message.slice);
  writer.value(message.begin);
  writer.value(message.count);
  writer.value(message.sequence);
  put(writer, message.own_copy);
}

void encode(Writer& writer, const Data& message) {
  begin<Data>(writer);
  writer.value(message.request);
  writer.value(static_cast<std::uint8_t>(message.answer));
  writer.value(message.tag);
  put_bytes(writer, message.token);
  writer.value(message.stream_bytes);
  put_bytes(writer, message.stream);
  put_list(writer, message.buffer_bytes);
  put_list(writer, message.blocks);
}

void encode(Writer& writer, const Fragment& message) {
  begin<Fragment>(writer);
  put(writer, message.last);
  put_bytes(writer, message.bytes);
}

void encode(Writer& writer, const SharedOnNode& message) {
  begin<SharedOnNode>(writer);
  put(writer, message.id);
  put_list(writer, message.blocks);
}

void encode(Writer& writer, const MemoryState& message) {
  begin<MemoryState>(writer);
  writer.value(message.managed_bytes);
  writer.value(message.process_bytes);
  writer.value(message.spilled_bytes);
  writer.value(message.shared_bytes);
  put(writer, message.paused);
}

void encode(Writer& writer, const Replicate& message) {
  begin<Replicate>(writer);
  writer.value(message.piece);
}

void encode(Writer& writer, const DropStretch& message) {
  begin<DropStretch>(writer);
  put(writer, message.id);
  writer.value(message.begin);
}

void encode(Writer& writer, const Replicated& message) {
  begin<Replicated>(writer);
  put(writer, message.id);
  writer.value(message.begin);
  put(writer, message.kept);
}

Message decode(Reader& reader) {
  const auto kind = reader.value<std::uint8_t>();
  switch (kind) {
    case kind_of<DefineFunction>():
      return decode_define_function(reader);
    case kind_of<DefineGroup>():
      return decode_define_group(reader);
    case kind_of<AssignTask>():
      return decode_assign_task(reader);
    case kind_of<AssignRange>():
      return decode_assign_range(reader);
    case kind_of<ReleaseData>():
      return ReleaseData{get_list<TaskId>(reader)};
    case kind_of<GiveBack>():
      return GiveBack{reader.value<std::uint32_t>()};
    case kind_of<Probe>():
      return Probe{reader.value<std::uint32_t>()};
    case kind_of<Located>():
      return decode_located(reader);
    case kind_of<EnterCollective>():
      return decode_enter_collective(reader);
    case kind_of<Shutdown>():
      return Shutdown{};
    case kind_of<Hello>(): {
      Hello hello;
      reader.value(hello.slots);
      reader.value(hello.memory_limit_bytes);
      hello.resources = get_bytes(reader);
      return hello;
    }
    case kind_of<TaskFinished>():
      return decode_task_finished(reader);
    case kind_of<TaskThrew>():
      return decode_task_threw(reader);
    case kind_of<ElementThrew>():
      return decode_element_threw(reader);
    case kind_of<RangeFinished>():
      return decode_range_finished(reader);
    case kind_of<Timing>():
      return decode_timing(reader);
    case kind_of<Replica>():
      return Replica{get_id(reader)};
    case kind_of<GaveBack>():
      return decode_gave_back(reader);
    case kind_of<Locate>():
      return Locate{get_id(reader)};
    case kind_of<Alive>():
      return decode_alive(reader);
    case kind_of<Transfer>(): {
      const auto bytes = reader.value<std::uint64_t>();
      return Transfer{bytes, reader.value<std::uint64_t>()};
    }
    case kind_of<Placed>(): {
      const TaskId id = get_id(reader);
      return Placed{id, get_text(reader)};
    }
    case kind_of<Goodbye>():
      return Goodbye{};
    case kind_of<Fetch>():
      return decode_fetch(reader);
    case kind_of<Data>():
      return decode_data(reader);
    case kind_of<Fragment>(): {
      const bool last = get_flag(reader);
      return Fragment{last, get_bytes(reader)};
    }
    case kind_of<SharedOnNode>(): {
      const TaskId id = get_id(reader);
      return SharedOnNode{id, get_list<BlockRef>(reader)};
    }
    case kind_of<MemoryState>():
      return decode_memory_state(reader);
    case kind_of<Replicate>():
      return Replicate{reader.value<InputRef>()};
    case kind_of<DropStretch>(): {
      const TaskId id = get_id(reader);
      return DropStretch{id, reader.value<std::uint64_t>()};
    }
    case kind_of<Replicated>(): {
      const TaskId id = get_id(reader);
      const auto first = reader.value<std::uint64_t>();
      return Replicated{id, first, get_flag(reader)};
    }
    default:
      return decode_of_submissions(kind, reader);
  }
}

}  // namespace tutti::protocol

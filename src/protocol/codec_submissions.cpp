// The messages of tasks that submit tasks, between them and rank 0.

#include "protocol/codec.hpp"
#include "protocol/fields.hpp"

namespace tutti::protocol {
namespace {

Progress decode_progress(Reader& reader) {
  Progress message;
  message.id = get_id(reader);
  reader.value(message.index);
  reader.value(message.fraction);
  return message;
}

GrantIds decode_grant_ids(Reader& reader) {
  GrantIds message;
  message.tasks = get_list<TaskId>(reader);
  message.groups = get_list<TaskId>(reader);
  return message;
}

TaskEnded decode_task_ended(Reader& reader) {
  TaskEnded message;
  message.task = get_id(reader);
  reader.value(message.holder);
  reader.value(message.result_bytes);
  message.has_result = get_flag(reader);
  message.result = get_bytes(reader);
  return message;
}

RangeEnded decode_range_ended(Reader& reader) {
  RangeEnded message;
  message.group = get_id(reader);
  reader.value(message.begin);
  reader.value(message.count);
  reader.value(message.holder);
  reader.value(message.result_bytes);
  return message;
}

GroupEnded decode_group_ended(Reader& reader) {
  GroupEnded message;
  message.group = get_id(reader);
  return message;
}

WorkFailed decode_work_failed(Reader& reader) {
  WorkFailed message;
  message.id = get_id(reader);
  reader.value(message.index);
  reader.value(message.rank);
  reader.value(message.attempt);
  message.type = get_text(reader);
  message.message = get_text(reader);
  message.function = get_text(reader);
  message.task = get_text(reader);
  message.host = get_text(reader);
  message.story = get_text(reader);
  return message;
}

CancelWork decode_cancel_work(Reader& reader) {
  CancelWork message;
  message.ids = get_list<TaskId>(reader);
  return message;
}

RequestIds decode_request_ids(Reader& reader) {
  RequestIds message;
  reader.value(message.tasks);
  reader.value(message.groups);
  return message;
}

NameFunction decode_name_function(Reader& reader) {
  NameFunction message;
  reader.value(message.function);
  message.token = get_bytes(reader);
  message.name = get_text(reader);
  return message;
}

SubmitTask decode_submit_task(Reader& reader) {
  SubmitTask message;
  message.task = get_id(reader);
  reader.value(message.function);
  reader.value(message.priority);
  reader.value(message.depth);
  reader.value(message.retries);
  reader.value(message.timeout_ms);
  reader.value(message.stream);
  reader.value(message.gang);
  message.name = get_text(reader);
  message.inputs = get_list<NeedRef>(reader);
  message.payload = get_bytes(reader);
  message.demand = get_bytes(reader);
  reader.value(message.line);
  return message;
}

SubmitGroup decode_submit_group(Reader& reader) {
  SubmitGroup message;
  message.group = get_id(reader);
  reader.value(message.function);
  reader.value(message.priority);
  reader.value(message.depth);
  reader.value(message.stream);
  reader.value(message.retries);
  reader.value(message.timeout_ms);
  reader.value(message.total);
  reader.value(message.bytes_per_element);
  message.name = get_text(reader);
  message.inputs = get_list<NeedRef>(reader);
  message.sources = get_list<TaskId>(reader);
  message.payload = get_bytes(reader);
  message.demand = get_bytes(reader);
  return message;
}

PlaceValue decode_place_value(Reader& reader) {
  PlaceValue message;
  message.id = get_id(reader);
  reader.value(message.bytes);
  reader.value(message.count);
  message.held = get_flag(reader);
  return message;
}

DropFutures decode_drop_futures(Reader& reader) {
  DropFutures message;
  message.ids = get_list<TaskId>(reader);
  return message;
}

Waits decode_waits(Reader& reader) {
  Waits message;
  reader.value(message.suspended);
  reader.value(message.held_back);
  return message;
}

CancelFutures decode_cancel_futures(Reader& reader) {
  CancelFutures message;
  message.ids = get_list<TaskId>(reader);
  return message;
}

}  // namespace

static void put(Writer& writer, const Progress& progress) {
  put(writer, progress.id);
  writer.value(progress.index);
  writer.value(progress.fraction);
}

void encode(Writer& writer, const Progress& message) {
  begin<Progress>(writer);
  put(writer, message);
}

void encode(Writer& writer, const ProgressTold& message) {
  begin<ProgressTold>(writer);
  put(writer, message.progress);
}

void encode(Writer& writer, const GrantIds& message) {
  begin<GrantIds>(writer);
  put_list(writer, message.tasks);
  put_list(writer, message.groups);
}

void encode(Writer& writer, const TaskEnded& message) {
  begin<TaskEnded>(writer);
  put(writer, message.task);
  writer.value(message.holder);
  writer.value(message.result_bytes);
  put(writer, message.has_result);
  put_bytes(writer, message.result);
}

void encode(Writer& writer, const RangeEnded& message) {
  begin<RangeEnded>(writer);
  put(writer, message.group);
  writer.value(message.begin);
  writer.value(message.count);
  writer.value(message.holder);
  writer.value(message.result_bytes);
}

void encode(Writer& writer, const GroupEnded& message) {
  begin<GroupEnded>(writer);
  put(writer, message.group);
}

void encode(Writer& writer, const WorkFailed& message) {
  begin<WorkFailed>(writer);
  put(writer, message.id);
  writer.value(message.index);
  writer.value(message.rank);
  writer.value(message.attempt);
  put_text(writer, message.type);
  put_text(writer, message.message);
  put_text(writer, message.function);
  put_text(writer, message.task);
  put_text(writer, message.host);
  put_text(writer, message.story);
}

void encode(Writer& writer, const CancelWork& message) {
  begin<CancelWork>(writer);
  put_list(writer, message.ids);
}

void encode(Writer& writer, const RequestIds& message) {
  begin<RequestIds>(writer);
  writer.value(message.tasks);
  writer.value(message.groups);
}

void encode(Writer& writer, const NameFunction& message) {
  begin<NameFunction>(writer);
  writer.value(message.function);
  put_bytes(writer, message.token);
  put_text(writer, message.name);
}

void encode(Writer& writer, const SubmitTask& message) {
  begin<SubmitTask>(writer);
  put(writer, message.task);
  writer.value(message.function);
  writer.value(message.priority);
  writer.value(message.depth);
  writer.value(message.retries);
  writer.value(message.timeout_ms);
  writer.value(message.stream);
  writer.value(message.gang);
  put_text(writer, message.name);
  put_list(writer, message.inputs);
  put_bytes(writer, message.payload);
  put_bytes(writer, message.demand);
  writer.value(message.line);
}

void encode(Writer& writer, const SubmitGroup& message) {
  begin<SubmitGroup>(writer);
  put(writer, message.group);
  writer.value(message.function);
  writer.value(message.priority);
  writer.value(message.depth);
  writer.value(message.stream);
  writer.value(message.retries);
  writer.value(message.timeout_ms);
  writer.value(message.total);
  writer.value(message.bytes_per_element);
  put_text(writer, message.name);
  put_list(writer, message.inputs);
  put_list(writer, message.sources);
  put_bytes(writer, message.payload);
  put_bytes(writer, message.demand);
}

void encode(Writer& writer, const PlaceValue& message) {
  begin<PlaceValue>(writer);
  put(writer, message.id);
  writer.value(message.bytes);
  writer.value(message.count);
  put(writer, message.held);
}

void encode(Writer& writer, const DropFutures& message) {
  begin<DropFutures>(writer);
  put_list(writer, message.ids);
}

void encode(Writer& writer, const Waits& message) {
  begin<Waits>(writer);
  writer.value(message.suspended);
  writer.value(message.held_back);
}

void encode(Writer& writer, const ClaimEnded& message) {
  begin<ClaimEnded>(writer);
  writer.value(message.number);
}

void encode(Writer& writer, const CancelFutures& message) {
  begin<CancelFutures>(writer);
  put_list(writer, message.ids);
}

Message decode_of_submissions(std::uint8_t kind, Reader& reader) {
  switch (kind) {
    case kind_of<GrantIds>():
      return decode_grant_ids(reader);
    case kind_of<TaskEnded>():
      return decode_task_ended(reader);
    case kind_of<RangeEnded>():
      return decode_range_ended(reader);
    case kind_of<GroupEnded>():
      return decode_group_ended(reader);
    case kind_of<WorkFailed>():
      return decode_work_failed(reader);
    case kind_of<CancelWork>():
      return decode_cancel_work(reader);
    case kind_of<RequestIds>():
      return decode_request_ids(reader);
    case kind_of<NameFunction>():
      return decode_name_function(reader);
    case kind_of<SubmitTask>():
      return decode_submit_task(reader);
    case kind_of<SubmitGroup>():
      return decode_submit_group(reader);
    case kind_of<PlaceValue>():
      return decode_place_value(reader);
    case kind_of<DropFutures>():
      return decode_drop_futures(reader);
    case kind_of<Waits>():
      return decode_waits(reader);
    case kind_of<ClaimEnded>():
      return ClaimEnded{reader.value<std::uint32_t>()};
    case kind_of<CancelFutures>():
      return decode_cancel_futures(reader);
    case kind_of<Progress>():
      return decode_progress(reader);
    case kind_of<ProgressTold>():
      return ProgressTold{decode_progress(reader)};
    default:
      return decode_of_sync(kind, reader);
  }
}

}  // namespace tutti::protocol

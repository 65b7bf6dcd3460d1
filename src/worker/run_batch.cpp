#include "worker/run_batch.hpp"

#include "base/exception_text.hpp"
#include "worker/element_attempts.hpp"
#include "worker/task_context.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

namespace tutti::worker {
namespace {

using detail::ValuePtr;
using Clock = std::chrono::steady_clock;

std::uint64_t nanoseconds_since(Clock::time_point start) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
}

void note_exception(Execution& item) {
  ExceptionText text = describe_current_exception();
  item.threw = true;
  item.error_type = std::move(text.type);
  item.error_message = std::move(text.message);
}

/// Writes a small result for the report. User code may run and throw here: then the result just
/// stays here.
void write_stream(Execution& item, Writer& streams, std::size_t inline_bytes_max) {
  const detail::Value* value = item.result.get();
  if (value == nullptr) {
    item.has_stream = true;
    return;
  }
  if (value->ops().write == nullptr || item.result_bytes > inline_bytes_max) return;
  const std::size_t begin = streams.size();
  try {
    value->ops().write(*value, streams);
  } catch (...) {
    streams.truncate(begin);
    return;
  }
  if (streams.size() - begin > inline_bytes_max) {
    streams.truncate(begin);
    return;
  }
  item.has_stream = true;
  item.stream_begin = begin;
  item.stream_size = streams.size() - begin;
}

/// An input is not here: fails as a task does that throws.
void note_problem(Execution& item, const std::string& problem) {
  item.threw = true;
  item.error_type = problem_type;
  item.error_message = problem;
}

/// Sizes the result and writes it for the report. A type whose size cannot be told cannot be kept:
/// its task fails with what the type threw.
void finish_result(Execution& item, Writer& streams, std::size_t inline_bytes_max) {
  if (item.threw) return;
  try {
    if (item.result) item.result_bytes = item.result->ops().nbytes(*item.result);
  } catch (...) {
    item.result = ValuePtr();
    return note_exception(item);
  }
  if (item.task->inline_result) write_stream(item, streams, inline_bytes_max);
}

void run_bind(Execution& item) {
  if (!item.group->problem.empty()) return note_problem(item, item.group->problem);
  try {
    item.result = ValuePtr(item.ops->bind(item.group->payload.span(), item.group->inputs));
  } catch (...) {
    note_exception(item);
  }
}

/// The limit of an attempt is over: it has failed, whatever became of it. One element a block.
void note_end_of_time(detail::RangeCall& call, const TaskContext& context) {
  std::erase_if(call.failures,
                [&](const detail::ElementFailure& each) { return each.index == call.begin; });
  call.failures.push_back({call.begin, "tutti::TimeoutError",
                           "the task " + context.name() + " ran longer than its timeout of " +
                               std::to_string(context.batch->items.front().group->timeout_ms) +
                               " ms",
                           false});
}

void run_block(Batch& batch) {
  // Alone in its batch, so that it stays where it is.
  Execution& item = batch.items.front();
  GroupWork& group = *item.group;
  const std::string& problem = item.range->problem;
  if (!group.bound || !problem.empty()) {
    for (std::uint64_t index = item.begin; index < item.begin + item.count; ++index) {
      item.failures.push_back({index, group.bound ? problem_type : group.bind_error_type,
                               group.bound ? problem : group.bind_error_message, false});
    }
    return;
  }
  std::vector<std::span<const detail::InputPiece>> sources(item.range->sources.begin(),
                                                           item.range->sources.end());
  detail::RangeCall call;
  call.begin = item.begin;
  call.count = item.count;
  call.sources = sources;
  call.results = item.range->results.get();
  call_with_retries(call, group.retries, [&](int number) {
    TaskContext context;
    context.batch = &batch;
    context.id = group.group;
    context.ops = item.ops;
    context.payload = group.payload.span();
    context.range = &call;
    context.stream = group.stream;
    context.depth = item.range->depth;
    context.attempt = static_cast<std::uint8_t>(std::min(number, 255));
    context.stop = &group.stop;
    context.claim = &item.range->claim;
    if (group.timeout_ms != 0) {
      context.limit_ns = &item.limit_ns;
      ElementLimit(item.limit_ns).begin(std::chrono::milliseconds(group.timeout_ms));
    }
    const TaskScope scope(&context);
    item.ops->call_range(*group.bound, call);
    if (group.timeout_ms != 0 && ElementLimit(item.limit_ns).is_over())
      note_end_of_time(call, context);
  });
  item.failures = std::move(call.failures);
}

void run_task(Batch& batch) {
  TaskContext context;
  context.batch = &batch;
  TaskWork& task = *batch.items[batch.current].task;
  context.id = task.id;
  context.ops = batch.items[batch.current].ops;
  context.payload = task.payload.span();
  context.stream = task.stream;
  context.depth = task.depth;
  context.attempt = task.attempt;
  context.stop = &task.stop;
  context.member = task.member.get();
  context.claim = &task.claim;
  if (context.is_stopped()) return;
  if (!task.problem.empty()) return note_problem(batch.items[batch.current], task.problem);
  const TaskScope scope(&context);
  // A wait inside of the task moves the item to the front of its batch.
  try {
    ValuePtr result(context.ops->call(context.payload, task.values));
    batch.items[batch.current].result = std::move(result);
  } catch (...) {
    note_exception(batch.items[batch.current]);
  }
}

/// The time since the last end is shared by those that ended since, and by the one that runs when
/// it waits now.
void share_time(Batch& batch, std::size_t end) {
  const std::uint64_t each = nanoseconds_since(batch.since) / (end - batch.first);
  for (std::size_t index = batch.first; index < end; ++index) batch.items[index].elapsed_ns += each;
}

void finish_results(Batch& batch, std::size_t inline_bytes_max) {
  for (; batch.first < batch.current; ++batch.first) {
    Execution& item = batch.items[batch.first];
    if (item.kind == Execution::Kind::task) finish_result(item, batch.streams, inline_bytes_max);
  }
  batch.since = Clock::now();
}

/// Reading the clock costs as much as a small task.
bool are_timed_together(const Execution& first, const Execution& next) {
  return first.kind == Execution::Kind::task && next.kind == first.kind && next.ops == first.ops;
}

}  // namespace

void run_batch(Batch& batch, std::size_t inline_bytes_max) {
  batch.current = 0;
  batch.first = 0;
  batch.since = Clock::now();
  for (; batch.current < batch.items.size(); ++batch.current) {
    Execution& item = batch.items[batch.current];
    if (batch.first != batch.current && !are_timed_together(batch.items[batch.first], item)) {
      share_time(batch, batch.current);
      finish_results(batch, inline_bytes_max);
    }
    switch (item.kind) {
      case Execution::Kind::task:
        run_task(batch);
        break;
      case Execution::Kind::block:
        run_block(batch);
        break;
      case Execution::Kind::bind:
        run_bind(item);
        break;
    }
  }
  share_time(batch, batch.current);
  finish_results(batch, inline_bytes_max);
}

void pause_batch(Batch& batch, std::size_t inline_bytes_max) {
  share_time(batch, batch.current + 1);
  finish_results(batch, inline_bytes_max);
}

void continue_batch(Batch& batch) { batch.since = Clock::now(); }

}  // namespace tutti::worker

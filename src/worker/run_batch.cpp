#include "worker/run_batch.hpp"

#include "base/exception_text.hpp"

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

void run_task(Execution& item) {
  if (!item.task->problem.empty()) return note_problem(item, item.task->problem);
  try {
    item.result = ValuePtr(item.ops->call(item.task->payload.span(), item.task->values));
  } catch (...) {
    note_exception(item);
  }
}

void finish_result(Execution& item, Writer& streams, std::size_t inline_bytes_max) {
  if (item.threw) return;
  if (item.result) item.result_bytes = item.result->ops().nbytes(*item.result);
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

void run_block(Execution& item) {
  const std::string& problem = item.range->problem;
  if (!item.group->bound || !problem.empty()) {
    const bool unbound = !item.group->bound;
    for (std::uint64_t index = item.begin; index < item.begin + item.count; ++index) {
      item.failures.push_back({index, unbound ? item.group->bind_error_type : problem_type,
                               unbound ? item.group->bind_error_message : problem, false});
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
  item.ops->call_range(*item.group->bound, call);
  item.failures = std::move(call.failures);
}

}  // namespace

void run_batch(Batch& batch, std::size_t inline_bytes_max) {
  std::size_t first = 0;
  while (first < batch.items.size()) {
    Execution& item = batch.items[first];
    const Clock::time_point start = Clock::now();
    if (item.kind == Execution::Kind::bind) {
      run_bind(item);
      item.elapsed_ns = nanoseconds_since(start);
      ++first;
      continue;
    }
    if (item.kind == Execution::Kind::block) {
      run_block(item);
      item.elapsed_ns = nanoseconds_since(start);
      ++first;
      continue;
    }
    // Tasks of one function in a row are timed together: reading the clock costs as much as a small
    // task.
    std::size_t last = first;
    while (last < batch.items.size() && batch.items[last].kind == Execution::Kind::task &&
           batch.items[last].ops == item.ops) {
      run_task(batch.items[last]);
      ++last;
    }
    const std::uint64_t each = nanoseconds_since(start) / (last - first);
    for (; first < last; ++first) {
      batch.items[first].elapsed_ns = each;
      finish_result(batch.items[first], batch.streams, inline_bytes_max);
    }
  }
}

}  // namespace tutti::worker

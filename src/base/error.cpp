#include "tutti/error.hpp"

#include <string>
#include <utility>

namespace tutti {
namespace {

/// Appends `text` with each of its lines indented by two spaces more than the story's heading.
void append_indented(std::string& to, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (!line.empty()) to.append("\n    ").append(line);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
}

std::string sentence_of(const TaskFailure& failure) {
  std::string text = "task";
  const std::string& name = failure.task.empty() ? failure.function : failure.task;
  if (!name.empty()) text.append(" '").append(name).append("'");
  if (!failure.function.empty() && failure.function != name) {
    text.append(" of function ").append(failure.function);
  }
  text.append(" failed");
  if (failure.rank >= 0) text.append(" on rank ").append(std::to_string(failure.rank));
  if (!failure.host.empty())
    text.append(failure.rank >= 0 ? " (" + failure.host + ")" : " on " + failure.host);
  if (failure.attempt > 1) text.append(" in attempt ").append(std::to_string(failure.attempt));
  text.append(": ");
  text.append(failure.type);
  if (!failure.type.empty() && !failure.message.empty()) text.append(": ");
  text.append(failure.message);
  if (failure.type.empty() && failure.message.empty()) text.append("no reason is known");
  if (!failure.story.empty()) {
    text.append("\n  story of the task:");
    append_indented(text, failure.story);
  }
  return text;
}

}  // namespace

std::string_view name_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::bad_argument:
      return "bad argument";
    case ErrorCode::bad_launch:
      return "bad launch";
    case ErrorCode::different_binary:
      return "different binary";
    case ErrorCode::corrupt_data:
      return "corrupt data";
    case ErrorCode::cannot_travel:
      return "cannot travel";
    case ErrorCode::not_running:
      return "not running";
    case ErrorCode::timeout:
      return "timeout";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::lost:
      return "lost";
    case ErrorCode::no_memory:
      return "no memory";
    case ErrorCode::io:
      return "io";
    case ErrorCode::unsatisfiable:
      return "unsatisfiable";
    case ErrorCode::mpi:
      return "mpi";
  }
  return "unknown error";
}

TaskFailed::TaskFailed(TaskFailure failure)
    : std::runtime_error(sentence_of(failure)), failure_(std::move(failure)) {}

}  // namespace tutti

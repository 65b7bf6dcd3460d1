#pragma once

/// The two kinds of failure that a program can catch: `Error` (the world is wrong) and `TaskFailed`
/// (the user's task is). The third kind, a program that is wrong, ends in `check()` and is not
/// caught.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tutti {

/// What a caller can act on. Each value has a name for logs, see `name_of`.
enum class ErrorCode : std::uint8_t {
  bad_argument,  ///< what was passed cannot be used: unequal lengths, an option out of its limits,
                 ///< ...
  bad_launch,    ///< the program was started in a way that cannot work
  different_binary,  ///< ranks do not run the same program
  corrupt_data,      ///< bytes that do not decode
  cannot_travel,     ///< a function or value that cannot be sent to another rank
  not_running,       ///< a client or future used before the start or after the end
  timeout,           ///< the time that was allowed is over
  cancelled,         ///< the task was cancelled
  lost,              ///< the only copy of a value is gone
  no_memory,         ///< a limit of memory would be exceeded
  io,                ///< a file or device
  unsatisfiable,     ///< nothing in this allocation can do what was asked
  mpi,               ///< a call of the MPI library failed
};

/// The name of a code as it stands in logs, for example "bad argument".
std::string_view name_of(ErrorCode code) noexcept;

/// Something outside the program went wrong. `what()` is a whole sentence: what, where, why, what
/// to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

/// A wait that was given a time limit and did not end within it.
class TimeoutError : public Error {
 public:
  explicit TimeoutError(const std::string& sentence) : Error(ErrorCode::timeout, sentence) {}
};

/// The task behind a future was cancelled before it had a result.
class CancelledError : public Error {
 public:
  explicit CancelledError(const std::string& sentence) : Error(ErrorCode::cancelled, sentence) {}
};

/// What is known about a task that threw. Travels from the rank where it happened to rank 0.
struct TaskFailure {
  std::string type;      ///< demangled type of what was thrown
  std::string message;   ///< what(), or a sentence when the exception is no std::exception
  std::string function;  ///< name of the function that threw
  std::string task;      ///< the task's name, or its number when it has none
  int rank = -1;         ///< where it ran
  std::string host;
  int attempt = 1;
  std::string story;  ///< what happened to the task, one line an event
};

/// A task threw an exception, or needed the result of a task that did. Thrown where the result is
/// asked for. `failure().task` names the task where the exception began.
class TaskFailed : public std::runtime_error {
 public:
  explicit TaskFailed(TaskFailure failure);
  const TaskFailure& failure() const noexcept { return failure_; }

 private:
  TaskFailure failure_;
};

}  // namespace tutti

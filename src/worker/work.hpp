#pragma once

/// Records of what was assigned to this rank, and what an executor thread takes of it.

#include "base/durations.hpp"
#include "protocol/messages.hpp"
#include "tutti/bytes.hpp"
#include "tutti/detail/function_ops.hpp"
#include "tutti/ids.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tutti::worker {

using detail::FunctionOps;
using protocol::FunctionId;

struct TaskWork;
struct RangeWork;
struct GroupWork;

/// Somebody on this rank who waits for a value. Exactly one of the pointers is set.
struct Waiter {
  TaskWork* task = nullptr;
  RangeWork* range = nullptr;
  GroupWork* group = nullptr;
  std::uint32_t place = 0;  ///< input number, or source number of a range
  std::uint32_t piece = 0;  ///< piece number within the source
};

/// A rank that asked for a result that is not there yet, and its number for that.
struct Asker {
  std::int32_t rank = 0;
  std::uint64_t request = 0;
};

/// What makes a task a member of a gang.
struct GangMember {
  enum class Phase : std::uint8_t {
    waiting,  ///< for inputs, or for a slot
    seated,   ///< has a slot, and waits for the others
    begun,    ///< a thread will take it, whatever happens, or has it
  };
  std::uint64_t run = 0;  ///< names the attempt of the gang
  std::uint32_t communicator = 0;
  std::uint32_t index = 0;            ///< of this rank among the members
  std::uint32_t size = 1;             ///< of the gang
  std::vector<std::int32_t> members;  ///< ranks; empty when the communicator was named before
  Phase phase = Phase::waiting;
  bool stopped = false;  ///< rank 0 has told it to stop
};

/// What an assignment has of the worker besides one slot, see protocol::ClaimRef.
struct Claim {
  std::uint32_t number = 0;  ///< 0: nothing
  std::uint32_t cores = 1;
  std::vector<std::int32_t> devices;

  bool is_none() const { return number == 0; }
};

/// A single task.
struct TaskWork {
  TaskId id;
  FunctionId function = 0;
  std::int32_t urgency = 0;  ///< see protocol::urgency_of
  std::uint16_t depth = 0;
  std::uint8_t attempt = 1;
  std::uint32_t timeout_ms = 0;
  std::uint64_t stream = 0;  ///< names its random numbers
  bool inline_result = false;
  bool taken = false;     ///< a thread has it
  bool detached = false;  ///< taken, and nobody wants it any more: it ends without a trace
  bool input_failed = false;
  /// Set when the task shall stop; the thread that runs it looks at it by std::atomic_ref.
  std::uint8_t stop = 0;
  std::uint32_t missing = 0;
  Bytes payload;
  std::vector<protocol::InputRef> inputs;
  std::vector<detail::InputValue> values;  ///< in the order of inputs
  std::vector<detail::ValuePtr> held;      ///< fetched for this task only
  std::vector<Waiter> waiters;             ///< for its result, on this rank
  std::vector<Asker> askers;               ///< for its result, on others
  std::string problem;                     ///< why an input is not here: the task fails with it
  std::unique_ptr<GangMember> member;      ///< null for a task by itself
  Claim claim;

  bool is_awaited() const { return !waiters.empty() || !askers.empty(); }
};

/// A stretch of a map. Threads take blocks of it until it is empty.
struct RangeWork {
  TaskId group;
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
  std::uint64_t next = 0;  ///< elements given to threads
  /// Of those what came back, as an element before it in its block waits.
  struct Returned {
    std::uint64_t begin = 0;
    std::uint64_t count = 0;
  };
  std::vector<Returned> returned;
  std::uint64_t done = 0;  ///< elements done
  std::int32_t urgency = 0;
  std::uint16_t depth = 0;
  bool pinned = false;
  std::uint32_t missing = 0;
  std::vector<std::vector<detail::InputPiece>> sources;
  std::vector<detail::ValuePtr> held;
  detail::ValuePtr results;
  std::vector<detail::ElementFailure> failures;
  std::string problem;  ///< why a source is not here: its elements fail with it
  Claim claim;

  bool all_begun() const { return next == count && returned.empty(); }
};

/// What a group runs, once for all of its stretches.
struct GroupWork {
  TaskId group;
  const FunctionOps* ops = nullptr;  ///< null until the definition is here
  Bytes payload;
  std::vector<detail::InputValue> inputs;
  std::vector<detail::ValuePtr> held;
  std::uint32_t missing = 0;
  std::uint64_t stream = 0;  ///< names the random numbers of its elements
  std::uint8_t retries = 0;  ///< of each element
  std::uint32_t timeout_ms = 0;
  bool binding = false;
  bool released = false;
  bool cancelled = false;
  std::uint8_t stop = 0;     ///< see TaskWork
  bool waits = false;        ///< elements were seen to wait inside of themselves
  bool coordinates = false;  ///< elements were seen to use locks, queues and their like
  detail::ValuePtr bound;
  /// Binding threw: every element fails with this.
  std::string bind_error_type;
  std::string bind_error_message;
  std::vector<RangeWork*> waiting;  ///< stretches that came before the group was bound
  Durations durations;              ///< of its elements, as function 0
  std::uint64_t unfinished = 0;     ///< stretches that are not reported
  std::string problem;              ///< why a constant is not here: binding fails with it

  bool is_bound() const { return static_cast<bool>(bound) || !bind_error_type.empty(); }
};

/// What a task waits for inside of itself, which tells what has to be able to begin meanwhile.
enum class WaitsFor : std::uint8_t {
  results,  ///< of tasks that it submitted: what is deeper
  holder,   ///< something that a task holds which has begun: nothing new
  anybody,  ///< something that a task does which may not have begun: everything
};

/// One thing an executor thread does.
struct Execution {
  enum class Kind : std::uint8_t { task, block, bind };
  Kind kind = Kind::task;
  TaskWork* task = nullptr;
  RangeWork* range = nullptr;
  GroupWork* group = nullptr;
  const FunctionOps* ops = nullptr;
  TaskId id;                ///< of a task
  std::uint64_t run = 0;    ///< of a member of a gang
  std::uint64_t begin = 0;  ///< of a block
  std::uint64_t count = 0;

  // What running it gave.
  detail::ValuePtr result;
  std::uint64_t result_bytes = 0;
  bool threw = false;
  bool detached = false;    ///< nobody is told of the end
  bool has_stream = false;  ///< the small result as bytes, in Batch::streams
  std::size_t stream_begin = 0;
  std::size_t stream_size = 0;
  std::string error_type;
  std::string error_message;
  std::vector<detail::ElementFailure> failures;
  WaitsFor waits_for = WaitsFor::results;  ///< while it waits inside of itself
  /// Of an element that has only so much time: see ElementLimit.
  std::int64_t limit_ns = 0;
  /// Without the time in which it waited inside of itself.
  std::uint64_t elapsed_ns = 0;
  /// What of that was told already, when it waited.
  std::uint64_t noted_ns = 0;
};

/// What a thread takes in one go. Reused, so that taking allocates nothing in the steady state.
struct Batch {
  std::vector<Execution> items;
  Writer streams;
  std::uint32_t slots = 1;  ///< that it takes; more than 1: there is one item
  /// While it is being run: the item that runs, the first of those before it whose end was not
  /// noted, and when that one began.
  std::size_t current = 0;
  std::size_t first = 0;
  std::chrono::steady_clock::time_point since;
  void clear() {
    items.clear();
    streams.clear();
    current = 0;
    first = 0;
  }
};

}  // namespace tutti::worker

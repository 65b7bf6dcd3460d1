#pragma once

/// What ranks say to each other: one plain struct a message. docs/protocol.md has the table of who
/// sends which, when, and what answers. Views point into the packet that was decoded.

#include "tutti/bytes.hpp"
#include "tutti/ids.hpp"

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <variant>

namespace tutti::protocol {

/// Number of the protocol; ranks with another number are refused at start.
inline constexpr std::uint32_t version = 1;

/// Number of a function that single tasks name; groups name theirs by the id of the group.
using FunctionId = std::uint32_t;

/// A value, or an element of a sequence, and the rank that holds it or will produce it.
struct InputRef {
  TaskId id;
  std::uint64_t index = 0;
  std::int32_t holder = -1;
  std::uint32_t reserved = 0;
  bool operator==(const InputRef&) const = default;
};

/// A piece of a source sequence that feeds a range of a map.
struct PieceRef {
  TaskId id;
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
  std::int32_t holder = -1;
  /// Which of the map's sources it belongs to.
  std::uint32_t source = 0;
  bool operator==(const PieceRef&) const = default;
};

/// A list of plain structs inside a packet, which need not be aligned there.
template <class T>
class PackedList {
 public:
  PackedList() = default;
  explicit PackedList(std::span<const T> items) : bytes_(std::as_bytes(items)) {}
  explicit PackedList(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::size_t size() const { return bytes_.size() / sizeof(T); }
  bool empty() const { return bytes_.empty(); }
  T operator[](std::size_t index) const {
    T item;
    std::memcpy(static_cast<void*>(&item), bytes_.data() + index * sizeof(T), sizeof(T));
    return item;
  }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

// ---- rank 0 to a worker

/// What the number of a function means. Sent to a rank before the first task that names it.
struct DefineFunction {
  FunctionId function = 0;
  std::span<const std::byte> token;  ///< an encoded FunctionToken
  std::string_view name;
};

/// What a group runs: function, closure and constants. Also the payload of the broadcast that
/// announces it.
struct DefineGroup {
  TaskId group;
  std::span<const std::byte> token;
  std::string_view name;
  PackedList<InputRef> inputs;  ///< futures among the constants
  std::span<const std::byte> payload;
};

/// A task to run. Its inputs are with their holders, or are produced on the receiving rank itself.
struct AssignTask {
  TaskId task;
  FunctionId function = 0;
  std::int16_t priority = 0;
  /// The result is wanted inside the report when it is small.
  bool inline_result = false;
  PackedList<InputRef> inputs;
  std::span<const std::byte> payload;
};

/// A stretch of a map to run.
struct AssignRange {
  TaskId group;
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
  std::int16_t priority = 0;
  PackedList<PieceRef> pieces;
};

/// Values that nobody needs any more.
struct ReleaseData {
  PackedList<TaskId> ids;
};

/// All ranks enter a collective next; the n-th such message is the n-th collective.
struct EnterCollective {
  enum class Kind : std::uint8_t { define_group, place_value, place_sequence, gather };
  Kind kind = Kind::define_group;
  /// A scatter or gather too large for one call; it goes point to point.
  bool large = false;
  TaskId id;
  /// Bytes of the stream (broadcast) or of this rank's share (scatter, gather).
  std::uint64_t stream_bytes = 0;
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
  std::span<const std::byte> token;        ///< type of the value
  PackedList<std::uint64_t> buffer_bytes;  ///< out-of-band buffers that follow
};

/// The end: answer with Goodbye and leave.
struct Shutdown {};

// ---- a worker to rank 0

/// The worker is ready.
struct Hello {
  std::uint32_t slots = 1;
  std::uint64_t memory_limit_bytes = 0;
};

/// A task has its result; it is kept on the sender until it is released.
struct TaskFinished {
  TaskId task;
  std::uint64_t result_bytes = 0;
  /// The stream of the result when it was wanted and is small; `has_result` tells an empty one from
  /// none.
  bool has_result = false;
  std::span<const std::byte> result;
};

struct TaskThrew {
  TaskId task;
  std::string_view type;
  std::string_view message;
};

struct ElementThrew {
  TaskId group;
  std::uint64_t index = 0;
  bool inherited = false;
  std::string_view type;
  std::string_view message;
};

/// All elements of the range are done; those that threw were told before.
struct RangeFinished {
  TaskId group;
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
  std::uint64_t result_bytes = 0;
};

/// Measured run time of calls since the last report; function or group.
struct Timing {
  TaskId group;  ///< none: a function of single tasks
  FunctionId function = 0;
  std::uint64_t calls = 0;
  std::uint64_t nanoseconds = 0;
};

/// The sender fetched a copy of a value and keeps it.
struct Replica {
  TaskId id;
};

/// A value or stretch that rank 0 placed by a collective is in the sender's store.
struct Placed {
  TaskId id;
};

/// The worker has left its loop; nothing follows.
struct Goodbye {};

// ---- any rank to any rank

/// Asks for a value, or for elements [begin, begin + count) of a sequence.
struct Fetch {
  std::uint64_t request = 0;
  TaskId id;
  bool slice = false;
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
};

/// The answer to Fetch. Buffers follow as bulk messages with `tag`, in order; so does the stream
/// when it is too long for a packet.
struct Data {
  std::uint64_t request = 0;
  bool found = false;
  std::uint32_t tag = 0;
  std::span<const std::byte> token;  ///< type of the value
  std::uint64_t stream_bytes = 0;
  std::span<const std::byte> stream;  ///< empty when it follows as bulk
  PackedList<std::uint64_t> buffer_bytes;
};

/// A part of a message that is too long for a packet; the parts come in order, nothing between
/// them.
struct Fragment {
  bool last = false;
  std::span<const std::byte> bytes;
};

using Message =
    std::variant<DefineFunction, DefineGroup, AssignTask, AssignRange, ReleaseData, EnterCollective,
                 Shutdown, Hello, TaskFinished, TaskThrew, ElementThrew, RangeFinished, Timing,
                 Replica, Placed, Goodbye, Fetch, Data, Fragment>;

}  // namespace tutti::protocol

#pragma once

/// What ranks say to each other: one plain struct a message. docs/protocol.md has the table of who
/// sends which, when, and what answers. Views point into the packet that was decoded.

#include "protocol/message_parts.hpp"
#include "tutti/bytes.hpp"
#include "tutti/detail/actor_line.hpp"
#include "tutti/detail/sync_operation.hpp"
#include "tutti/ids.hpp"

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace tutti::protocol {

/// Number of the protocol; ranks with another number are refused at start.
inline constexpr std::uint32_t version = 9;

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
  std::uint64_t stream = 0;      ///< names its random numbers
  std::uint8_t retries = 0;      ///< of each element
  std::uint32_t timeout_ms = 0;  ///< of each attempt at an element; 0: none
  PackedList<InputRef> inputs;   ///< futures among the constants
  std::span<const std::byte> payload;
};

/// A task to run. Its inputs are with their holders, or will be: they are asked for at once.
struct AssignTask {
  TaskId task;
  FunctionId function = 0;
  std::int16_t priority = 0;
  /// The result is wanted inside the report when it is small.
  bool inline_result = false;
  std::uint16_t depth = 0;       ///< tasks that submitted each other, up to this one
  std::uint8_t attempt = 1;      ///< 1 at first, one more for each retry
  std::uint32_t timeout_ms = 0;  ///< 0: none
  std::uint64_t stream = 0;      ///< names its random numbers
  PackedList<InputRef> inputs;
  std::span<const std::byte> payload;
  ClaimRef claim = {};
};

/// A stretch of a map to run.
struct AssignRange {
  TaskId group;
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
  std::int16_t priority = 0;
  bool pinned = false;  ///< it must run there: it is not given back
  std::uint16_t depth = 0;
  PackedList<PieceRef> pieces;
  ClaimRef claim = {};
};

/// Values that nobody needs any more.
struct ReleaseData {
  PackedList<TaskId> ids;
};

/// Others are idle: give back half of what no thread has begun, at most so many tasks and elements.
/// Answered by GaveBack.
struct GiveBack {
  std::uint32_t units_max = 1;
};

/// Nothing has changed for long: what does the worker do? Answered by Alive.
struct Probe {
  std::uint32_t round = 0;
};

/// The answer to Locate. `holder` is -1 when the value will never be there.
struct Located {
  TaskId id;
  std::int32_t holder = -1;
  std::uint32_t sequence = 0;
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
  /// The buffers go to one rank a node, which tells the others where they lie: SharedOnNode.
  bool by_node = false;
  /// Of a gather: the begins of the stretches that the receiver sends, in order.
  PackedList<std::uint64_t> stretches;
};

/// The end: answer with Goodbye and leave.
struct Shutdown {};

/// Numbers that the receiver may give to what its tasks submit.
struct GrantIds {
  PackedList<TaskId> tasks;
  PackedList<TaskId> groups;
};

/// A task that the receiver submitted has ended well, on another rank.
struct TaskEnded {
  TaskId task;
  std::int32_t holder = -1;
  std::uint64_t result_bytes = 0;
  bool has_result = false;
  std::span<const std::byte> result;
};

/// The same for a stretch of a map, wherever it ran.
struct RangeEnded {
  TaskId group;
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
  std::int32_t holder = -1;
  std::uint64_t result_bytes = 0;
};

/// All of a map that the receiver submitted has ended.
struct GroupEnded {
  TaskId group;
};

/// What the receiver submitted has failed: a task, a whole map, or one element of it.
struct WorkFailed {
  static constexpr std::uint64_t whole = ~std::uint64_t{0};
  TaskId id;
  std::uint64_t index = whole;
  std::int32_t rank = -1;
  std::int32_t attempt = 1;
  std::string_view type;
  std::string_view message;
  std::string_view function;
  std::string_view task;
  std::string_view host;
  std::string_view story;
};

/// Nobody wants the results of these any more: what has not begun is dropped, what runs is told.
struct CancelWork {
  PackedList<TaskId> ids;
};

// ---- a worker to rank 0

/// The worker is ready.
struct Hello {
  std::uint32_t slots = 1;
  std::uint64_t memory_limit_bytes = 0;
  std::span<const std::byte> resources = {};  ///< encoded Resources
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

/// The end of a stretch that was not begun: elements [begin + kept, begin + kept + given) of the
/// stretch that was assigned with `begin`.
struct RangeCut {
  TaskId group;
  std::uint64_t begin = 0;
  std::uint64_t kept = 0;
  std::uint64_t given = 0;
  bool operator==(const RangeCut&) const = default;
};

/// What the sender will not run after all; nothing when all it has was begun.
struct GaveBack {
  PackedList<TaskId> tasks;
  PackedList<RangeCut> ranges;
};

/// The sender asked for an input where it is not any more: where is it now?
struct Locate {
  TaskId id;
};

/// The answer to Probe.
struct Alive {
  std::uint32_t round = 0;
  std::uint32_t running = 0;   ///< tasks and blocks, and transfers under way
  std::uint32_t ready = 0;     ///< that wait for a thread
  std::uint32_t assigned = 0;  ///< single tasks that have not ended
  std::uint32_t awaited = 0;   ///< values that were asked for
};

/// A large transfer came in: its bytes, and how long they took.
struct Transfer {
  std::uint64_t bytes = 0;
  std::uint64_t nanoseconds = 0;
};

/// What the sender's memory is used for, in bytes, and whether it starts tasks.
struct MemoryState {
  std::uint64_t managed_bytes = 0;
  std::uint64_t process_bytes = 0;
  std::uint64_t spilled_bytes = 0;
  std::uint64_t shared_bytes = 0;
  bool paused = false;
  bool operator==(const MemoryState&) const = default;
};

/// A value or stretch that rank 0 placed by a collective is in the sender's store.
struct Placed {
  TaskId id;
  std::string_view problem;  ///< why the sender could not keep it; empty when it could
};

/// Tasks of the sender submit tasks: it needs more numbers for them. Answered by GrantIds.
struct RequestIds {
  std::uint32_t tasks = 0;
  std::uint32_t groups = 0;
};

/// What a number of the sender means that its submissions name. Sent before the first of them.
struct NameFunction {
  FunctionId function = 0;
  std::span<const std::byte> token;
  std::string_view name;
};

/// A task of the sender submits a task. Its end is told to the sender.
struct SubmitTask {
  TaskId task;  ///< a granted number
  FunctionId function = 0;
  std::int16_t priority = 0;
  std::uint16_t depth = 0;
  std::uint8_t retries = 0;
  std::uint32_t timeout_ms = 0;
  std::uint64_t stream = 0;
  std::uint32_t gang = 0;  ///< so many ranks run it together; 0: it is no gang
  std::string_view name;   ///< empty: that of the function
  PackedList<NeedRef> inputs;
  std::span<const std::byte> payload;
  std::span<const std::byte> demand = {};  ///< an encoded Demand; empty: none
  std::uint32_t line = detail::no_line;    ///< of what has to do with an actor, see there
};

/// A task of the sender submits a map.
struct SubmitGroup {
  TaskId group;
  FunctionId function = 0;
  std::int16_t priority = 0;
  std::uint16_t depth = 0;
  std::uint64_t stream = 0;
  std::uint8_t retries = 0;      ///< of each element
  std::uint32_t timeout_ms = 0;  ///< of each attempt at an element; 0: none
  std::uint64_t total = 0;
  std::uint64_t bytes_per_element = 0;
  std::string_view name;
  PackedList<NeedRef> inputs;
  PackedList<TaskId> sources;
  std::span<const std::byte> payload;
  std::span<const std::byte> demand = {};  ///< of each element
};

/// A value, or a sequence of `count` elements, is in the sender's store under a granted number.
struct PlaceValue {
  TaskId id;
  std::uint64_t bytes = 0;
  std::uint64_t count = 0;
  bool held = false;  ///< the sender has a future of it
};

/// The sender has no future of these any more.
struct DropFutures {
  PackedList<TaskId> ids;
};

/// So many tasks and elements of the sender wait inside of themselves and have given up their
/// slots.
struct Waits {
  std::uint32_t suspended = 0;
  /// What is ready there and may not begin before some of those have ended.
  std::uint32_t held_back = 0;
  bool operator==(const Waits&) const = default;
};

/// A task of the sender cancels what it, or another task of that rank, submitted.
struct CancelFutures {
  PackedList<TaskId> ids;
};

/// What the sender was assigned under this claim has ended there, or will not begin.
struct ClaimEnded {
  std::uint32_t number = 0;
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
  /// Of the InputRef that named the holder; the answer waits until the task has run, or until so
  /// many tasks were assigned and it was none of them.
  std::uint32_t sequence = 0;
  /// The asker wants memory of its own, also where it could read that of its node.
  bool own_copy = false;
};

/// Where a buffer lies in the memory that the ranks of a node share; see node::Place. Whoever is
/// told of a block counts as using it.
struct BlockRef {
  std::uint32_t owner = 0;
  std::uint32_t slot = 0;
  std::uint64_t generation = 0;
  std::uint64_t offset = 0;
  bool operator==(const BlockRef&) const = default;
};

/// The answer to Fetch. Buffers follow as bulk messages with `tag`, in order; so does the stream
/// when it is too long for a packet.
struct Data {
  enum class Answer : std::uint8_t {
    found,
    gone,       ///< it is not here and will not be
    failed,     ///< the task that should give it threw, or an input of it failed
    unwritable  ///< it cannot travel; the stream says why
  };
  std::uint64_t request = 0;
  Answer answer = Answer::gone;
  std::uint32_t tag = 0;
  std::span<const std::byte> token;  ///< type of the value
  std::uint64_t stream_bytes = 0;
  std::span<const std::byte> stream;  ///< empty when it follows as bulk
  PackedList<std::uint64_t> buffer_bytes;
  /// Where the buffers lie; they do not follow then. One each, or none.
  PackedList<BlockRef> blocks;
};

/// Where the buffers of a value lie that rank 0 places on all ranks; from the rank that has them to
/// the others of its node. Without any: they are to be fetched from the sender.
struct SharedOnNode {
  TaskId id;
  PackedList<BlockRef> blocks;
};

/// A part of a message that is too long for a packet; the parts come in order, nothing between
/// them.
struct Fragment {
  bool last = false;
  std::span<const std::byte> bytes;
};

// ---- rank 0 to a worker, and back

/// Fetch a value, or a stretch of a sequence, from the holder that is named, and keep a copy until
/// it is released. Answered by Replicated.
struct Replicate {
  InputRef piece;
};

/// The stretch of a sequence that begins there is not needed on this rank any more; the rest of the
/// sequence stays.
struct DropStretch {
  TaskId id;
  std::uint64_t begin = 0;
};

/// The answer to Replicate: the copy is in the sender's store, or could not be brought there.
struct Replicated {
  TaskId id;
  std::uint64_t begin = 0;
  bool kept = false;
};

/// How far a task of the sender, or an element of a map, has come, by its own account.
struct Progress {
  TaskId id;
  std::uint64_t index = 0;
  double fraction = 0;  ///< 0 to 1
};

/// Rank 0 hands that on to the rank that has the future.
struct ProgressTold {
  Progress progress;
};

// ---- any rank to rank 0, and back: locks, semaphores, events, queues and their like

/// Asks something of the primitives of the run. Answered by SyncAnswer.
struct SyncRequest {
  std::uint64_t number = 0;  ///< the sender's
  sync::Operation operation = sync::Operation::lock;
  /// When it cannot be done at once: the answer comes when it can, or after SyncCancel.
  bool may_wait = false;
  std::uint64_t object = 0;  ///< of the sender's
  std::uint64_t task = 0;    ///< the sender's number of the task that asks; 0: the client
  std::int64_t amount = 0;
  std::span<const std::byte> names;  ///< the stream of a std::vector<std::string>
  bool has_payload = false;
  std::span<const std::byte> payload;
};

/// The time is over: the request is answered now, if it was not.
struct SyncCancel {
  std::uint64_t number = 0;
};

/// The answer to SyncRequest.
struct SyncAnswer {
  enum class Outcome : std::uint8_t { done, not_now, refused };
  std::uint64_t number = 0;
  Outcome outcome = Outcome::done;
  std::int64_t amount = 0;
  bool has_payload = false;
  std::span<const std::byte> payload;
  std::string_view problem;
};

/// A task of the sender, or an element of a map, has ended: what it holds is free.
struct SyncTaskEnded {
  std::uint64_t task = 0;
};

// ---- gangs: rank 0 to a member, and back

/// A task that the receiver runs together with others, as a member of a gang. It takes a slot as
/// soon as its inputs are there and one is free, before all other work; answered by MemberReady
/// then.
struct AssignMember {
  AssignTask task;
  std::uint64_t run = 0;           ///< names this attempt of the gang
  std::uint32_t index = 0;         ///< of the receiver among the members; 0 gives the result
  std::uint32_t size = 1;          ///< of the gang
  std::uint32_t communicator = 0;  ///< names that of these members
  /// Their ranks, ascending; empty when the communicator was named to them before.
  PackedList<std::int32_t> members;
};

/// All members have their slots: run.
struct StartGang {
  std::uint64_t run = 0;
};

/// The attempt has failed, or was cancelled: what was not begun is dropped, what runs is told to
/// stop, and what the receiver gave as a result is not needed.
struct StopGang {
  std::uint64_t run = 0;
  TaskId task;
};

/// A communicator that no gang will name again. One whose gang failed cannot be freed any more.
struct DropCommunicator {
  std::uint32_t communicator = 0;
  bool failed = false;
};

/// The member has its inputs and a slot.
struct MemberReady {
  std::uint64_t run = 0;
};

/// The member threw, or its time is over: its gang has failed. MemberEnded follows.
struct MemberFailed {
  std::uint64_t run = 0;
  std::string_view type;
  std::string_view message;
};

/// The member has given its slot back; each member says so once. The result of the first one is in
/// its store, unless it failed or was told to stop.
struct MemberEnded {
  std::uint64_t run = 0;
  std::uint64_t result_bytes = 0;
};

using Message =
    std::variant<DefineFunction, DefineGroup, AssignTask, AssignRange, ReleaseData, GiveBack, Probe,
                 Located, EnterCollective, Shutdown, Hello, TaskFinished, TaskThrew, ElementThrew,
                 RangeFinished, Timing, Replica, GaveBack, Locate, Alive, Transfer, Placed, Goodbye,
                 Fetch, Data, Fragment, SharedOnNode, MemoryState, Replicate, DropStretch,
                 Replicated, GrantIds, TaskEnded, RangeEnded, GroupEnded, WorkFailed, CancelWork,
                 RequestIds, NameFunction, SubmitTask, SubmitGroup, PlaceValue, DropFutures, Waits,
                 CancelFutures, Progress, ProgressTold, SyncRequest, SyncCancel, SyncAnswer,
                 SyncTaskEnded, ClaimEnded, AssignMember, StartGang, StopGang, DropCommunicator,
                 MemberReady, MemberFailed, MemberEnded>;

}  // namespace tutti::protocol

#pragma once

/// TaskContext: what the thread that runs a task knows about it.

#include "tutti/detail/function_ops.hpp"
#include "tutti/ids.hpp"
#include "tutti/random.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace tutti::worker {

struct Batch;
struct Claim;
struct GangMember;

/// What the task holds elsewhere: it is given back by the destructor, which may take the rank's
/// lock.
class Holdings {
 public:
  Holdings() = default;
  virtual ~Holdings() = default;
  Holdings(const Holdings&) = delete;
  Holdings& operator=(const Holdings&) = delete;
};

/// How long an attempt at an element may run. The thread that runs it sets the limit, another one
/// finds that it is over: both by this, on the same word.
class ElementLimit {
 public:
  using Clock = std::chrono::steady_clock;
  explicit ElementLimit(std::int64_t& word) : word_(word) {}
  void begin(std::chrono::milliseconds time) {
    word_.store(std::chrono::nanoseconds((Clock::now() + time).time_since_epoch()).count());
  }
  bool is_over() const { return word_.load(std::memory_order_relaxed) == over; }
  /// Ends it when its time has come; true when it was this call that did.
  bool end_in_time(Clock::time_point now) {
    std::int64_t limit = word_.load();
    if (limit <= 0 || std::chrono::nanoseconds(now.time_since_epoch()).count() < limit)
      return false;
    return word_.compare_exchange_strong(limit, over);
  }

 private:
  static constexpr std::int64_t over = -1;
  std::atomic_ref<std::int64_t> word_;
};

struct TaskContext {
  Batch* batch = nullptr;  ///< that it was taken with; null in a run without workers
  TaskId id;               ///< of the task, or of the map
  const detail::FunctionOps* ops = nullptr;
  std::span<const std::byte> payload;
  detail::RangeCall* range = nullptr;  ///< of a map: tells which element runs
  std::uint64_t stream = 0;            ///< names its random numbers
  std::uint16_t depth = 0;
  std::uint8_t attempt = 1;
  std::uint8_t* stop = nullptr;        ///< see TaskWork; null: nobody can stop it
  std::int64_t* limit_ns = nullptr;    ///< of the element; null: none
  const Claim* claim = nullptr;        ///< null: one slot and nothing more
  const GangMember* member = nullptr;  ///< of which gang it is a member; null: of none
  /// Of the task, or of the element that asked last; goes when the task ends.
  std::unique_ptr<Holdings> holdings;
  std::uint64_t holding_element = 0;

  bool is_stopped() const {
    if (limit_ns != nullptr && ElementLimit(*limit_ns).is_over()) return true;
    return stop != nullptr && std::atomic_ref(*stop).load(std::memory_order_relaxed) != 0;
  }
  /// 0 for a single task.
  std::uint64_t element() const { return range == nullptr ? 0 : range->index; }
  /// The function's name, and the element.
  std::string name() const;
  /// What an element that ran before this one has left behind is given back.
  void drop_old_holdings() {
    if (holding_element != element()) holdings.reset();
  }
  void hold(std::unique_ptr<Holdings> what) {
    holdings = std::move(what);
    holding_element = element();
  }
  /// Names the random numbers of the next task that this one submits: the same whatever ranks there
  /// are, and whatever ran before.
  std::uint64_t next_stream();
  /// True when enough time has passed since the last time for this to be told; the last word about
  /// a task, or an element, is told when it ends.
  bool progress_is_due();
  /// The generator of this task, or of the element that runs.
  Random& random(std::uint64_t seed);

 private:
  void begin_element();

  std::uint64_t known_element_ = ~std::uint64_t{0};
  std::uint64_t children_ = 0;
  std::optional<Random> random_;
  std::chrono::steady_clock::time_point next_progress_;
};

/// What the calling thread runs, or null.
TaskContext* current_task();

/// From here to the end of the scope the calling thread runs this task; null: none.
class TaskScope {
 public:
  explicit TaskScope(TaskContext* context);
  ~TaskScope();
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;

 private:
  TaskContext* outer_;
};

}  // namespace tutti::worker

#pragma once

/// TaskContext: what the thread that runs a task knows about it.

#include "tutti/detail/function_ops.hpp"
#include "tutti/ids.hpp"
#include "tutti/random.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace tutti::worker {

struct Batch;

/// What the task holds elsewhere: it is given back by the destructor, which may take the rank's
/// lock.
class Holdings {
 public:
  Holdings() = default;
  virtual ~Holdings() = default;
  Holdings(const Holdings&) = delete;
  Holdings& operator=(const Holdings&) = delete;
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
  std::uint8_t* stop = nullptr;  ///< see TaskWork; null: nobody can stop it
  /// Of the task, or of the element that asked last; goes when the task ends.
  std::unique_ptr<Holdings> holdings;
  std::uint64_t holding_element = 0;

  bool is_stopped() const {
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
  /// The generator of this task, or of the element that runs.
  Random& random(std::uint64_t seed);

 private:
  void begin_element();

  std::uint64_t known_element_ = ~std::uint64_t{0};
  std::uint64_t children_ = 0;
  std::optional<Random> random_;
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

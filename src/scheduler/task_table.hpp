#pragma once

/// TaskTable: one dense record per live task, and the edges from tasks to their dependents.

#include "protocol/messages.hpp"
#include "tutti/check.hpp"
#include "tutti/ids.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

namespace tutti::scheduler {

using protocol::FunctionId;
using protocol::urgency_of;

/// What a task needs beside its inputs, by number: see Demands.
using DemandId = std::uint16_t;
inline constexpr DemandId no_demand = 0;

enum class TaskState : std::uint8_t { unused, waiting, ready, assigned, finished, failed };

/// The index of an Input that means a group as a whole.
inline constexpr std::uint64_t all_elements = ~std::uint64_t{0};

/// What a task needs: the result of a task, or elements [index, index + count) of a group. With a
/// count of 0 it needs no data, only that the task, the element, or all_elements have ended well.
struct Input {
  TaskId id;
  std::uint64_t index = 0;
  std::uint64_t count = 1;

  bool is_order() const { return count == 0; }
};

/// Closure and arguments of a task as bytes; short ones lie in the record.
class Payload {
 public:
  Payload() = default;
  explicit Payload(std::span<const std::byte> bytes)
      : size_(static_cast<std::uint32_t>(bytes.size())) {
    std::byte* target = inline_;
    if (size_ > sizeof(inline_)) {
      target = new std::byte[size_];
      std::memcpy(inline_, &target, sizeof(target));
    }
    if (size_ != 0) std::memcpy(target, bytes.data(), size_);
  }
  Payload(Payload&& other) noexcept { take(other); }
  Payload& operator=(Payload&& other) noexcept {
    if (this != &other) {
      free();
      take(other);
    }
    return *this;
  }
  ~Payload() { free(); }

  std::span<const std::byte> bytes() const {
    return {size_ > sizeof(inline_) ? heap() : inline_, size_};
  }

 private:
  const std::byte* heap() const {
    const std::byte* pointer;
    std::memcpy(static_cast<void*>(&pointer), inline_, sizeof(pointer));
    return pointer;
  }
  void free() {
    if (size_ > sizeof(inline_)) delete[] heap();
    size_ = 0;
  }
  void take(Payload& other) {
    size_ = other.size_;
    std::memcpy(inline_, other.inline_, sizeof(inline_));
    other.size_ = 0;
  }

  std::uint32_t size_ = 0;
  alignas(4) std::byte inline_[20];
};

inline constexpr std::uint32_t no_edge = ~std::uint32_t{0};
inline constexpr std::int32_t no_worker = -1;

struct TaskRecord {
  std::uint32_t generation = 1;
  TaskState state = TaskState::unused;
  bool client_holds : 1 = false;  ///< a future names the task
  bool inline_result : 1 = false;
  bool has_copies : 1 = false;  ///< more holders than `worker`, see Scheduler::copies_
  bool is_data : 1 = false;     ///< placed by the client, has no function
  bool is_gang : 1 = false;     ///< several workers run it, see Scheduler::gangs_
  bool is_actor : 1 = false;    ///< its result is the state of an actor, which stays where it is
  bool is_call : 1 = false;     ///< of the actor that its first input is, see ActorCalls
  std::int16_t priority = 0;
  FunctionId function = 0;
  /// assigned: where it runs; finished: who holds the result.
  std::int32_t worker = no_worker;
  std::uint32_t missing_inputs = 0;  ///< not finished
  /// Neither finished nor assigned, so that nobody can be asked for them; those that give no data
  /// count until they are finished.
  std::uint32_t unplaced_inputs = 0;
  std::uint32_t references = 0;  ///< dependents that are not done
  std::uint32_t first_dependent = no_edge;
  std::uint32_t input_count = 0;
  std::uint32_t estimate_ns = 0;  ///< what was added to the worker's load
  std::uint16_t owner = 0;        ///< the rank whose futures name it, and which is told of its end
  std::uint16_t depth = 0;        ///< 0: submitted by main; else one more than the task that did
  std::uint8_t attempt = 1;
  std::uint8_t retries = 0;  ///< that are left
  DemandId demand = no_demand;
  std::unique_ptr<Input[]> inputs;
  std::uint64_t result_bytes = 0;  ///< assigned: expected
  std::uint64_t due_ns = 0;  ///< assigned: its end on the worker's account, see WorkerTable::load
  std::uint64_t stream = 0;  ///< names its random numbers
  Payload payload;

  /// What runs first: by priority, then the deepest, so that children run before strangers.
  std::int32_t urgency() const { return urgency_of(priority, depth); }
  /// Those that need its result may be sent to their workers, which ask its worker for it. What may
  /// be tried again on another rank is waited for here, and a gang, which fails when a member does
  /// that gives no result.
  bool gives_ahead() const { return retries == 0 && !is_gang; }
  bool is_placed() const { return state == TaskState::assigned && gives_ahead(); }
  std::span<const Input> input_span() const { return {inputs.get(), input_count}; }
};
static_assert(sizeof(TaskRecord) <= 104,
              "rank 0 promises at most 200 bytes a live task, futures included");

/// Lists of dependents, as chains in one pool. An edge to a task that was forgotten is stale; the
/// generation tells.
class EdgePool {
 public:
  struct Edge {
    TaskId dependent;
    std::uint32_t next = no_edge;
    bool order = false;  ///< it needs no data
  };

  void add(std::uint32_t& head, TaskId dependent, bool order = false) {
    std::uint32_t index = free_;
    if (index != no_edge) {
      free_ = edges_[index].next;
    } else {
      index = static_cast<std::uint32_t>(edges_.size());
      edges_.emplace_back();
    }
    edges_[index] = {dependent, head, order};
    head = index;
  }
  /// Empties the chain, appending its edges to `taken` in order of addition.
  void take(std::uint32_t& head, std::vector<Edge>& taken) {
    const std::size_t first = taken.size();
    while (head != no_edge) {
      Edge& edge = edges_[head];
      taken.push_back(edge);
      const std::uint32_t next = edge.next;
      edge.next = free_;
      free_ = head;
      head = next;
    }
    std::reverse(taken.begin() + static_cast<std::ptrdiff_t>(first), taken.end());
  }
  const Edge& operator[](std::uint32_t index) const { return edges_[index]; }

 private:
  std::vector<Edge> edges_;
  std::uint32_t free_ = no_edge;
};

/// Records addressed by slot, recycled, in blocks so that a growing table does not move.
class TaskTable {
 public:
  TaskId allocate() {
    const TaskId id = reserve();
    adopt();
    return id;
  }
  /// A number for a task that is to come; it means nothing until it is adopted.
  TaskId reserve() {
    std::uint32_t slot;
    if (!free_.empty()) {
      slot = free_.back();
      free_.pop_back();
    } else {
      slot = slots_;
      if (slot % block_records == 0)
        blocks_.push_back(std::make_unique<TaskRecord[]>(block_records));
      ++slots_;
    }
    return TaskId::task(slot, at(slot).generation);
  }
  /// A reserved number is used: the caller fills in its record.
  void adopt() { ++live_; }
  /// The slot may be used again, under the next generation.
  void forget(std::uint32_t slot) {
    const std::uint32_t generation = (at(slot).generation + 1) & TaskId::generation_mask;
    at(slot) = TaskRecord{};
    at(slot).generation = generation == 0 ? 1 : generation;
    free_.push_back(slot);
    --live_;
  }
  TaskRecord& at(std::uint32_t slot) { return blocks_[slot / block_records][slot % block_records]; }
  const TaskRecord& at(std::uint32_t slot) const {
    return blocks_[slot / block_records][slot % block_records];
  }
  /// The record of a live task, or null.
  TaskRecord* find(TaskId id) {
    if (id.is_group() || id.slot() >= slots_) return nullptr;
    TaskRecord& record = at(id.slot());
    return record.generation == id.generation() && record.state != TaskState::unused ? &record
                                                                                     : nullptr;
  }
  const TaskRecord* find(TaskId id) const { return const_cast<TaskTable*>(this)->find(id); }
  TaskId id_of(std::uint32_t slot) const { return TaskId::task(slot, at(slot).generation); }
  std::uint32_t slots() const { return slots_; }
  std::size_t live() const { return live_; }

 private:
  static constexpr std::uint32_t block_records = 1024;
  std::vector<std::unique_ptr<TaskRecord[]>> blocks_;
  std::vector<std::uint32_t> free_;
  std::uint32_t slots_ = 0;
  std::size_t live_ = 0;
};

}  // namespace tutti::scheduler

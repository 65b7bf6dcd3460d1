#pragma once

/// GroupTable: one record a map or placed sequence. Elements never have records; what is known of
/// them are the stretches that were given out and the stretches that are finished.

#include "scheduler/commands.hpp"
#include "scheduler/task_table.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace tutti::scheduler {

enum class GroupState : std::uint8_t {
  unused,
  waiting,   ///< a constant is not computed yet
  active,    ///< elements can run, run, or wait for elements of their sources
  finished,  ///< every element finished or failed
  failed,    ///< a constant failed, and with it every element
};

/// A finished stretch and who holds its results.
struct Chunk {
  std::uint64_t count = 0;
  std::int32_t worker = no_worker;
  std::uint64_t bytes = 0;
};

/// A stretch that was given out.
struct OutstandingRange {
  std::uint64_t count = 0;
  std::int32_t worker = no_worker;
  std::uint32_t estimate_ns = 0;
  std::uint64_t estimate_bytes = 0;  ///< of its results
};

/// A stretch whose source elements are there and that was not given out.
struct AvailablePiece {
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
  std::int32_t worker = no_worker;  ///< who holds the source elements; no_worker: anybody
};

/// A stretch whose results are there before the map is submitted.
struct FinishedPiece {
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
  std::int32_t worker = no_worker;  ///< who holds them
  std::uint64_t bytes = 0;
};

/// A task or map that needs the elements from its place in the list of slices up to `end`.
struct SliceDependent {
  std::uint64_t end = 0;
  std::uint64_t missing = 0;  ///< elements
  TaskId dependent;
};

struct GroupRecord {
  std::uint32_t generation = 1;
  GroupState state = GroupState::unused;
  bool client_holds = false;
  bool is_data = false;
  bool pinned = false;  ///< element i runs on rank i, at once
  bool queued = false;  ///< stands in the ready queue
  std::int16_t priority = 0;
  std::uint16_t owner = 0;      ///< the rank whose futures name it, and which is told of its end
  std::uint16_t depth = 0;      ///< see TaskRecord
  DemandId demand = no_demand;  ///< of each element
  FunctionId function = 0;
  std::uint64_t stream = 0;  ///< names its random numbers
  std::uint64_t total = 0;
  std::uint64_t bytes_per_element = 0;  ///< of the materialised sources, estimated
  std::uint64_t known_before = 0;       ///< elements that were there when it was submitted
  std::uint64_t given_out = 0;
  std::uint64_t done = 0;
  std::uint32_t references = 0;
  std::uint32_t missing_inputs = 0;
  std::vector<Input> inputs;    ///< futures among the constants
  std::vector<TaskId> sources;  ///< groups whose elements feed this one, element by element
  std::vector<TaskId> derived;  ///< groups that this one feeds, some that are done among them
  std::size_t derived_limit = 8;
  std::deque<AvailablePiece> available;
  std::map<std::uint64_t, OutstandingRange> outstanding;      ///< by begin
  std::map<std::uint64_t, Chunk> chunks;                      ///< by begin
  std::map<std::uint64_t, std::vector<std::int32_t>> copies;  ///< more holders of chunks, by begin
  std::map<std::uint64_t, FailurePtr> failures;               ///< by element
  FailurePtr failure;                                         ///< of the whole group
  std::map<std::uint64_t, std::uint32_t> element_dependents;  ///< heads of chains, by element
  std::multimap<std::uint64_t, SliceDependent> slices;        ///< by their first element
  std::uint64_t slice_length_max = 0;
  std::uint64_t result_bytes = 0;  ///< of what is done

  std::int32_t urgency() const { return urgency_of(priority, depth); }
};

/// Where an element stands.
enum class ElementState : std::uint8_t { pending, finished, failed };

class GroupTable {
 public:
  TaskId allocate() {
    const TaskId id = reserve();
    adopt();
    return id;
  }
  /// See TaskTable.
  TaskId reserve() {
    std::uint32_t slot;
    if (!free_.empty()) {
      slot = free_.back();
      free_.pop_back();
    } else {
      slot = static_cast<std::uint32_t>(records_.size());
      records_.push_back(std::make_unique<GroupRecord>());
    }
    return TaskId::group(slot, records_[slot]->generation);
  }
  void adopt() { ++live_; }
  void forget(std::uint32_t slot) {
    const std::uint32_t generation = (records_[slot]->generation + 1) & TaskId::generation_mask;
    *records_[slot] = GroupRecord{};
    records_[slot]->generation = generation == 0 ? 1 : generation;
    free_.push_back(slot);
    --live_;
  }
  GroupRecord& at(std::uint32_t slot) { return *records_[slot]; }
  const GroupRecord& at(std::uint32_t slot) const { return *records_[slot]; }
  GroupRecord* find(TaskId id) {
    if (!id.is_group() || id.slot() >= records_.size()) return nullptr;
    GroupRecord& record = *records_[id.slot()];
    return record.generation == id.generation() && record.state != GroupState::unused ? &record
                                                                                      : nullptr;
  }
  const GroupRecord* find(TaskId id) const { return const_cast<GroupTable*>(this)->find(id); }
  TaskId id_of(std::uint32_t slot) const { return TaskId::group(slot, records_[slot]->generation); }
  std::uint32_t slots() const { return static_cast<std::uint32_t>(records_.size()); }
  std::size_t live() const { return live_; }

 private:
  std::vector<std::unique_ptr<GroupRecord>> records_;
  std::vector<std::uint32_t> free_;
  std::size_t live_ = 0;
};

/// The chunk that holds a finished element, or null.
inline const Chunk* find_chunk(const GroupRecord& group, std::uint64_t index) {
  auto after = group.chunks.upper_bound(index);
  if (after == group.chunks.begin()) return nullptr;
  --after;
  return index - after->first < after->second.count ? &after->second : nullptr;
}

/// An element ends with its range, also when it was told before that it threw.
inline ElementState element_state(const GroupRecord& group, std::uint64_t index) {
  if (group.state == GroupState::failed) return ElementState::failed;
  if (find_chunk(group, index) == nullptr) return ElementState::pending;
  return group.failures.contains(index) ? ElementState::failed : ElementState::finished;
}

/// How many of the elements [begin, begin + count) have not ended.
inline std::uint64_t count_missing(const GroupRecord& group, std::uint64_t begin,
                                   std::uint64_t count) {
  std::uint64_t missing = count;
  auto chunk = group.chunks.upper_bound(begin);
  if (chunk != group.chunks.begin()) --chunk;
  for (; chunk != group.chunks.end() && chunk->first < begin + count; ++chunk) {
    const std::uint64_t first = std::max(begin, chunk->first);
    const std::uint64_t last = std::min(begin + count, chunk->first + chunk->second.count);
    if (first < last) missing -= last - first;
  }
  return missing;
}

/// The failure of the first element of [begin, begin + count) that ended so, or null.
inline FailurePtr failure_within(const GroupRecord& group, std::uint64_t begin,
                                 std::uint64_t count) {
  if (group.failure) return group.failure;
  for (auto failed = group.failures.lower_bound(begin);
       failed != group.failures.end() && failed->first - begin < count; ++failed) {
    if (find_chunk(group, failed->first) != nullptr) return failed->second;
  }
  return nullptr;
}

inline FailurePtr failure_of(const GroupRecord& group, std::uint64_t index) {
  if (group.failure) return group.failure;
  const auto found = group.failures.find(index);
  return found == group.failures.end() ? nullptr : found->second;
}

}  // namespace tutti::scheduler

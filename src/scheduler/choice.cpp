// Which worker is best for a task that has inputs: a pure function of the tables.

#include "scheduler/scheduler.hpp"

#include <algorithm>
#include <array>

namespace tutti::scheduler {

/// Workers that hold inputs of a task or will produce them, and how many bytes of them.
struct Scheduler::Candidates {
  struct Candidate {
    int worker;
    double bytes;
  };
  void add(int worker, double bytes) {
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(count);
    const auto found = std::find_if(all.begin(), end,
                                    [&](const Candidate& each) { return each.worker == worker; });
    if (found != end) {
      found->bytes += bytes;
    } else if (count < all.size()) {
      all[count++] = {worker, bytes};
    }
  }

  // More than a few are not told apart: the first ones seen stand for all.
  std::array<Candidate, 8> all;
  std::size_t count = 0;
};

void Scheduler::add_candidates(const Input& input, Candidates& candidates) const {
  if (input.is_order()) return;
  if (input.id.is_group()) {
    const GroupRecord& group = *groups_.find(input.id);
    // Nobody tells the size of a sequence that was placed; then elements are counted.
    const double each =
        std::max(1.0, static_cast<double>(group.result_bytes) /
                          static_cast<double>(std::max<std::uint64_t>(1, group.done)));
    auto chunk = group.chunks.upper_bound(input.index);
    if (chunk != group.chunks.begin()) --chunk;
    for (; chunk != group.chunks.end() && chunk->first < input.index + input.count; ++chunk) {
      if (!workers_.has_joined(chunk->second.worker)) continue;
      const std::uint64_t first = std::max(input.index, chunk->first);
      const std::uint64_t last =
          std::min(input.index + input.count, chunk->first + chunk->second.count);
      candidates.add(chunk->second.worker, 1 + each * static_cast<double>(last - first));
    }
    return;
  }
  const TaskRecord& record = tasks_.at(input.id.slot());
  if (!workers_.has_joined(record.worker)) return;
  const double bytes = record.state == TaskState::finished
                           ? static_cast<double>(record.result_bytes)
                           : durations_.result_bytes(record.function);
  candidates.add(record.worker, 1 + bytes);
  // What is on many workers binds a task to none of them.
  if (!record.has_copies) return;
  const std::vector<std::int32_t>& copies = copies_.at(input.id.slot());
  if (copies.size() >= candidates.all.size()) return;
  for (const std::int32_t holder : copies) {
    if (workers_.has_joined(holder)) candidates.add(holder, 1 + bytes);
  }
}

/// Estimated time until a task that was assigned ends.
double Scheduler::due_in_ns(const TaskRecord& record) const {
  const WorkerRecord& worker = workers_.at(record.worker);
  if (record.due_ns <= worker.ended_ns) return 0;
  return static_cast<double>(record.due_ns - worker.ended_ns) / static_cast<double>(worker.slots);
}

/// Estimated time until the input is at the worker.
double Scheduler::arrival_ns(const Input& input, int worker) const {
  if (input.is_order()) return 0;
  if (input.id.is_group()) {
    const Chunk* chunk = find_chunk(*groups_.find(input.id), input.index);
    return chunk == nullptr || chunk->worker == worker ? 0 : options_.latency_ns;
  }
  const TaskRecord& record = tasks_.at(input.id.slot());
  if (record.state == TaskState::finished) {
    if (holder_of(input, worker) == worker) return 0;
    return options_.latency_ns + static_cast<double>(record.result_bytes) / bandwidth_bytes_per_ns_;
  }
  if (record.state != TaskState::assigned) return 0;
  const double due = due_in_ns(record);
  if (record.worker == worker) return due;
  return due + options_.latency_ns +
         durations_.result_bytes(record.function) / bandwidth_bytes_per_ns_;
}

/// Estimated time until the task can start on the worker: a slot is free, and all inputs are there.
double Scheduler::start_ns(const TaskRecord& record, int worker) const {
  // Of very many inputs a sample tells enough.
  constexpr std::size_t inputs_max = 16;
  // Nobody knows when a worker that is paused, or parked, goes on.
  constexpr double paused_ns = 1e9;
  const WorkerRecord& there = workers_.at(worker);
  double start = there.queue_ns() + (there.paused || there.parked ? paused_ns : 0);
  const std::span<const Input> inputs = record.input_span();
  for (const Input& input : inputs.first(std::min(inputs.size(), inputs_max)))
    start = std::max(start, arrival_ns(input, worker));
  return start;
}

/// The worker that holds or produces most bytes of the inputs, unless another one can start clearly
/// earlier: moving data has a price beyond this task, since what follows from it moves too. A
/// worker that has nothing to do need only be earlier. no_worker when no worker holds any input.
int Scheduler::choose_worker(const TaskRecord& record) {
  Candidates candidates;
  for (const Input& input : record.input_span()) add_candidates(input, candidates);
  if (candidates.count == 0) return no_worker;
  Candidates::Candidate best = candidates.all[0];
  for (std::size_t index = 1; index < candidates.count; ++index) {
    const Candidates::Candidate& each = candidates.all[index];
    const bool less_busy =
        workers_.at(each.worker).queue_ns() < workers_.at(best.worker).queue_ns();
    if (each.bytes > best.bytes || (each.bytes == best.bytes && less_busy)) best = each;
  }
  if (workers_.at(best.worker).is_unoccupied()) return best.worker;
  double best_start = start_ns(record, best.worker);
  int other = workers_.next_idle();
  if (other < 0) other = workers_.next_available();
  const double patience = options_.latency_ns + static_cast<double>(durations_.estimate_ns(
                                                    record.function, 1, unknown_ns()));
  const auto consider = [&](int worker) {
    if (worker < 0 || worker == best.worker) return;
    const double margin = workers_.at(worker).is_unoccupied() ? 0 : patience;
    const double start = start_ns(record, worker);
    if (start + margin >= best_start) return;
    best = {worker, 0};
    best_start = start;
  };
  consider(other);
  for (std::size_t index = 0; index < candidates.count; ++index)
    consider(candidates.all[index].worker);
  return best.worker;
}

}  // namespace tutti::scheduler

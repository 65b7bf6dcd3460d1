#include "scheduler/scheduler.hpp"

#include <algorithm>
#include <utility>

namespace tutti::scheduler {
namespace {

bool is_wanted(const GroupRecord& group) { return group.client_holds || group.references != 0; }

}  // namespace

TaskId Scheduler::submit_group(const GroupSpec& spec, Commands& commands) {
  const TaskId id = spec.id.is_none() ? groups_.reserve() : spec.id;
  groups_.adopt();
  GroupRecord& group = groups_.at(id.slot());
  group.state = GroupState::waiting;
  group.client_holds = spec.client_holds;
  group.pinned = spec.pinned;
  group.priority = spec.priority;
  group.owner = spec.owner;
  group.depth = spec.depth;
  group.stream = spec.stream;
  group.function = spec.function;
  group.demand = demands_.number_of(spec.demand);
  group.total = spec.total;
  group.bytes_per_element = spec.bytes_per_element;
  group.inputs.assign(spec.inputs.begin(), spec.inputs.end());
  group.sources.assign(spec.sources.begin(), spec.sources.end());
  note_finished(group, spec);
  ++work_left_;
  story_.add(StoryEvent::Kind::submitted, id, no_worker);
  FailurePtr failure;
  attach_inputs(id, group.inputs, group.missing_inputs, failure);
  for (const TaskId source : group.sources) {
    GroupRecord* feeding = groups_.find(source);
    check(feeding != nullptr, "the source of a map is alive when the map is submitted");
    ++feeding->references;
    note_derived(*feeding, id);
    if (feeding->state == GroupState::failed) failure = feeding->failure;
  }
  if (failure) {
    fail(id, std::move(failure), commands);
  } else if (group.missing_inputs == 0) {
    activate(id);
  }
  if (group.state == GroupState::active && group.done == group.total) complete_group(id, commands);
  return id;
}

/// Stretches that are there already. A map of which all is there needs nothing.
void Scheduler::note_finished(GroupRecord& group, const GroupSpec& spec) {
  for (const FinishedPiece& piece : spec.finished) {
    group.chunks[piece.begin] = {piece.count, piece.worker, piece.bytes};
    group.done += piece.count;
    group.result_bytes += piece.bytes;
  }
  group.failures = spec.failures;
  group.known_before = group.done;
  group.given_out = group.done;
  if (group.known_before == 0 || group.done != group.total) return;
  group.inputs.clear();
  group.sources.clear();
}

/// Maps that are done stay in the list for a while; dropping them when it has doubled keeps it
/// short.
void Scheduler::note_derived(GroupRecord& source, TaskId id) {
  if (source.derived.size() >= source.derived_limit) {
    std::erase_if(source.derived, [this](TaskId each) {
      const GroupRecord* group = groups_.find(each);
      return group == nullptr || group->state == GroupState::finished ||
             group->state == GroupState::failed;
    });
    source.derived_limit = 2 * source.derived.size() + 8;
  }
  source.derived.push_back(id);
}

TaskId Scheduler::place_sequence(std::span<const AvailablePiece> stretches, std::uint64_t total,
                                 std::uint64_t bytes) {
  const TaskId id = groups_.allocate();
  GroupRecord& group = groups_.at(id.slot());
  group.state = GroupState::finished;
  group.is_data = true;
  group.client_holds = true;
  group.total = total;
  group.given_out = total;
  group.result_bytes = bytes;
  for (const AvailablePiece& stretch : stretches) {
    if (stretch.count != 0) {
      const auto share = static_cast<std::uint64_t>(static_cast<double>(bytes) *
                                                    static_cast<double>(stretch.count) /
                                                    static_cast<double>(total));
      group.chunks[stretch.begin] = {stretch.count, stretch.worker, share};
    }
    group.done += stretch.count;
  }
  check(group.done == total, "the stretches of a placed sequence cover it");
  return id;
}

/// One stretch, which a task placed on its rank under a reserved number.
void Scheduler::place_group_for_task(int rank, TaskId id, std::uint64_t bytes,
                                     std::uint64_t count) {
  groups_.adopt();
  GroupRecord& group = groups_.at(id.slot());
  group.state = GroupState::finished;
  group.is_data = true;
  group.client_holds = true;
  group.owner = static_cast<std::uint16_t>(rank);
  group.total = count;
  group.given_out = count;
  group.done = count;
  group.result_bytes = bytes;
  if (count != 0) group.chunks[0] = {count, rank, bytes};
}

/// All constants are there: elements may run as soon as the elements of their sources are.
void Scheduler::activate(TaskId id) {
  GroupRecord& group = groups_.at(id.slot());
  group.state = GroupState::active;
  if (group.sources.empty()) {
    offer(id, {0, group.total, no_worker});
    return;
  }
  if (group.sources.size() == 1) {
    const GroupRecord& source = groups_.at(group.sources.front().slot());
    for (const auto& [begin, chunk] : source.chunks) offer(id, {begin, chunk.count, chunk.worker});
    return;
  }
  // Stretches of several sources end at different places; waiting for all of them keeps it simple.
  const bool all_there = std::ranges::all_of(group.sources, [&](TaskId source) {
    return groups_.at(source.slot()).state == GroupState::finished;
  });
  if (all_there && group.given_out == group.known_before && group.available.empty())
    offer(id, {0, group.total, no_worker});
}

void Scheduler::offer(TaskId id, AvailablePiece piece) {
  GroupRecord& group = groups_.at(id.slot());
  if (piece.count == 0 || !is_wanted(group)) return;
  if (group.known_before == 0) {
    group.available.push_back(piece);
  } else {
    offer_gaps(group, piece);
  }
  if (!group.available.empty()) enqueue(id);
}

/// What is not there of a piece.
void Scheduler::offer_gaps(GroupRecord& group, const AvailablePiece& piece) {
  const std::uint64_t end = piece.begin + piece.count;
  std::uint64_t begin = piece.begin;
  auto chunk = group.chunks.upper_bound(begin);
  if (chunk != group.chunks.begin()) --chunk;
  for (; chunk != group.chunks.end() && chunk->first < end; ++chunk) {
    if (chunk->first > begin)
      group.available.push_back({begin, chunk->first - begin, piece.worker});
    begin = std::max(begin, chunk->first + chunk->second.count);
  }
  if (begin < end) group.available.push_back({begin, end - begin, piece.worker});
}

void Scheduler::enqueue(TaskId id) {
  GroupRecord& group = groups_.at(id.slot());
  if (group.pinned) {
    // Not behind tasks that wait for credit: it runs at once, whatever there is to do.
    pinned_.push_back(id);
    return;
  }
  if (group.queued) return;
  group.queued = true;
  if (group.demand != no_demand) {
    enqueue_demanding(id);
  } else {
    ready_.push(group.urgency(), id);
  }
}

/// Elements [begin, begin + count) of a source are there. A map that is not active yet takes them
/// when it is.
void Scheduler::offer_derived(const GroupRecord& source, std::uint64_t begin, std::uint64_t count,
                              int worker) {
  for (const TaskId id : source.derived) {
    const GroupRecord* group = groups_.find(id);
    if (group == nullptr || group->state != GroupState::active) continue;
    if (group->sources.size() == 1) offer(id, {begin, count, worker});
  }
}

/// The source is finished: maps of several sources may be able to start.
void Scheduler::activate_derived(const GroupRecord& source) {
  for (const TaskId id : source.derived) {
    const GroupRecord* group = groups_.find(id);
    if (group != nullptr && group->state == GroupState::active && group->sources.size() > 1)
      activate(id);
  }
}

bool Scheduler::on_element_threw(int rank, TaskId id, std::uint64_t index, bool inherited,
                                 TaskFailure failure) {
  GroupRecord* group = groups_.find(id);
  if (group == nullptr) return false;
  auto range = group->outstanding.upper_bound(index);
  if (range == group->outstanding.begin()) return false;
  --range;
  if (range->second.worker != rank || index - range->first >= range->second.count) return false;
  FailurePtr shared;
  if (inherited) {
    for (const TaskId source : group->sources) {
      if (!shared) shared = scheduler::failure_of(groups_.at(source.slot()), index);
    }
  }
  if (!shared) {
    story_.add(StoryEvent::Kind::threw, id, rank);
    failure.story = story_.tell(id);
    shared = std::make_shared<const TaskFailure>(std::move(failure));
  }
  group->failures[index] = std::move(shared);
  return true;
}

bool Scheduler::on_range_finished(int rank, TaskId id, std::uint64_t begin, std::uint64_t count,
                                  std::uint64_t result_bytes, Commands& commands) {
  GroupRecord* group = groups_.find(id);
  if (group == nullptr) return false;
  const auto range = group->outstanding.find(begin);
  if (range == group->outstanding.end() || range->second.worker != rank ||
      range->second.count != count) {
    return false;
  }
  if (!group->pinned) {
    const OutstandingRange& ended = range->second;
    workers_.unload(rank, ended.estimate_ns, count, ended.estimate_bytes);
  }
  group->result_bytes += result_bytes;
  group->outstanding.erase(range);
  group->chunks[begin] = {count, rank, result_bytes};
  group->done += count;
  done_ += count;
  story_.add(StoryEvent::Kind::finished, id, rank);
  // Before the dependents: a map that becomes active by them takes all finished stretches itself.
  offer_derived(*group, begin, count, rank);

  end_elements(*group, begin, count, commands);
  end_slices(*group, begin, count, commands);
  if (group->done == group->total) {
    complete_group(id, commands);
    activate_derived(*group);
  } else if (!is_wanted(*group)) {
    unneeded_.push_back(id);
  }
  forget_unneeded(commands);
  return true;
}

/// Elements that single tasks need have ended.
void Scheduler::end_elements(GroupRecord& group, std::uint64_t begin, std::uint64_t count,
                             Commands& commands) {
  auto waiting = group.element_dependents.lower_bound(begin);
  while (waiting != group.element_dependents.end() && waiting->first - begin < count) {
    if (const FailurePtr failure = scheduler::failure_of(group, waiting->first)) {
      std::vector<EdgePool::Edge> dependents;
      edges_.take(waiting->second, dependents);
      for (const EdgePool::Edge& each : dependents) fail(each.dependent, failure, commands);
    } else {
      finish_dependents(waiting->second, false, commands);
    }
    waiting = group.element_dependents.erase(waiting);
  }
}

/// The same for those that need a slice: they go on with its last element, or fail with the first
/// that failed.
void Scheduler::end_slices(GroupRecord& group, std::uint64_t begin, std::uint64_t count,
                           Commands& commands) {
  if (group.slices.empty()) return;
  const std::uint64_t end = begin + count;
  const std::uint64_t reach = group.slice_length_max;
  auto slice = group.slices.lower_bound(begin < reach ? 0 : begin - reach + 1);
  while (slice != group.slices.end() && slice->first < end) {
    const std::uint64_t first = std::max(begin, slice->first);
    const std::uint64_t last = std::min(end, slice->second.end);
    if (first >= last) {
      ++slice;
      continue;
    }
    slice->second.missing -= last - first;
    const TaskId dependent = slice->second.dependent;
    const FailurePtr failure = failure_within(group, first, last - first);
    if (!failure && slice->second.missing != 0) {
      ++slice;
      continue;
    }
    slice = group.slices.erase(slice);
    if (failure) {
      fail(dependent, failure, commands);
    } else {
      input_finished(dependent, false, commands);
    }
  }
}

void Scheduler::drop_inputs(GroupRecord& group) {
  for (const Input& input : group.inputs) drop_reference(input.id);
  for (const TaskId source : group.sources) drop_reference(source);
}

void Scheduler::complete_group(TaskId id, Commands& commands) {
  GroupRecord& group = groups_.at(id.slot());
  group.state = GroupState::finished;
  --work_left_;
  drop_inputs(group);
  commands.group_done.push_back(id);
  // Only those that wait for a map of nothing are left.
  for (const auto& [begin, slice] : std::exchange(group.slices, {}))
    input_finished(slice.dependent, false, commands);
  if (!group.client_holds && group.references == 0) unneeded_.push_back(id);
}

void Scheduler::forget_group(TaskId id, Commands& commands) {
  GroupRecord* group = groups_.find(id);
  if (group == nullptr || group->client_holds || group->references != 0) return;
  const bool unfinished = group->state == GroupState::waiting || group->state == GroupState::active;
  if (unfinished) {
    group->available.clear();
    // What runs is let run; the last report brings us here again.
    if (!group->outstanding.empty()) return;
    --work_left_;
    drop_inputs(*group);
  }
  std::vector<std::int32_t> holders;
  for (const auto& [begin, chunk] : group->chunks) holders.push_back(chunk.worker);
  for (const auto& [begin, copies] : group->copies)
    holders.insert(holders.end(), copies.begin(), copies.end());
  std::ranges::sort(holders);
  holders.erase(std::unique(holders.begin(), holders.end()), holders.end());
  for (const std::int32_t holder : holders) commands.release.push_back({id, holder});
  story_.add(StoryEvent::Kind::released, id, no_worker);
  groups_.forget(id.slot());
  commands.forgotten.push_back(id);
}

/// The end of a range comes back; others get it.
void Scheduler::take_back(int rank, const protocol::RangeCut& cut) {
  GroupRecord* group = groups_.find(cut.group);
  if (group == nullptr) return;
  const auto range = group->outstanding.find(cut.begin);
  if (range == group->outstanding.end() || range->second.worker != rank ||
      cut.given > range->second.count || cut.kept != range->second.count - cut.given)
    return;
  OutstandingRange& rest = range->second;
  const auto part_ns =
      static_cast<std::uint32_t>(static_cast<double>(rest.estimate_ns) *
                                 static_cast<double>(cut.given) / static_cast<double>(rest.count));
  story_.add(StoryEvent::Kind::given_back, cut.group, rank);
  group->given_out -= cut.given;
  if (cut.kept == 0) {
    workers_.unload(rank, rest.estimate_ns, cut.given, rest.estimate_bytes);
    group->outstanding.erase(range);
  } else {
    const std::uint64_t part_bytes = rest.estimate_bytes / rest.count * cut.given;
    workers_.lighten(rank, part_ns, cut.given, part_bytes);
    rest.estimate_bytes -= part_bytes;
    rest.count = cut.kept;
    rest.estimate_ns -= part_ns;
  }
  offer(cut.group, {cut.begin + cut.kept, cut.given, no_worker});
  if (!is_wanted(*group)) unneeded_.push_back(cut.group);
}

void Scheduler::append_pieces(TaskId source, std::uint32_t source_number, std::uint64_t begin,
                              std::uint64_t count, std::vector<protocol::PieceRef>& pieces) const {
  const GroupRecord* group = groups_.find(source);
  check(group != nullptr, "the source of a map lives as long as the map needs it");
  auto chunk = group->chunks.upper_bound(begin);
  check(chunk != group->chunks.begin(), "the source elements of a range are finished");
  --chunk;
  while (count != 0) {
    check(chunk != group->chunks.end() && begin - chunk->first < chunk->second.count,
          "the source elements of a range are finished");
    const std::uint64_t taken = std::min(count, chunk->first + chunk->second.count - begin);
    pieces.push_back({source, begin, taken, chunk->second.worker, source_number});
    begin += taken;
    count -= taken;
    ++chunk;
  }
}

}  // namespace tutti::scheduler

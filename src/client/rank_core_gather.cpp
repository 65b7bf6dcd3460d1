// Results that come to rank 0 together: of whole maps, and into memory of the client.

#include "client/placement.hpp"
#include "client/rank_core.hpp"
#include "client/results_here.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tutti::client_module {
namespace {

/// Maps whose results are small are gathered by one collective; beyond, in place is faster.
constexpr std::uint64_t collective_gather_bytes_max = 16 << 10;
static_assert(collective_gather_bytes_max < worker::Store::large_bytes_min,
              "what a collective gathers never leaves memory");
/// What write() puts before the elements of a stretch of plain bytes: begin, count, failures,
/// length.
constexpr std::uint64_t stretch_header_bytes = 4 * sizeof(std::uint64_t);

}  // namespace

/// The parts of maps to bring for those targets that are single elements, have a result, and are
/// not here. They refer to `elements`, which this fills.
std::vector<ElementSlice> RankCore::slices_for(std::span<const Target> targets,
                                               std::vector<Target>& elements) {
  std::ranges::copy_if(targets, std::back_inserter(elements), [this](const Target& each) {
    return each.handle->is_group && each.index != detail::whole_group && !is_here(each) &&
           status_locked(each) == Status::finished;
  });
  order_elements(elements);
  return slices_of(elements, [this](const Target& each) {
    const TaskId id = each.handle->id;
    const scheduler::GroupRecord& record = *driver_.scheduler().find_group(id);
    const auto& [begin, chunk] = *std::prev(record.chunks.upper_bound(each.index));
    const int holder = driver_.scheduler().holder_of({id, begin}, rank_.rank());
    return HeldStretch{begin, chunk.count, chunk.bytes, holder};
  });
}

void RankCore::expect_room(std::span<const Target> targets) {
  const Lock lock(engine_.mutex());
  const scheduler::Scheduler& scheduler = driver_.scheduler();
  Gathered gathered;
  std::vector<Target> elements;
  for (const ElementSlice& slice : slices_for(targets, elements))
    (slice.stretch.holder == rank_.rank() ? gathered.own : gathered.coming) += slice.bytes();
  for (const Target& target : targets) {
    const bool whole = target.index == detail::whole_group;
    if (!whole && (target.handle->is_group || is_here(target))) continue;
    for (const scheduler::Piece& piece : pieces_of(target)) {
      const std::vector<std::int32_t> holders = scheduler.holders_of(piece);
      const bool own = std::ranges::find(holders, rank_.rank()) != holders.end();
      (own ? gathered.own : gathered.coming) +=
          piece.id.is_group() ? scheduler.find_group(piece.id)->chunks.at(piece.begin).bytes
                              : scheduler.find_task(piece.id)->result_bytes;
    }
  }
  check_room(gathered, rank_.store().bytes(), rank_.setup().memory_limit_bytes, rank_.rank());
}

bool RankCore::gather_collectively(const scheduler::GroupRecord& record, TaskId id,
                                   std::vector<ValuePtr>& stretches, Coming& coming) {
  const FunctionOps* ops = driver_.group_function(id);
  if (ops == nullptr || ops->result == nullptr || !ops->result->plain_bytes ||
      !record.failures.empty() || !record.copies.empty() ||
      record.result_bytes > collective_gather_bytes_max)
    return false;
  std::vector<runtime::GatherPart> by_rank(static_cast<std::size_t>(rank_.size()));
  for (const auto& [begin, chunk] : record.chunks) {
    runtime::GatherPart& part = by_rank[static_cast<std::size_t>(chunk.worker)];
    part.bytes += chunk.bytes + stretch_header_bytes;
    part.begins.push_back(begin);
  }
  const auto holders =
      std::ranges::count_if(by_rank, [](const auto& each) { return each.bytes != 0; });
  if (holders < 2 || by_rank[static_cast<std::size_t>(rank_.rank())].bytes != 0) return false;
  ++coming.missing;
  rank_.collectives().gather(id, *ops->results, by_rank,
                             [this, &stretches, &coming](std::vector<ValuePtr> all) {
                               stretches = std::move(all);
                               --coming.missing;
                               engine_.notify();
                             });
  return true;
}

std::vector<ValuePtr> RankCore::fetch_group(GroupState& group) {
  Lock lock(engine_.mutex());
  refuse_at_end("gather()");
  std::vector<ValuePtr> stretches;
  if (group.status.load() == Status::cancelled) throw_ended({&group, 0}, Status::cancelled);
  const scheduler::GroupRecord* record = driver_.scheduler().find_group(group.id);
  if (record == nullptr || group.failure) return stretches;
  Coming coming;
  if (!gather_collectively(*record, group.id, stretches, coming)) {
    for (const auto& [begin, chunk] : record->chunks) {
      const auto here = group.here.find(begin);
      if (here != group.here.end()) {
        stretches.push_back(here->second);
        continue;
      }
      ++coming.missing;
      fetch_stretch(group.id, begin, chunk.count, {},
                    [&, this](runtime::DataExchange::Arrived arrived) {
                      note_arrival({&group, detail::whole_group}, arrived, coming);
                      stretches.push_back(std::move(arrived.value));
                    });
    }
  }
  await_transfers(lock, [&] { return coming.missing == 0; });
  coming.raise();
  std::erase_if(stretches, [](const ValuePtr& each) { return !each; });
  std::ranges::sort(stretches, {}, [](const ValuePtr& each) {
    return static_cast<const detail::ElementsBase&>(*each).begin;
  });
  return stretches;
}

void RankCore::gather_into(GroupState& group, MutableBuffer place) {
  Lock lock(engine_.mutex());
  refuse_at_end("gather()");
  if (group.status.load() == Status::cancelled) throw_ended({&group, 0}, Status::cancelled);
  const scheduler::GroupRecord* record = driver_.scheduler().find_group(group.id);
  check(record != nullptr && group.failures.empty(), "what is gathered has ended well");
  const auto bytes_each = static_cast<std::size_t>(place.size / group.total);
  std::vector<ValuePtr> stretches;
  Coming coming;
  if (!gather_collectively(*record, group.id, stretches, coming)) {
    for (const auto& [begin, chunk] : record->chunks) {
      const worker::Store::Stretch* stored = rank_.store().find_stretch(group.id, begin);
      if (stored != nullptr && stored->away) stored = nullptr;
      const auto here = group.here.find(begin);
      if (stored != nullptr || here != group.here.end()) {
        stretches.push_back(stored != nullptr ? stored->value : here->second);
        continue;
      }
      ++coming.missing;
      fetch_stretch(group.id, begin, chunk.count,
                    {place.data + begin * bytes_each, chunk.count * bytes_each},
                    [&, this](runtime::DataExchange::Arrived arrived) {
                      note_arrival({&group, detail::whole_group}, arrived, coming);
                    });
    }
  }
  await_transfers(lock, [&] { return coming.missing == 0; });
  lock.unlock();
  for (const ValuePtr& each : stretches) {
    const auto& elements = static_cast<const detail::ElementsBase&>(*each);
    copy_plain_elements(elements, elements.begin, elements.count, place);
  }
  lock.lock();
  coming.raise();
}

}  // namespace tutti::client_module

// Results of whole maps that come to the rank of a task, and into memory of the task.

#include "client/placement.hpp"
#include "client/worker_core.hpp"
#include "tutti/check.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tutti::client_module {

/// The parts of maps to bring for those targets that are single elements, have a result, and are
/// not here. They refer to `elements`, which this fills.
std::vector<ElementSlice> WorkerCore::slices_for(std::span<const Target> targets,
                                                 std::vector<Target>& elements) {
  std::ranges::copy_if(targets, std::back_inserter(elements), [this](const Target& each) {
    return each.handle->is_group && each.index != detail::whole_group && !is_here(each) &&
           status_locked(each) == Status::finished;
  });
  order_elements(elements);
  return slices_of(elements, [this](const Target& each) {
    const auto& chunks = groups_.at(each.handle->id).chunks;
    const auto& [begin, chunk] = *std::prev(chunks.upper_bound(each.index));
    return HeldStretch{begin, chunk.count, chunk.bytes, chunk.holder};
  });
}

void WorkerCore::expect_room(std::span<const Target> targets) {
  const Lock lock(engine_.mutex());
  Gathered gathered;
  const auto add = [&](std::int32_t holder, std::uint64_t bytes) {
    (holder == rank_.rank() ? gathered.own : gathered.coming) += bytes;
  };
  std::vector<Target> elements;
  for (const ElementSlice& slice : slices_for(targets, elements))
    add(slice.stretch.holder, slice.bytes());
  for (const Target& target : targets) {
    if (target.index == detail::whole_group) {
      const Group* group = find_group(target.handle->id);
      if (group == nullptr) continue;
      for (const auto& [begin, chunk] : group->chunks) add(chunk.holder, chunk.bytes);
    } else if (!target.handle->is_group && !is_here(target)) {
      const auto task = tasks_.find(target.handle->id);
      if (task != tasks_.end()) add(task->second.holder, task->second.bytes);
    }
  }
  check_room(gathered, rank_.store().bytes(), rank_.setup().memory_limit_bytes, rank_.rank());
}

/// Into `place`, if there is one.
void WorkerCore::fetch_stretch(TaskId group, std::uint64_t begin, const Chunk& chunk,
                               MutableBuffer place, runtime::DataExchange::OnValue on_value) {
  if (place.data == nullptr) {
    rank_.exchange().fetch_slice(chunk.holder, group, begin, chunk.count, std::move(on_value));
  } else if (chunk.holder != rank_.rank()) {
    rank_.exchange().fetch_slice_into(chunk.holder, group, begin, chunk.count, place,
                                      std::move(on_value));
  } else {
    // In memory, or on this rank's disk.
    rank_.exchange().fetch_slice(
        chunk.holder, group, begin, chunk.count,
        [begin, count = chunk.count, place,
         on_value = std::move(on_value)](runtime::DataExchange::Arrived arrived) {
          if (arrived.value) {
            copy_plain_elements(static_cast<const detail::ElementsBase&>(*arrived.value), begin,
                                count, {place.data - begin * (place.size / count), place.size});
          }
          on_value(std::move(arrived));
        });
  }
}

std::vector<ValuePtr> WorkerCore::fetch_group(GroupState& group) {
  Lock lock(engine_.mutex());
  if (group.status.load() == Status::cancelled) throw_ended({&group, 0}, Status::cancelled);
  std::vector<ValuePtr> stretches;
  const Group* known = find_group(group.id);
  if (known == nullptr || group.failure) return stretches;
  Coming coming;
  for (const auto& [begin, chunk] : known->chunks) {
    const auto here = group.here.find(begin);
    if (here != group.here.end()) {
      stretches.push_back(here->second);
      continue;
    }
    ++coming.missing;
    fetch_stretch(group.id, begin, chunk, {}, [&, this](runtime::DataExchange::Arrived arrived) {
      note_arrival(arrived, coming);
      stretches.push_back(std::move(arrived.value));
    });
  }
  engine_.wait(lock, [&] { return coming.missing == 0; });
  coming.raise();
  std::erase_if(stretches, [](const ValuePtr& each) { return !each; });
  std::ranges::sort(stretches, {}, [](const ValuePtr& each) {
    return static_cast<const detail::ElementsBase&>(*each).begin;
  });
  return stretches;
}

void WorkerCore::gather_into(GroupState& group, MutableBuffer place) {
  Lock lock(engine_.mutex());
  if (group.status.load() == Status::cancelled) throw_ended({&group, 0}, Status::cancelled);
  const Group* known = find_group(group.id);
  check(known != nullptr && group.failures.empty(), "what is gathered has ended well");
  const auto bytes_each = static_cast<std::size_t>(place.size / group.total);
  Coming coming;
  for (const auto& [begin, chunk] : known->chunks) {
    ++coming.missing;
    fetch_stretch(group.id, begin, chunk,
                  {place.data + begin * bytes_each, chunk.count * bytes_each},
                  [&, this](const runtime::DataExchange::Arrived& arrived) {
                    note_arrival(arrived, coming);
                  });
  }
  engine_.wait(lock, [&] { return coming.missing == 0; });
  coming.raise();
}

}  // namespace tutti::client_module

#include "sim/greedy.hpp"

#include "tutti/check.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <utility>

namespace tutti::sim {
namespace {

template <class T>
using EarliestFirst = std::priority_queue<T, std::vector<T>, std::greater<>>;

std::uint64_t stretched_ns(std::uint64_t duration_ns, double factor) {
  return factor == 1.0 ? duration_ns
                       : static_cast<std::uint64_t>(static_cast<double>(duration_ns) * factor);
}

std::uint64_t duration_of(const WorkItem& item, std::uint64_t element) {
  return item.elements ? element_duration_ns(item, element) : item.duration_ns;
}

/// Runs a workload on slots without any overhead.
class ListSchedule {
 public:
  ListSchedule(const Workload& work, const SlotFactors& factors)
      : work_(work), factors_(factors), items_(work.size()) {
    for (std::size_t slot = 0; slot < factors.size(); ++slot) free_.push(slot);
    for (std::size_t number = 0; number < work.size(); ++number) note_needs(number);
    for (Item& item : items_) std::ranges::sort(item.needed);
  }

  std::uint64_t run() {
    for (std::size_t number = 0; number < work_.size(); ++number) {
      if (items_[number].missing == 0) become_ready(number);
    }
    for (;;) {
      start();
      if (running_.empty()) break;
      now_ns_ = running_.top().end_ns;
      while (!running_.empty() && running_.top().end_ns == now_ns_) {
        const Running done = running_.top();
        running_.pop();
        free_.push(done.slot);
        finish(done.item, done.element);
      }
    }
    check(left_ == 0, "everything runs in a list schedule");
    return now_ns_;
  }

 private:
  struct Needed {
    std::uint64_t element;
    std::size_t by;
    auto operator<=>(const Needed&) const = default;
  };
  struct Item {
    std::uint64_t missing = 0;       ///< inputs that are not done
    std::vector<Needed> needed;      ///< of which task or element somebody needs, by element
    std::vector<std::size_t> feeds;  ///< maps over this one
    /// Of a map over maps: for each element, the elements it still waits for.
    std::vector<std::uint32_t> elements_missing;
  };
  /// What can start: everything of [begin, end) of an item. Compared as what comes first.
  struct Ready {
    int priority;
    std::size_t item;
    std::uint64_t begin;
    std::uint64_t end;
    auto operator<=>(const Ready&) const = default;
  };
  struct Running {
    std::uint64_t end_ns;
    std::size_t slot;
    std::size_t item;
    std::uint64_t element;
    auto operator<=>(const Running&) const = default;
  };

  void note_needs(std::size_t number) {
    const WorkItem& work = work_[number];
    Item& item = items_[number];
    const std::uint64_t tasks = work.elements.value_or(1);
    left_ += tasks;
    item.missing = work.inputs.size();
    for (const ItemInput& input : work.inputs)
      items_[input.item].needed.push_back({input.element, number});
    if (work.sources.empty()) return;
    item.elements_missing.assign(tasks, static_cast<std::uint32_t>(work.sources.size()));
    for (const std::size_t source : work.sources) items_[source].feeds.push_back(number);
  }

  void become_ready(std::size_t number) {
    const Item& item = items_[number];
    if (item.elements_missing.empty()) {
      push(number, 0, work_[number].elements.value_or(1));
      return;
    }
    for (std::uint64_t element = 0; element < item.elements_missing.size(); ++element) {
      if (item.elements_missing[element] == 0) push(number, element, element + 1);
    }
  }

  void push(std::size_t number, std::uint64_t begin, std::uint64_t end) {
    if (begin != end) ready_.push({-work_[number].priority, number, begin, end});
  }

  void start() {
    while (!free_.empty() && !ready_.empty()) {
      Ready ready = ready_.top();
      ready_.pop();
      const std::uint64_t element = ready.begin++;
      push(ready.item, ready.begin, ready.end);
      const std::size_t slot = free_.top();
      free_.pop();
      const std::uint64_t duration_ns =
          stretched_ns(duration_of(work_[ready.item], element), factors_[slot]);
      running_.push({now_ns_ + duration_ns, slot, ready.item, element});
    }
  }

  void finish(std::size_t number, std::uint64_t element) {
    const Item& item = items_[number];
    --left_;
    auto needed = std::ranges::lower_bound(item.needed, Needed{element, 0});
    for (; needed != item.needed.end() && needed->element == element; ++needed) {
      if (--items_[needed->by].missing == 0) become_ready(needed->by);
    }
    for (const std::size_t map : item.feeds) {
      Item& fed = items_[map];
      if (--fed.elements_missing[element] == 0 && fed.missing == 0) push(map, element, element + 1);
    }
  }

  const Workload& work_;
  const SlotFactors& factors_;
  std::vector<Item> items_;
  std::uint64_t left_ = 0;
  std::uint64_t now_ns_ = 0;
  EarliestFirst<Ready> ready_;
  EarliestFirst<Running> running_;
  EarliestFirst<std::size_t> free_;
};

/// When each element ends if there are slots for all.
class CriticalPath {
 public:
  explicit CriticalPath(const Workload& work)
      : work_(work), ends_(work.size()), needed_(work.size()) {
    for (const WorkItem& item : work) {
      for (const ItemInput& input : item.inputs) needed_[input.item] = true;
      for (const std::size_t source : item.sources) needed_[source] = true;
    }
  }

  std::uint64_t run() {
    std::uint64_t last_ns = 0;
    for (std::size_t number = 0; number < work_.size(); ++number)
      last_ns = std::max(last_ns, end_of(number));
    return last_ns;
  }

 private:
  std::uint64_t end_of(std::size_t number) {
    const WorkItem& item = work_[number];
    std::uint64_t start_ns = 0;
    for (const ItemInput& input : item.inputs) {
      const std::vector<std::uint64_t>& ends = ends_[input.item];
      start_ns = std::max(start_ns, ends[work_[input.item].elements ? input.element : 0]);
    }
    const std::uint64_t tasks = item.elements.value_or(1);
    std::uint64_t last_ns = 0;
    if (needed_[number]) ends_[number].reserve(tasks);
    for (std::uint64_t element = 0; element < tasks; ++element) {
      std::uint64_t end_ns = start_ns;
      for (const std::size_t source : item.sources)
        end_ns = std::max(end_ns, ends_[source][element]);
      end_ns += duration_of(item, element);
      if (needed_[number]) ends_[number].push_back(end_ns);
      last_ns = std::max(last_ns, end_ns);
    }
    return last_ns;
  }

  const Workload& work_;
  std::vector<std::vector<std::uint64_t>> ends_;  ///< by item and element, of what is needed
  std::vector<bool> needed_;
};

}  // namespace

std::uint64_t greedy_makespan_ns(std::span<const std::uint64_t> durations_ns,
                                 const SlotFactors& factors) {
  check(!factors.empty(), "somebody works");
  struct Slot {
    std::uint64_t free_ns;
    std::size_t number;
    auto operator<=>(const Slot&) const = default;
  };
  std::vector<Slot> free;
  for (std::size_t number = 0; number < factors.size(); ++number) free.push_back({0, number});
  EarliestFirst<Slot> slots(std::greater<>(), std::move(free));
  std::uint64_t last_ns = 0;
  for (const std::uint64_t duration_ns : durations_ns) {
    Slot slot = slots.top();
    slots.pop();
    slot.free_ns += stretched_ns(duration_ns, factors[slot.number]);
    last_ns = std::max(last_ns, slot.free_ns);
    slots.push(slot);
  }
  return last_ns;
}

std::uint64_t list_makespan_ns(const Workload& work, const SlotFactors& factors) {
  check(!factors.empty(), "somebody works");
  return ListSchedule(work, factors).run();
}

LowerBound lower_bound(const Workload& work, const SlotFactors& factors) {
  check(!factors.empty(), "somebody works");
  LowerBound bound;
  bound.critical_path_ns =
      stretched_ns(CriticalPath(work).run(), *std::ranges::min_element(factors));
  for (const WorkItem& item : work)
    bound.work_ns +=
        item.elements ? stretch_duration_ns(item, 0, *item.elements) : item.duration_ns;
  double speed = 0;
  for (const double factor : factors) speed += 1.0 / factor;
  const auto shared_ns =
      static_cast<std::uint64_t>(std::ceil(static_cast<double>(bound.work_ns) / speed));
  bound.makespan_ns = std::max(bound.critical_path_ns, shared_ns);
  return bound;
}

}  // namespace tutti::sim

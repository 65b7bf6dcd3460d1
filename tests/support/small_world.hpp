#pragma once

/// SmallWorld: one real scheduler and one or two real workers whose packets, runs and client calls
/// happen one at a time, in an order that the test chooses.

#include "sim/head.hpp"
#include "sim/node.hpp"
#include "support/exhaustive.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace tutti::testing {

/// Something to submit: a task, or a map when `elements` says how many.
struct SmallWork {
  std::vector<std::size_t> needs;  ///< earlier tasks, or element 0 of earlier maps
  std::optional<std::uint64_t> elements;
  std::vector<std::size_t> sources;  ///< earlier maps, element by element
};

struct SmallOptions {
  int workers = 1;
  std::uint32_t slots = 1;
  int throws = 1;               ///< at most so many runs throw
  bool release_early = false;   ///< futures are released at any moment, else when all is done
  std::uint64_t credit_ns = 0;  ///< beyond two tasks a slot
};

class SmallWorld {
 public:
  SmallWorld(const std::vector<SmallWork>& works, const SmallOptions& options);

  /// Takes one step that `walk` chooses; false when nothing can happen any more.
  bool step(Exhaustive& walk);
  /// Checks what holds when nothing can happen any more.
  void check_end() const;
  std::uint64_t fingerprint() const;

 private:
  struct Running {
    int node;
    std::unique_ptr<worker::Batch> batch;
  };
  struct Known {
    TaskId id;
    int outcomes = 0;
    bool forgotten = false;
    bool held = true;
  };

  sim::Node& node(int rank) { return *nodes_[static_cast<std::size_t>(rank - 1)]; }
  std::deque<sim::Packet>& channel(int from, int to);
  void submit();
  bool can_release() const;
  void release();
  void deliver(std::deque<sim::Packet>& from);
  void finish(std::size_t running, bool throws);
  void fail_first(worker::Execution& item);
  void after_step();
  void after_head();
  void send();

  using Packet = sim::Packet;
  const std::vector<SmallWork>& works_;
  SmallOptions options_;
  sim::Head head_;
  std::vector<std::unique_ptr<sim::Node>> nodes_;
  std::vector<std::deque<sim::Packet>> channels_;
  std::vector<sim::Packet> packets_;
  std::vector<Running> running_;
  std::vector<Known> known_;
  std::size_t released_ = 0;
  int throws_left_;
};

inline SmallWorld::SmallWorld(const std::vector<SmallWork>& works, const SmallOptions& options)
    : works_(works),
      options_(options),
      head_({.credit = {.nanoseconds_per_slot = options.credit_ns}, .story_events = 8}),
      throws_left_(options.throws) {
  const auto ranks = static_cast<std::size_t>(options.workers) + 1;
  channels_.resize(ranks * ranks);
  for (int rank = 1; rank <= options.workers; ++rank) {
    nodes_.push_back(
        std::make_unique<sim::Node>(worker::WorkerLimits{.slots = options.slots, .rank = rank}));
    node(rank).say_hello(packets_);
  }
  for (const Packet& packet : packets_) head_.handle(packet.from, packet.bytes);
  packets_.clear();
}

inline std::deque<sim::Packet>& SmallWorld::channel(int from, int to) {
  return channels_[static_cast<std::size_t>(from) * (nodes_.size() + 1) +
                   static_cast<std::size_t>(to)];
}

inline bool SmallWorld::step(Exhaustive& walk) {
  std::vector<std::deque<Packet>*> full;
  for (auto& each : channels_) {
    if (!each.empty()) full.push_back(&each);
  }
  const std::size_t submits = known_.size() < works_.size() ? 1 : 0;
  const std::size_t releases = can_release() ? 1 : 0;
  const std::size_t ends = throws_left_ > 0 ? 2 : 1;
  const std::size_t choices = submits + releases + full.size() + running_.size() * ends;
  if (choices == 0) {
    if (released_ == works_.size()) return false;
    // All is done and quiet; only now a client that waits for everything lets go.
    while (released_ < works_.size()) release();
    after_step();
    return true;
  }
  std::size_t choice = walk.choose(choices);
  if (choice < submits) {
    submit();
  } else if ((choice -= submits) < releases) {
    release();
  } else if ((choice -= releases) < full.size()) {
    deliver(*full[choice]);
  } else {
    choice -= full.size();
    finish(choice / ends, choice % ends == 1);
  }
  after_step();
  return true;
}

inline void SmallWorld::submit() {
  const SmallWork& work = works_[known_.size()];
  std::vector<scheduler::Input> inputs;
  std::vector<TaskId> sources;
  for (const std::size_t need : work.needs) inputs.push_back({known_[need].id, 0});
  for (const std::size_t source : work.sources) sources.push_back(known_[source].id);
  const auto function = static_cast<std::uint32_t>(known_.size() % 2);
  if (work.elements) {
    known_.push_back({head_.scheduler().submit_group(
        {.function = 10 + function, .total = *work.elements, .inputs = inputs, .sources = sources},
        head_.commands())});
  } else {
    known_.push_back({head_.scheduler().submit(
        {.function = function, .payload = {}, .inputs = inputs}, head_.commands())});
  }
  after_head();
}

/// A future is needed until everything that takes it as an argument was submitted.
inline bool SmallWorld::can_release() const {
  if (!options_.release_early || released_ == known_.size()) return false;
  for (std::size_t later = known_.size(); later < works_.size(); ++later) {
    for (const std::size_t need : works_[later].needs) {
      if (need == released_) return false;
    }
    for (const std::size_t source : works_[later].sources) {
      if (source == released_) return false;
    }
  }
  return true;
}

inline void SmallWorld::release() {
  known_[released_].held = false;
  head_.scheduler().on_client_released(known_[released_].id, head_.commands());
  ++released_;
  after_head();
}

inline void SmallWorld::deliver(std::deque<Packet>& from) {
  const Packet packet = std::move(from.front());
  from.pop_front();
  if (packet.to == 0) {
    head_.handle(packet.from, packet.bytes);
    after_head();
  } else {
    node(packet.to).handle(packet.from, packet.bytes, packets_);
    send();
  }
}

inline void SmallWorld::finish(std::size_t running, bool throws) {
  Running run = std::move(running_[running]);
  running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(running));
  for (worker::Execution& item : run.batch->items)
    item.elapsed_ns = 1000 * std::max<std::uint64_t>(1, item.count);
  if (throws) {
    --throws_left_;
    fail_first(run.batch->items.front());
  }
  node(run.node).finish(std::move(run.batch), packets_);
  send();
}

inline void SmallWorld::fail_first(worker::Execution& item) {
  if (item.kind == worker::Execution::Kind::block) {
    item.failures.push_back({item.begin, "test", "thrown", false});
  } else {
    item.threw = true;
    item.error_type = "test";
    item.error_message = "thrown";
  }
}

inline void SmallWorld::send() {
  for (Packet& packet : packets_) channel(packet.from, packet.to).push_back(std::move(packet));
  packets_.clear();
}

inline void SmallWorld::after_head() {
  head_.flush(packets_);
  send();
  for (const sim::Outcome& outcome : head_.outcomes()) {
    for (Known& each : known_) {
      if (each.id != outcome.id) continue;
      check(!each.forgotten, "nothing happens to a task that was forgotten");
      if (outcome.kind == sim::Outcome::Kind::forgotten) {
        check(!each.held, "what the client holds is not forgotten");
        each.forgotten = true;
      } else {
        ++each.outcomes;
        check(each.outcomes == 1, "a task ends once");
      }
    }
  }
  head_.outcomes().clear();
}

inline void SmallWorld::after_step() {
  for (const auto& each : nodes_) {
    for (std::uint32_t used = 0; used < options_.slots;) {
      used = 0;
      for (const Running& run : running_) used += run.node == each->rank() ? 1 : 0;
      if (used >= options_.slots) break;
      auto batch = each->start();
      if (!batch) break;
      running_.push_back({each->rank(), std::move(batch)});
    }
    each->state().check_invariants();
  }
  head_.scheduler().check_invariants();
}

inline void SmallWorld::check_end() const {
  const scheduler::Counts counts = head_.scheduler().counts();
  check(counts.outstanding == 0, "at the end nothing is outstanding");
  check(counts.work_left == 0, "at the end no work is left");
  check(counts.tasks_live == 0, "at the end no task is live");
  check(counts.groups_live == 0, "at the end no group is live");
  check(head_.stale_reports() == 0, "without losses no report is stale");
  for (const Known& each : known_) {
    check(each.forgotten, "at the end all is forgotten");
    check(each.outcomes == 1 || options_.release_early, "what the client waits for has an end");
  }
  for (const auto& each : nodes_) {
    check(each->store().size() == 0, "at the end no value is stored");
    check(each->state().is_idle(), "at the end a worker has nothing to do and waits for nothing");
  }
}

inline std::uint64_t SmallWorld::fingerprint() const {
  std::uint64_t hash = 0x243f6a8885a308d3ull;
  const auto mix = [&hash](std::uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
    hash ^= hash >> 29;
  };
  const scheduler::Scheduler& scheduler = head_.scheduler();
  mix(known_.size() * 64 + released_ * 8 + static_cast<std::uint64_t>(throws_left_));
  for (const Known& each : known_) {
    mix(each.forgotten);
    if (const scheduler::TaskRecord* task = scheduler.find_task(each.id)) {
      mix(static_cast<std::uint64_t>(task->state) * 64 +
          static_cast<std::uint64_t>(task->worker + 4));
      mix(task->missing_inputs * 4096 + task->unplaced_inputs * 64 + task->references);
    } else if (const scheduler::GroupRecord* group = scheduler.find_group(each.id)) {
      mix(static_cast<std::uint64_t>(group->state) * 64 + group->references);
      for (const auto& [begin, range] : group->outstanding)
        mix(begin * 64 + static_cast<std::uint64_t>(range.worker));
      for (const auto& [begin, chunk] : group->chunks)
        mix(begin * 512 + static_cast<std::uint64_t>(chunk.worker));
      for (const auto& [index, failure] : group->failures) mix(index + 77);
    }
    for (const auto& one : nodes_) {
      mix(each.id.is_group() ? one->store().find_stretch(each.id, 0) != nullptr
                             : one->store().contains(each.id));
    }
  }
  for (std::uint32_t function = 0; function < 12; ++function)
    mix(scheduler.durations().known(function));
  for (int rank = 0; rank < scheduler.workers().size(); ++rank) {
    const scheduler::WorkerRecord& worker = scheduler.workers().at(rank);
    mix(worker.outstanding * 4096 + worker.ahead_queue.size() * 64 + worker.own_queue.size());
    mix(worker.waiting * 64 + worker.asked * 2u + worker.barren);
  }
  for (const auto& channel : channels_) {
    mix(channel.size() + 1000);
    for (const Packet& packet : channel) {
      mix(packet.bytes.size());
      for (const std::byte byte : packet.bytes.span()) mix(static_cast<std::uint64_t>(byte));
    }
  }
  for (const auto& one : nodes_) {
    mix(one->state().ready_count() * 256 + one->state().taken() * 16 + one->state().awaited());
    mix(one->state().assigned() * 64 + one->state().askers());
    mix(one->state().is_idle());
  }
  for (const Running& run : running_) {
    for (const worker::Execution& item : run.batch->items) {
      mix(static_cast<std::uint64_t>(run.node) * 16 + static_cast<std::uint64_t>(item.kind));
      mix(item.task != nullptr ? item.task->id.bits()
                               : item.group->group.bits() + item.begin * 64 + item.count);
    }
  }
  return hash;
}

}  // namespace tutti::testing

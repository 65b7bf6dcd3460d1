#pragma once

/// ForkJoinWorld: one real scheduler and a few real workers, whose tasks submit tasks and wait for
/// them. What happens next is chosen by the test: a packet arrives, a run submits and waits, a wait
/// that is over goes on, a run ends.

#include "sim/head.hpp"
#include "sim/node.hpp"
#include "tutti/check.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace tutti::testing {

/// The shape of the tree: each task of a depth below `depth` submits `width` tasks and waits for
/// all of them, `waves` times.
struct ForkJoinOptions {
  int workers = 1;
  std::uint32_t slots = 1;
  std::uint16_t depth = 2;
  std::size_t width = 2;
  std::size_t waves = 1;
  std::size_t roots = 1;
  std::uint32_t suspended_max = 1'000;
  std::uint64_t elapsed_ns = 100;
  /// Workers run out of memory, or have enough again, at most so many times.
  int pauses = 0;
};

class ForkJoinWorld {
 public:
  explicit ForkJoinWorld(const ForkJoinOptions& options)
      : options_(options),
        head_({.credit = {}, .story_events = 8}),
        pauses_left_(options.pauses),
        short_(static_cast<std::size_t>(options.workers), false) {
    const auto ranks = static_cast<std::size_t>(options.workers) + 1;
    channels_.resize(ranks * ranks);
    for (int rank = 1; rank <= options.workers; ++rank) {
      nodes_.push_back(std::make_unique<sim::Node>(worker::WorkerLimits{
          .slots = options.slots, .rank = rank, .suspended_max = options.suspended_max}));
      node(rank).say_hello(packets_);
    }
    for (const sim::Packet& packet : packets_) head_.handle(packet.from, packet.bytes);
    packets_.clear();
    for (std::size_t root = 0; root < options.roots; ++root) {
      roots_.push_back(head_.scheduler().submit({}, head_.commands()));
      tasks_[roots_.back()];
    }
    end_turn();
    start();
  }

  /// `choose(n)` gives one of 0 ... n - 1. False when nothing can happen any more.
  template <class Choose>
  bool step(Choose choose) {
    std::vector<std::deque<sim::Packet>*> full;
    for (auto& each : channels_) {
      if (!each.empty()) full.push_back(&each);
    }
    std::vector<std::size_t> able;
    for (std::size_t index = 0; index < runs_.size(); ++index) {
      if (can_go_on(runs_[index])) able.push_back(index);
    }
    const std::size_t happens = full.size() + able.size();
    if (happens == 0) return false;
    const std::size_t choice = choose(happens + (pauses_left_ > 0 ? nodes_.size() : 0));
    if (choice < full.size()) {
      deliver(*full[choice]);
    } else if (choice < happens) {
      go_on(able[choice - full.size()]);
    } else {
      --pauses_left_;
      short_[choice - happens] = !short_[choice - happens];
    }
    decide_pauses();
    start();
    check_slots();
    return true;
  }

  /// What holds when nothing can happen any more.
  void check_end() {
    check(runs_.empty(), "no task waits for ever");
    for (const auto& [id, task] : tasks_) check(task.ends == 1, "each task ends once");
    check(head_.scheduler().counts().work_left == 0, "at the end no work is left");
    check(head_.stale_reports() == 0, "no report is stale");
    for (const TaskId root : roots_) head_.scheduler().on_client_released(root, head_.commands());
    end_turn();
    for (auto& each : channels_) {
      while (!each.empty()) deliver(each);
    }
    check(head_.scheduler().counts().tasks_live == 0, "at the end no task is live");
    for (const auto& each : nodes_) {
      check(each->state().is_idle() && each->state().suspended() == 0,
            "at the end a worker has nothing to do");
      check(each->store().size() == 0, "at the end no value is stored");
    }
  }
  std::size_t tasks() const { return tasks_.size(); }

 private:
  struct Task {
    std::uint16_t depth = 0;
    std::size_t waves = 0;  ///< that were submitted
    std::size_t waits_for = 0;
    TaskId parent;
    int ends = 0;
  };
  struct Run {
    int node;
    std::unique_ptr<worker::Batch> batch;
    bool waits = false;
  };

  sim::Node& node(int rank) { return *nodes_[static_cast<std::size_t>(rank - 1)]; }
  std::deque<sim::Packet>& channel(int from, int to) {
    return channels_[static_cast<std::size_t>(from) * (nodes_.size() + 1) +
                     static_cast<std::size_t>(to)];
  }
  void send() {
    for (sim::Packet& packet : packets_)
      channel(packet.from, packet.to).push_back(std::move(packet));
    packets_.clear();
  }
  void end_turn() {
    head_.flush(packets_);
    send();
    head_.outcomes().clear();
    head_.scheduler().check_invariants();
  }
  void start() {
    for (const auto& each : nodes_) {
      while (auto batch = each->start()) runs_.push_back({each->rank(), std::move(batch)});
      each->state().check_invariants();
    }
  }
  /// As the keeper of a rank's memory does.
  void decide_pauses() {
    for (std::size_t index = 0; index < nodes_.size(); ++index) {
      sim::Node& node = *nodes_[index];
      const bool stuck = node.state().running() == 0;
      const worker::Pause pause = !short_[index] ? worker::Pause::none
                                  : stuck        ? worker::Pause::one_at_a_time
                                                 : worker::Pause::all;
      if (pause != node.state().pause()) node.set_pause(pause, packets_);
    }
    send();
  }
  void check_slots() {
    for (const auto& each : nodes_) {
      std::uint32_t running = 0;
      for (const Run& run : runs_) running += run.node == each->rank() && !run.waits ? 1 : 0;
      check(running <= options_.slots, "no more tasks run than there are slots");
    }
  }

  bool can_go_on(const Run& run) {
    if (!run.waits) return true;
    return tasks_.at(current(run)).waits_for == 0 &&
           node(run.node).state().has_slot_to_resume(*run.batch);
  }
  static TaskId current(const Run& run) { return run.batch->items[run.batch->current].id; }

  void go_on(std::size_t index) {
    Run& run = runs_[index];
    if (run.waits) {
      run.waits = false;
      node(run.node).resume(*run.batch, packets_);
      return send();
    }
    Task& task = tasks_.at(current(run));
    if (task.depth < options_.depth && task.waves < options_.waves) return fork(run, task);
    end(index);
  }

  void fork(Run& run, Task& task) {
    const TaskId parent = current(run);
    ++task.waves;
    task.waits_for = options_.width;
    sim::Outbox outbox(run.node);
    for (std::size_t child = 0; child < options_.width; ++child) {
      protocol::SubmitTask message;
      message.task = head_.scheduler().reserve_task();
      message.depth = static_cast<std::uint16_t>(task.depth + 1);
      tasks_[message.task] = {message.depth, 0, 0, parent, 0};
      outbox.send(0, message);
    }
    outbox.take(packets_);
    for (std::size_t before = 0; before < run.batch->current; ++before) note_end(run, before);
    node(run.node).suspend(*run.batch, packets_);
    run.waits = true;
    send();
  }

  /// The item that runs is done; the next one of its batch begins, or the batch ends.
  void end(std::size_t index) {
    Run& run = runs_[index];
    run.batch->items[run.batch->current].elapsed_ns = options_.elapsed_ns;
    if (++run.batch->current < run.batch->items.size()) return;
    Run done = std::move(run);
    runs_.erase(runs_.begin() + static_cast<std::ptrdiff_t>(index));
    for (std::size_t item = 0; item < done.batch->items.size(); ++item) note_end(done, item);
    node(done.node).finish(std::move(done.batch), packets_);
    send();
  }

  /// Who waits on the same node knows at once.
  void note_end(const Run& run, std::size_t item) {
    const TaskId id = run.batch->items[item].id;
    Task& task = tasks_.at(id);
    ++task.ends;
    if (task.parent.is_none()) return;
    const scheduler::TaskRecord* record = head_.scheduler().find_task(id);
    if (record != nullptr && record->owner == run.node) told(id, run.node);
  }
  void told(TaskId id, int rank) {
    --tasks_.at(tasks_.at(id).parent).waits_for;
    sim::Outbox outbox(rank);
    const TaskId ids[] = {id};
    outbox.send(0,
                protocol::DropFutures{protocol::PackedList<TaskId>(std::span<const TaskId>(ids))});
    outbox.take(packets_);
  }

  void deliver(std::deque<sim::Packet>& from) {
    const sim::Packet packet = std::move(from.front());
    from.pop_front();
    if (packet.to == 0) {
      head_.handle(packet.from, packet.bytes);
      return end_turn();
    }
    node(packet.to).handle(packet.from, packet.bytes, packets_);
    std::vector<TaskId> ended = std::move(node(packet.to).ended());
    node(packet.to).ended().clear();
    for (const TaskId id : ended) told(id, packet.to);
    send();
  }

  ForkJoinOptions options_;
  sim::Head head_;
  std::vector<std::unique_ptr<sim::Node>> nodes_;
  std::vector<std::deque<sim::Packet>> channels_;
  std::vector<sim::Packet> packets_;
  std::vector<Run> runs_;
  std::map<TaskId, Task> tasks_;
  std::vector<TaskId> roots_;
  int pauses_left_;
  std::vector<bool> short_;  ///< of memory, by node
};

}  // namespace tutti::testing

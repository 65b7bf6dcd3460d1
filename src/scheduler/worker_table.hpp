#pragma once

/// WorkerTable: how much each worker has to do, and who can take more.
///
/// Credit is what a worker may have outstanding: two tasks a slot, or more while their estimated
/// time stays below a bound. It hides the round trip to rank 0 without giving a slow worker too
/// much.

#include "scheduler/ready_queue.hpp"
#include "tutti/check.hpp"
#include "tutti/ids.hpp"

#include <cstdint>
#include <deque>
#include <vector>

namespace tutti::scheduler {

struct WorkerRecord {
  bool joined = false;
  bool in_idle = false;       ///< stands in the ring of idle workers
  bool in_available = false;  ///< stands in the ring of workers with credit
  bool in_visits = false;     ///< stands in the list of workers whose queues may be served
  bool in_victims = false;    ///< stands in the ring of workers with an own_queue
  std::uint32_t slots = 0;
  std::uint32_t outstanding = 0;     ///< tasks and ranges assigned and not reported
  std::uint64_t outstanding_ns = 0;  ///< their estimated time
  std::uint64_t memory_limit_bytes = 0;
  /// Ready tasks that belong here by their inputs and wait for credit. Others may take them.
  ReadyQueue own_queue;
  /// Tasks whose missing inputs are all produced here, and that wait for credit.
  std::deque<TaskId> ahead_queue;

  bool has_queue() const { return !own_queue.empty() || !ahead_queue.empty(); }
};

struct Credit {
  std::uint32_t tasks_per_slot = 2;
  std::uint32_t tasks_max = 4096;
  std::uint64_t nanoseconds_per_slot = 1'000'000;
};

class WorkerTable {
 public:
  explicit WorkerTable(Credit credit) : credit_(credit) {}

  void join(int rank, std::uint32_t slots, std::uint64_t memory_limit_bytes) {
    if (static_cast<std::size_t>(rank) >= workers_.size())
      workers_.resize(static_cast<std::size_t>(rank) + 1);
    WorkerRecord& worker = at(rank);
    check(!worker.joined, "a worker joins once");
    worker.joined = true;
    worker.slots = slots;
    worker.memory_limit_bytes = memory_limit_bytes;
    total_slots_ += slots;
    ++joined_;
    enlist(rank);
  }

  WorkerRecord& at(int rank) { return workers_[static_cast<std::size_t>(rank)]; }
  const WorkerRecord& at(int rank) const { return workers_[static_cast<std::size_t>(rank)]; }
  int size() const { return static_cast<int>(workers_.size()); }
  std::uint32_t joined() const { return joined_; }
  std::uint64_t total_slots() const { return total_slots_; }
  const Credit& credit() const { return credit_; }

  bool is_idle(const WorkerRecord& worker) const { return worker.outstanding < worker.slots; }
  bool has_credit(const WorkerRecord& worker) const {
    return worker.outstanding < worker.slots * credit_.tasks_per_slot ||
           (worker.outstanding < credit_.tasks_max &&
            worker.outstanding_ns < worker.slots * credit_.nanoseconds_per_slot);
  }

  void load(int rank, std::uint32_t estimate_ns) {
    WorkerRecord& worker = at(rank);
    ++worker.outstanding;
    worker.outstanding_ns += estimate_ns;
  }
  void unload(int rank, std::uint32_t estimate_ns) {
    WorkerRecord& worker = at(rank);
    check(worker.outstanding > 0 && worker.outstanding_ns >= estimate_ns,
          "a worker's load never goes below zero");
    --worker.outstanding;
    worker.outstanding_ns -= estimate_ns;
    enlist(rank);
    if (worker.has_queue()) visit(rank);
  }

  /// The next idle worker in turn, or no_one. It stays in its ring, at the end, until it is no
  /// longer idle.
  int next_idle() { return next(idle_, &WorkerRecord::in_idle, &WorkerTable::is_idle); }
  /// The next worker with credit in turn, or no_one.
  int next_available() {
    return next(available_, &WorkerRecord::in_available, &WorkerTable::has_credit);
  }
  bool anybody_idle() { return next_idle() != no_one; }

  void queue_own(int rank, std::int16_t priority, TaskId task) {
    WorkerRecord& worker = at(rank);
    worker.own_queue.push(priority, task);
    visit(rank);
    if (!worker.in_victims) {
      worker.in_victims = true;
      victims_.push_back(rank);
    }
  }
  void queue_ahead(int rank, TaskId task) {
    at(rank).ahead_queue.push_back(task);
    visit(rank);
  }
  /// The next worker whose queues may be served: it has more in them, or more credit, than when it
  /// was last named. No_one when there is none.
  int next_visit() {
    if (visits_.empty()) return no_one;
    const int rank = visits_.front();
    visits_.pop_front();
    at(rank).in_visits = false;
    return rank;
  }
  /// The next worker in turn with something in its own_queue, or no_one.
  int next_victim() {
    return next(victims_, &WorkerRecord::in_victims, &WorkerTable::has_own_queue);
  }

  static constexpr int no_one = -1;

 private:
  bool has_own_queue(const WorkerRecord& worker) const { return !worker.own_queue.empty(); }

  void visit(int rank) {
    WorkerRecord& worker = at(rank);
    if (worker.in_visits) return;
    worker.in_visits = true;
    visits_.push_back(rank);
  }

  void enlist(int rank) {
    WorkerRecord& worker = at(rank);
    if (!worker.in_idle && is_idle(worker)) {
      worker.in_idle = true;
      idle_.push_back(rank);
    }
    if (!worker.in_available && has_credit(worker)) {
      worker.in_available = true;
      available_.push_back(rank);
    }
  }

  int next(std::deque<int>& ring, bool WorkerRecord::*member,
           bool (WorkerTable::*still)(const WorkerRecord&) const) {
    while (!ring.empty()) {
      const int rank = ring.front();
      ring.pop_front();
      if ((this->*still)(at(rank))) {
        ring.push_back(rank);
        return rank;
      }
      at(rank).*member = false;
    }
    return no_one;
  }

  Credit credit_;
  std::vector<WorkerRecord> workers_;
  std::deque<int> idle_;
  std::deque<int> available_;
  std::deque<int> visits_;
  std::deque<int> victims_;
  std::uint64_t total_slots_ = 0;
  std::uint32_t joined_ = 0;
};

}  // namespace tutti::scheduler

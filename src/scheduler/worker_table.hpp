#pragma once

/// WorkerTable: how much each worker has to do, and who can take more.
///
/// A worker has two accounts: what is outstanding (it can run, or runs) and what waits there for
/// inputs that are being computed. Credit bounds them: two tasks a slot, or more while their
/// estimated time stays below a bound, and twice that with what waits; and no more than one a slot
/// while their results are expected to be large, so that sources do not fill memory. It hides the
/// round trip to rank 0 without giving a slow worker too much. What waits does not keep a worker
/// from getting work that it can do at once.

#include "protocol/messages.hpp"
#include "scheduler/ready_queue.hpp"
#include "tutti/check.hpp"
#include "tutti/ids.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

namespace tutti::scheduler {

struct WorkerRecord {
  bool joined = false;
  bool in_idle = false;       ///< stands in the ring of idle workers
  bool in_available = false;  ///< stands in the ring of workers with credit
  bool in_visits = false;     ///< stands in the list of workers whose queues may be served
  bool in_victims = false;    ///< stands in the ring of workers with an own_queue
  bool in_rich = false;       ///< stands in the ring of workers that may give work back
  bool asked = false;         ///< to give work back, and has not answered
  bool barren = false;        ///< had nothing to give back, and has got nothing since
  bool paused = false;        ///< short of memory: it starts nothing
  bool parked = false;        ///< not wanted for now: it gets nothing, and gives up what it has
  std::uint32_t slots = 0;
  std::uint32_t outstanding = 0;     ///< tasks and ranges assigned, with all inputs, not reported
  std::uint64_t outstanding_ns = 0;  ///< their estimated time
  std::uint64_t units = 0;           ///< the tasks, and the elements of the ranges, among them
  std::uint64_t result_bytes = 0;    ///< expected of everything assigned
  std::uint32_t suspended = 0;       ///< runs that wait inside of themselves, as last reported
  std::uint32_t held_back = 0;       ///< ready there, and not to begin before some of those ended
  std::uint32_t waiting = 0;         ///< tasks assigned ahead of readiness
  std::uint64_t waiting_ns = 0;
  std::uint64_t ended_ns = 0;     ///< estimated time of everything that was outstanding or waited
  std::uint32_t assignments = 0;  ///< tasks assigned since the start, modulo 2^31
  std::uint64_t memory_limit_bytes = 0;
  protocol::MemoryState memory;  ///< as it was told last
  /// Ready tasks that belong here by their inputs and wait for credit. Others may take them.
  ReadyQueue own_queue;
  /// Tasks whose missing inputs are all being computed, that are to wait for them here.
  std::deque<TaskId> ahead_queue;

  bool has_queue() const { return !own_queue.empty() || !ahead_queue.empty(); }
  std::uint64_t given_ns() const { return ended_ns + outstanding_ns + waiting_ns; }
  /// A slot has nothing, not even something to wait for, and would begin what it gets.
  bool is_unoccupied() const { return !paused && !parked && units + waiting < slots + suspended; }
  /// Of what is outstanding, what needs a slot: runs that wait have given theirs to others.
  std::uint32_t needing() const {
    return outstanding - std::min(outstanding, suspended + held_back);
  }
  std::uint64_t needing_ns() const {
    return suspended + held_back == 0 || outstanding == 0
               ? outstanding_ns
               : outstanding_ns / outstanding * needing();
  }
  /// Estimated time until a slot is free for something new.
  double queue_ns() const {
    return static_cast<double>(needing_ns() + waiting_ns) / static_cast<double>(slots);
  }
};

struct Credit {
  std::uint32_t tasks_per_slot = 2;
  std::uint32_t tasks_max = 4096;
  std::uint64_t nanoseconds_per_slot = 1'000'000;
  std::uint64_t result_bytes_per_slot = std::uint64_t{64} << 20;
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
    ++unoccupied_;
    enlist(rank);
  }

  WorkerRecord& at(int rank) { return workers_[static_cast<std::size_t>(rank)]; }
  const WorkerRecord& at(int rank) const { return workers_[static_cast<std::size_t>(rank)]; }
  bool has_joined(int rank) const { return rank >= 0 && rank < size() && at(rank).joined; }
  int size() const { return static_cast<int>(workers_.size()); }
  std::uint32_t joined() const { return joined_; }
  std::uint64_t total_slots() const { return total_slots_; }
  const Credit& credit() const { return credit_; }

  /// What a worker uses of its memory, and whether it starts tasks. One that does not gets nothing
  /// new while there are others, and is asked for what it has.
  void set_memory(int rank, const protocol::MemoryState& memory) {
    WorkerRecord& worker = at(rank);
    worker.memory = memory;
    if (worker.paused == memory.paused) return;
    {
      const Occupied guard(*this, worker);
      worker.paused = memory.paused;
    }
    if (!worker.parked) paused_ += worker.paused ? 1 : -1;
    note_change(rank);
  }
  /// A worker that is parked gets nothing, and is asked for what it has not begun.
  void set_parked(int rank, bool parked) {
    WorkerRecord& worker = at(rank);
    if (worker.parked == parked) return;
    {
      const Occupied guard(*this, worker);
      worker.parked = parked;
    }
    const int sign = parked ? 1 : -1;
    parked_ += sign;
    if (worker.paused) paused_ -= sign;
    total_slots_ = parked ? total_slots_ - worker.slots : total_slots_ + worker.slots;
    note_change(rank);
  }
  /// Those that are not parked.
  std::uint32_t wanted() const { return joined_ - static_cast<std::uint32_t>(parked_); }
  bool all_paused() const { return paused_ == static_cast<int>(wanted()); }

  bool is_idle(const WorkerRecord& worker) const {
    if (worker.parked) return false;
    return worker.paused ? may_take_paused(worker) : worker.units < worker.slots + worker.suspended;
  }
  bool has_credit(const WorkerRecord& worker) const {
    if (worker.parked) return false;
    if (worker.paused) return may_take_paused(worker);
    return may_take(worker, worker.needing(), worker.needing_ns());
  }
  /// What waits becomes able to run beside what can already, so both count, up to twice the credit.
  bool has_credit_ahead(const WorkerRecord& worker) const {
    if (worker.paused || worker.parked) return false;
    return may_take(worker, (worker.needing() + worker.waiting) / 2,
                    (worker.needing_ns() + worker.waiting_ns) / 2);
  }

  /// Adds to what the worker can run, and gives the time at which it is due on the worker's
  /// account.
  std::uint64_t load(int rank, std::uint32_t estimate_ns, std::uint64_t units = 1,
                     std::uint64_t result_bytes = 0) {
    WorkerRecord& worker = at(rank);
    const Occupied guard(*this, worker);
    ++worker.outstanding;
    worker.result_bytes += result_bytes;
    worker.outstanding_ns += estimate_ns;
    worker.units += units;
    worker.barren = false;
    enlist_rich(rank);
    return worker.given_ns();
  }
  void unload(int rank, std::uint32_t estimate_ns, std::uint64_t units = 1,
              std::uint64_t result_bytes = 0) {
    WorkerRecord& worker = at(rank);
    check(worker.outstanding > 0, "a worker's load never goes below zero");
    --worker.outstanding;
    lighten(rank, estimate_ns, units, result_bytes);
  }
  /// A part of a range that is outstanding will not be run there.
  void lighten(int rank, std::uint32_t estimate_ns, std::uint64_t units,
               std::uint64_t result_bytes) {
    WorkerRecord& worker = at(rank);
    const Occupied guard(*this, worker);
    check(worker.outstanding_ns >= estimate_ns && worker.units >= units &&
              worker.result_bytes >= result_bytes,
          "a worker's load never goes below zero");
    worker.result_bytes -= result_bytes;
    worker.outstanding_ns -= estimate_ns;
    worker.ended_ns += estimate_ns;
    worker.units -= units;
    enlist(rank);
    if (worker.has_queue()) visit(rank);
  }

  /// The same for a task that waits there for its inputs.
  std::uint64_t load_ahead(int rank, std::uint32_t estimate_ns, std::uint64_t result_bytes = 0) {
    WorkerRecord& worker = at(rank);
    const Occupied guard(*this, worker);
    ++worker.waiting;
    worker.result_bytes += result_bytes;
    worker.waiting_ns += estimate_ns;
    return worker.given_ns();
  }
  void unload_ahead(int rank, std::uint32_t estimate_ns, std::uint64_t result_bytes = 0) {
    WorkerRecord& worker = at(rank);
    const Occupied guard(*this, worker);
    take_from_waiting(worker, estimate_ns);
    check(worker.result_bytes >= result_bytes,
          "what is expected of a worker never goes below zero");
    worker.result_bytes -= result_bytes;
    worker.ended_ns += estimate_ns;
    if (worker.has_queue()) visit(rank);
  }
  /// The inputs are there: it can run.
  void begin(int rank, std::uint32_t estimate_ns) {
    WorkerRecord& worker = at(rank);
    {
      const Occupied guard(*this, worker);
      take_from_waiting(worker, estimate_ns);
    }
    load(rank, estimate_ns);
    if (worker.has_queue()) visit(rank);
  }

  /// So many runs of the worker wait inside of themselves, and so much waits there for them to end.
  void suspend(int rank, std::uint32_t suspended, std::uint32_t held_back) {
    WorkerRecord& worker = at(rank);
    const bool more = suspended + held_back > worker.suspended + worker.held_back;
    {
      const Occupied guard(*this, worker);
      worker.suspended = suspended;
      worker.held_back = held_back;
    }
    if (more) offer(rank);
  }

  /// The next idle worker in turn, or no_one. It stays in its ring, at the end, until it is no
  /// longer idle.
  int next_idle() { return next(idle_, &WorkerRecord::in_idle, &WorkerTable::is_idle); }
  /// The next worker with credit in turn, or no_one.
  int next_available() {
    return next(available_, &WorkerRecord::in_available, &WorkerTable::has_credit);
  }
  bool anybody_idle() { return next_idle() != no_one; }

  void queue_own(int rank, std::int32_t urgency, TaskId task) {
    WorkerRecord& worker = at(rank);
    worker.own_queue.push(urgency, task);
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
  void visit(int rank) {
    WorkerRecord& worker = at(rank);
    if (worker.in_visits) return;
    worker.in_visits = true;
    visits_.push_back(rank);
  }
  /// The next worker in turn with something in its own_queue, or no_one.
  int next_victim() {
    return next(victims_, &WorkerRecord::in_victims, &WorkerTable::has_own_queue);
  }

  /// Asks the next worker in turn that may have work to give back, on behalf of one that has
  /// nothing to do and for which nobody was asked yet; no_one when there is none of either.
  int ask_next() {
    if (asked_ >= unoccupied_) return no_one;
    const int rank = next(rich_, &WorkerRecord::in_rich, &WorkerTable::is_rich);
    if (rank == no_one) return no_one;
    at(rank).asked = true;
    ++asked_;
    return rank;
  }
  /// What one worker may take, in tasks or elements like those that the worker `rank` has.
  std::uint32_t units_of_credit(int rank) const {
    const WorkerRecord& worker = at(rank);
    const double mean_ns = static_cast<double>(worker.outstanding_ns) /
                           static_cast<double>(std::max<std::uint64_t>(1, worker.units));
    const double by_time =
        static_cast<double>(credit_.nanoseconds_per_slot * worker.slots) / std::max(1.0, mean_ns);
    const auto by_number = static_cast<double>(worker.slots * credit_.tasks_per_slot);
    return static_cast<std::uint32_t>(
        std::clamp(by_time, by_number, static_cast<double>(units_max)));
  }
  void answered(int rank, bool gave) {
    WorkerRecord& worker = at(rank);
    check(worker.asked, "a worker gives back when it was asked");
    worker.asked = false;
    worker.barren = !gave;
    --asked_;
    enlist_rich(rank);
  }

  /// Stops the program when a count of workers is not what the records say.
  void check_counts() const {
    std::uint32_t unoccupied = 0;
    std::uint32_t asked = 0;
    int paused = 0;
    int parked = 0;
    for (const WorkerRecord& worker : workers_) {
      paused += worker.paused && !worker.parked ? 1 : 0;
      parked += worker.parked ? 1 : 0;
      unoccupied += worker.joined && worker.is_unoccupied() ? 1u : 0u;
      asked += worker.asked ? 1u : 0u;
    }
    check(unoccupied == unoccupied_, "the workers that have a slot for nothing are counted");
    check(paused == paused_, "the workers that are paused are counted");
    check(parked == parked_, "the workers that are parked are counted");
    check(asked == asked_, "the workers that were asked for work are counted");
  }
  /// See Scheduler::describe; `append` takes the entries of queues.
  template <class Append>
  void describe(std::vector<std::uint64_t>& words, Append append) const {
    for (const WorkerRecord& worker : workers_) {
      words.insert(words.end(),
                   {worker.outstanding, worker.outstanding_ns, worker.units, worker.suspended,
                    worker.held_back, worker.waiting, worker.waiting_ns, worker.assignments,
                    (worker.asked ? 1u : 0u) + (worker.barren ? 2u : 0u) +
                        (worker.paused ? 4u : 0u) + (worker.parked ? 8u : 0u)});
      worker.own_queue.for_each(append);
      words.push_back(worker.ahead_queue.size());
      for (const TaskId id : worker.ahead_queue) append(id);
    }
    for (const auto* ring : {&idle_, &available_, &visits_, &victims_, &rich_}) {
      words.push_back(ring->size());
      for (const int rank : *ring) words.push_back(static_cast<std::uint64_t>(rank));
    }
  }

  static constexpr int no_one = -1;

 private:
  /// Keeps the count of workers that have a slot for which there is nothing at all.
  class Occupied {
   public:
    Occupied(WorkerTable& table, const WorkerRecord& worker)
        : table_(table), worker_(worker), before_(is_unoccupied()) {}
    ~Occupied() {
      table_.unoccupied_ -= before_ ? 1u : 0u;
      table_.unoccupied_ += is_unoccupied() ? 1u : 0u;
    }
    Occupied(const Occupied&) = delete;
    Occupied& operator=(const Occupied&) = delete;

   private:
    bool is_unoccupied() const { return worker_.is_unoccupied(); }
    WorkerTable& table_;
    const WorkerRecord& worker_;
    bool before_;
  };

  /// When no worker starts tasks each still gets one at a time, so that there is an end; what waits
  /// inside of itself may wait for that one.
  bool may_take_paused(const WorkerRecord& worker) const {
    return all_paused() && worker.needing() == 0;
  }
  bool may_take(const WorkerRecord& worker, std::uint32_t tasks, std::uint64_t nanoseconds) const {
    std::uint64_t result_bytes_max = worker.slots * credit_.result_bytes_per_slot;
    if (worker.memory_limit_bytes != 0)
      result_bytes_max = std::min(result_bytes_max, worker.memory_limit_bytes / 4);
    if (worker.result_bytes > result_bytes_max) return tasks < worker.slots;
    return tasks < worker.slots * credit_.tasks_per_slot ||
           (tasks < credit_.tasks_max && nanoseconds < worker.slots * credit_.nanoseconds_per_slot);
  }
  bool has_own_queue(const WorkerRecord& worker) const { return !worker.own_queue.empty(); }
  /// More than its slots can work on, and worth a message.
  bool is_rich(const WorkerRecord& worker) const {
    if (worker.asked || worker.barren) return false;
    if (worker.paused || worker.parked) return worker.units > worker.suspended;
    return worker.units > worker.slots + worker.suspended &&
           worker.needing_ns() > worth_asking_ns * worker.slots;
  }
  /// The worker starts, or gets, more or less than before.
  void note_change(int rank) {
    at(rank).barren = false;
    enlist_rich(rank);
    offer(rank);
    // When nobody starts anything each may get one task at a time.
    for (int each = 0; all_paused() && each < size(); ++each) offer(each);
  }
  /// The worker may take more than before.
  void offer(int rank) {
    if (!at(rank).joined) return;
    enlist(rank);
    if (at(rank).has_queue()) visit(rank);
  }
  void enlist_rich(int rank) {
    WorkerRecord& worker = at(rank);
    if (worker.in_rich || !is_rich(worker)) return;
    worker.in_rich = true;
    rich_.push_back(rank);
  }

  static void take_from_waiting(WorkerRecord& worker, std::uint32_t estimate_ns) {
    check(worker.waiting > 0 && worker.waiting_ns >= estimate_ns,
          "what waits at a worker never goes below zero");
    --worker.waiting;
    worker.waiting_ns -= estimate_ns;
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

  static constexpr std::uint64_t worth_asking_ns = 20'000;
  static constexpr std::uint32_t units_max = std::numeric_limits<std::uint32_t>::max();

  Credit credit_;
  std::vector<WorkerRecord> workers_;
  std::deque<int> idle_;
  std::deque<int> available_;
  std::deque<int> visits_;
  std::deque<int> victims_;
  std::deque<int> rich_;
  std::uint64_t total_slots_ = 0;
  std::uint32_t joined_ = 0;
  std::uint32_t unoccupied_ = 0;
  std::uint32_t asked_ = 0;
  int paused_ = 0;  ///< and not parked
  int parked_ = 0;
};

}  // namespace tutti::scheduler

#pragma once

/// SimCluster: the real scheduler and real worker states in virtual time.

#include "sim/head.hpp"
#include "sim/network.hpp"
#include "sim/node.hpp"
#include "sim/workload.hpp"

#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <vector>

namespace tutti::sim {

struct ClusterOptions {
  int workers = 4;
  std::uint32_t slots = 1;
  std::uint64_t seed = 1;
  scheduler::SchedulerOptions scheduler;
  NetworkOptions network;
  /// A task or element throws with this probability, the same ones whatever the order of events.
  double failure_probability = 0;
  /// Workers pause for about so long, again and again, and a quarter of them at last for good; 0:
  /// they do not.
  std::uint64_t pause_ns = 0;
  /// Large values leave memory as soon as they are there, and come back for those that need them.
  bool spill = false;
  /// This share of the workers takes `slow_factor` times longer for everything.
  double slow_share = 0;
  double slow_factor = 8;
  /// This share of the tasks and maps needs more than a slot: see demand_of().
  double demand_share = 0;
  /// The client starts so much later than the workers, and hands over so many items at a time.
  std::uint64_t client_start_ns = 0;
  std::size_t submit_items = 16;
  std::uint64_t submit_gap_ns = 1'000;
  /// The client lets go of what it only needs as an input, as soon as everything that needs it was
  /// submitted.
  bool release_early = false;
  /// With this probability, after each packet to rank 0, the client has something copied or moved.
  double copy_probability = 0;
  /// Checks invariants and laws after every event. Slow.
  bool check_laws = false;
  /// Measures the real time spent inside the scheduler.
  bool measure_scheduler = false;
};

/// How many times longer everything takes on this worker.
double slowness(const ClusterOptions& options, int rank);

/// What a worker has for those.
protocol::Resources resources_of(const ClusterOptions& options, int rank);
/// What a task, or each element of a map, asks for beside a slot.
protocol::Demand demand_of(const ClusterOptions& options, std::size_t item);

struct ClusterReport {
  std::uint64_t finished = 0;  ///< tasks
  std::uint64_t failed = 0;    ///< tasks and maps
  std::uint64_t maps_done = 0;
  std::uint64_t failed_elements = 0;
  std::uint64_t end_ns = 0;       ///< virtual time
  std::uint64_t makespan_ns = 0;  ///< from the client's start until rank 0 knew the last result
  std::uint64_t busy_ns = 0;      ///< of all slots together
  std::uint64_t events = 0;
  std::uint64_t messages = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  ///< of packets and of the values beside them
  std::uint64_t fetches = 0;
  std::uint64_t members = 0;  ///< of gangs, that ran
  std::uint64_t pauses = 0;
  std::uint64_t loads = 0;             ///< of values that were away
  std::uint64_t copies = 0;            ///< and moves that the client wanted
  std::uint64_t given_back = 0;        ///< tasks and ends of ranges
  std::uint64_t stored_bytes_max = 0;  ///< the most that a worker held
  /// Messages to rank 0, that workers join apart, submissions and releases; and what they took, if
  /// that is measured.
  std::uint64_t scheduler_events = 0;
  double scheduler_seconds = 0;
  std::uint64_t log_hash = 0;       ///< of every event, its time and every packet's bytes
  std::vector<std::string> broken;  ///< laws that did not hold, the first few
};

class SimCluster {
 public:
  SimCluster(ClusterOptions options, const Workload& workload);
  /// Runs until nothing happens any more. Once.
  ClusterReport run();

 private:
  struct Event {
    enum class Kind : std::uint8_t { packet, batch_end, submit, pause, load_end };
    std::uint64_t time_ns;
    std::uint64_t number;
    Kind kind;
    std::size_t index;
    /// The queue gives the greatest; the earliest shall be it.
    bool operator<(const Event& other) const {
      return time_ns != other.time_ns ? time_ns > other.time_ns : number > other.number;
    }
  };
  struct Known {
    TaskId id;
    std::uint32_t users_left = 0;
    std::uint8_t outcomes = 0;
    bool failed = false;
    bool held = true;
    bool forgotten = false;
  };
  struct Running {
    int rank = 0;
    std::unique_ptr<worker::Batch> batch;
  };

  void schedule(std::uint64_t time_ns, Event::Kind kind, std::size_t index);
  void submit_some();
  void submit(std::size_t item);
  void release(std::size_t item);
  void deliver(Packet packet);
  void flush_head();
  void copy_some();
  void rebalance_all();
  void note_outcomes();
  void note_group_done(std::size_t item);
  void send();
  void start_threads(int rank);
  void end_batch(std::size_t index);
  void change_pause(int rank);
  void change_pause_later(int rank);
  void end_load(int rank);
  std::uint64_t run_item(worker::Execution& item, int rank);
  std::uint64_t run_block(worker::Execution& item);
  bool throws(std::size_t item, std::uint64_t element) const;
  bool expected_to_fail(std::size_t item) const;
  bool input_fails(const ItemInput& input) const;
  bool element_fails(std::size_t item, std::uint64_t element) const;
  void check_laws();
  void check_memory(int rank);
  void check_claims();
  bool is_assigned(TaskId id, int rank) const;
  void check_end();
  void note_totals();
  static constexpr std::size_t no_item = ~std::size_t{0};
  void note_item(TaskId id, std::size_t item);
  std::size_t find_item(TaskId id) const;
  std::size_t item_of(TaskId id) const;
  void broken(std::string law);
  void log(std::uint64_t number);
  void changed(int rank);
  Node& node(int rank) { return *nodes_[static_cast<std::size_t>(rank - 1)]; }

  ClusterOptions options_;
  const Workload& workload_;
  Head head_;
  std::vector<std::unique_ptr<Node>> nodes_;
  Network network_;
  std::priority_queue<Event> events_;
  std::uint64_t event_number_ = 0;
  std::uint64_t now_ns_ = 0;
  std::vector<Packet> in_flight_;
  std::vector<std::size_t> free_packets_;
  std::vector<Packet> packets_;
  std::vector<Running> running_;
  std::vector<std::size_t> free_running_;
  std::vector<std::uint32_t> threads_busy_;  ///< by rank
  std::vector<std::size_t> loads_;           ///< by rank: those whose ends are scheduled
  std::uint64_t pauses_ = 0;
  std::vector<Known> known_;
  std::uint64_t random_draws_ = 0;
  std::size_t next_item_ = 0;  ///< the first one that is not submitted
  /// Items by the slots of their ids, which are dense: tasks, and maps.
  std::vector<std::uint32_t> task_items_;
  std::vector<std::uint32_t> map_items_;
  std::vector<bool> expected_failures_;
  ClusterReport report_;
};

}  // namespace tutti::sim

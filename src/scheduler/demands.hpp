#pragma once

/// Demands: what tasks need beside their inputs (see protocol::Demand), what workers have of it,
/// and who uses how much of that.
///
/// Tasks with equal demands share a number and stand in one queue of their own: a task that has to
/// wait for a device keeps nobody else waiting. What a task takes is a claim, which lives until its
/// worker says that it has ended; rank 0 may have lost interest in the task long before.

#include "protocol/demand.hpp"
#include "protocol/messages.hpp"
#include "scheduler/ready_queue.hpp"
#include "scheduler/task_table.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace tutti::scheduler {

class Demands {
 public:
  struct Claim {
    std::int32_t worker = no_worker;
    DemandId demand = no_demand;
    std::vector<std::int32_t> devices;
  };

  void join(int rank, std::uint32_t slots, std::uint64_t memory_limit_bytes,
            protocol::Resources resources);
  /// no_demand for null and for one that asks for nothing.
  DemandId number_of(const protocol::Demand* demand);
  const protocol::Demand& at(DemandId demand) const { return records_[demand - 1u].demand; }

  // ---- what is ready and has a demand

  void push(DemandId demand, std::int32_t urgency, TaskId id);
  ReadyQueue& queue(DemandId demand) { return records_[demand - 1u].ready; }
  bool anything_ready() const { return ready_ != 0; }
  void pop(DemandId demand);
  /// The demands with something ready: the more urgent first, then those that wait for longer.
  std::vector<DemandId> in_turn();
  /// Something of the demand could not be placed in this turn, or was.
  void note_blocked(DemandId demand, bool blocked);
  template <class Visit>
  void for_each_ready(Visit visit) const {
    for (const Record& record : records_) record.ready.for_each(visit);
  }

  // ---- who has what

  /// Whether the worker has all of it, when nobody else uses any.
  bool could_run(const protocol::Demand& demand, int rank) const;
  bool is_named(DemandId demand, int rank) const;
  /// Whether enough of it is free.
  bool has_room(DemandId demand, int rank) const;
  /// There must be room. Gives the number of the claim, from 1 on.
  std::uint32_t take(DemandId demand, int rank);
  /// Unknown numbers are ignored.
  void release(std::uint32_t claim);
  /// What its worker is told of a claim, valid while it lives; nothing for 0.
  protocol::ClaimRef ref_of(std::uint32_t claim) const;
  std::size_t claims() const { return claims_.size(); }

  /// Why no worker has all of it; empty when one has.
  std::string why_unsatisfiable(const protocol::Demand& demand) const;
  /// Stops the program when more is claimed than there is.
  void check_claims() const;
  void describe(std::vector<std::uint64_t>& words) const;

 private:
  struct Record {
    protocol::Demand demand;
    ReadyQueue ready;
    std::uint64_t blocked_since = 0;  ///< a turn; 0: not
  };
  struct Device {
    std::int32_t number = 0;
    double free = 1;
  };
  struct Worker {
    bool joined = false;
    std::uint32_t slots = 0;
    std::uint64_t memory_limit_bytes = 0;
    std::map<std::string, double> total;
    std::map<std::string, double> free;
    std::vector<Device> devices;
  };
  static bool has_devices(const Worker& worker, double amount);
  static std::vector<std::int32_t> take_devices(Worker& worker, double amount);
  std::string problem_of(const std::string& resource, double amount) const;

  std::vector<Record> records_;  ///< by number, from 1 on
  std::map<protocol::Demand, DemandId> numbers_;
  std::vector<Worker> workers_;
  std::map<std::uint32_t, Claim> claims_;
  std::uint32_t next_claim_ = 1;
  std::size_t ready_ = 0;
  std::uint64_t turn_ = 0;
};

}  // namespace tutti::scheduler

#include "scheduler/demands.hpp"

#include "tutti/check.hpp"
#include "tutti/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace tutti::scheduler {
namespace {

/// Sums of fractions, as ten times 0.1, are not exact.
constexpr double tolerance = 1e-9;

bool is_device(const std::string& resource) { return resource == protocol::device_resource; }

/// What a task takes of one device, or of each of several.
double share_of(double amount) { return std::min(1.0, amount); }

std::size_t count_of(double amount) {
  return amount <= 1 ? 1 : static_cast<std::size_t>(amount + tolerance);
}

}  // namespace

void Demands::join(int rank, std::uint32_t slots, std::uint64_t memory_limit_bytes,
                   protocol::Resources resources) {
  if (static_cast<std::size_t>(rank) >= workers_.size())
    workers_.resize(static_cast<std::size_t>(rank) + 1);
  Worker& worker = workers_[static_cast<std::size_t>(rank)];
  worker.joined = true;
  worker.slots = slots;
  worker.memory_limit_bytes = memory_limit_bytes;
  worker.total = std::move(resources.amounts);
  worker.free = worker.total;
  for (const std::int32_t number : resources.devices) worker.devices.push_back({number, 1});
}

DemandId Demands::number_of(const protocol::Demand* demand) {
  if (demand == nullptr || demand->is_none()) return no_demand;
  const auto known = numbers_.find(*demand);
  if (known != numbers_.end()) return known->second;
  if (records_.size() >= std::numeric_limits<DemandId>::max()) {
    throw Error(ErrorCode::unsatisfiable,
                "more than 65,535 different combinations of cores, resources, workers and memory "
                "are asked for in one run; round the amounts");
  }
  records_.push_back({*demand, {}, 0});
  const auto number = static_cast<DemandId>(records_.size());
  numbers_.emplace(*demand, number);
  return number;
}

// ---- what is ready

void Demands::push(DemandId demand, std::int32_t urgency, TaskId id) {
  queue(demand).push(urgency, id);
  ++ready_;
}

void Demands::pop(DemandId demand) {
  queue(demand).pop();
  --ready_;
}

std::vector<DemandId> Demands::in_turn() {
  ++turn_;
  std::vector<DemandId> order;
  for (std::size_t index = 0; index < records_.size(); ++index) {
    if (!records_[index].ready.empty()) order.push_back(static_cast<DemandId>(index + 1));
  }
  const auto since = [this](DemandId demand) {
    const std::uint64_t turn = records_[demand - 1u].blocked_since;
    return turn == 0 ? turn_ : turn;
  };
  std::ranges::sort(order, [&](DemandId left, DemandId right) {
    const std::int32_t first = queue(left).urgency();
    const std::int32_t second = queue(right).urgency();
    if (first != second) return first > second;
    return since(left) != since(right) ? since(left) < since(right) : left < right;
  });
  return order;
}

void Demands::note_blocked(DemandId demand, bool blocked) {
  std::uint64_t& since = records_[demand - 1u].blocked_since;
  if (!blocked) {
    since = 0;
  } else if (since == 0) {
    since = turn_;
  }
}

// ---- who has what

bool Demands::could_run(const protocol::Demand& demand, int rank) const {
  const Worker& worker = workers_[static_cast<std::size_t>(rank)];
  if (!worker.joined || worker.slots < demand.cores) return false;
  if (worker.memory_limit_bytes != 0 && demand.result_bytes > worker.memory_limit_bytes)
    return false;
  if (!demand.workers.empty() && !demand.others_too &&
      !std::ranges::binary_search(demand.workers, rank))
    return false;
  return std::ranges::all_of(demand.resources, [&](const auto& each) {
    const auto total = worker.total.find(each.first);
    return total != worker.total.end() && each.second <= total->second + tolerance;
  });
}

bool Demands::is_named(DemandId demand, int rank) const {
  const std::vector<std::int32_t>& named = at(demand).workers;
  return named.empty() || std::ranges::binary_search(named, rank);
}

bool Demands::has_devices(const Worker& worker, double amount) {
  const auto free = std::ranges::count_if(worker.devices, [&](const Device& device) {
    return device.free + tolerance >= share_of(amount);
  });
  return static_cast<std::size_t>(free) >= count_of(amount);
}

bool Demands::has_room(DemandId number, int rank) const {
  const Worker& worker = workers_[static_cast<std::size_t>(rank)];
  return std::ranges::all_of(at(number).resources, [&](const auto& each) {
    if (worker.free.at(each.first) + tolerance < each.second) return false;
    return !is_device(each.first) || has_devices(worker, each.second);
  });
}

/// A part of a device comes from the one that has least left, so that whole ones stay whole.
std::vector<std::int32_t> Demands::take_devices(Worker& worker, double amount) {
  std::vector<Device*> free;
  for (Device& device : worker.devices) {
    if (device.free + tolerance >= share_of(amount)) free.push_back(&device);
  }
  std::ranges::stable_sort(free, {}, [](const Device* device) { return device->free; });
  if (amount >= 1)
    std::erase_if(free, [](const Device* device) { return device->free + tolerance < 1; });
  std::vector<std::int32_t> numbers;
  for (std::size_t index = 0; index < count_of(amount); ++index) {
    free[index]->free -= share_of(amount);
    numbers.push_back(free[index]->number);
  }
  return numbers;
}

std::uint32_t Demands::take(DemandId demand, int rank) {
  check(has_room(demand, rank), "what is claimed is free");
  Worker& worker = workers_[static_cast<std::size_t>(rank)];
  Claim claim{rank, demand, {}};
  for (const auto& [resource, amount] : at(demand).resources) {
    worker.free[resource] -= amount;
    if (is_device(resource)) claim.devices = take_devices(worker, amount);
  }
  const std::uint32_t number = next_claim_++;
  if (next_claim_ == 0) next_claim_ = 1;
  claims_.emplace(number, std::move(claim));
  return number;
}

void Demands::release(std::uint32_t number) {
  const auto found = claims_.find(number);
  if (found == claims_.end()) return;
  const Claim& claim = found->second;
  Worker& worker = workers_[static_cast<std::size_t>(claim.worker)];
  for (const auto& [resource, amount] : at(claim.demand).resources) {
    worker.free[resource] += amount;
    if (!is_device(resource)) continue;
    for (const std::int32_t device : claim.devices)
      std::ranges::find(worker.devices, device, &Device::number)->free += share_of(amount);
  }
  claims_.erase(found);
}

protocol::ClaimRef Demands::ref_of(std::uint32_t number) const {
  const auto found = claims_.find(number);
  if (found == claims_.end()) return {};
  const Claim& claim = found->second;
  return {number, at(claim.demand).cores,
          protocol::PackedList<std::int32_t>(std::span<const std::int32_t>(claim.devices))};
}

// ---- questions

/// Why no worker has so much of the resource; empty when one has.
std::string Demands::problem_of(const std::string& resource, double amount) const {
  double most = 0;
  for (const Worker& worker : workers_) {
    const auto total = worker.total.find(resource);
    if (total != worker.total.end()) most = std::max(most, total->second);
  }
  if (amount <= most + tolerance) return "";
  if (most == 0) {
    return fmt::format(
        "no worker has the resource '{}'; workers declare theirs by the option resources "
        "(TUTTI_RESOURCES=\"{}=1\")",
        resource, resource);
  }
  return fmt::format(
      "{} of the resource '{}' are asked for, and the most that one worker has is {}", amount,
      resource, most);
}

std::string Demands::why_unsatisfiable(const protocol::Demand& demand) const {
  std::uint32_t slots = 0;
  std::uint64_t memory = 0;
  bool unlimited = false;
  for (std::size_t rank = 0; rank < workers_.size(); ++rank) {
    const Worker& worker = workers_[rank];
    if (!worker.joined) continue;
    if (could_run(demand, static_cast<int>(rank))) return "";
    slots = std::max(slots, worker.slots);
    memory = std::max(memory, worker.memory_limit_bytes);
    unlimited = unlimited || worker.memory_limit_bytes == 0;
  }
  if (demand.cores > slots) {
    return fmt::format(
        "a task asks for {} cores, and the most that one worker has is {} slots; start fewer ranks "
        "a node with more threads_per_worker",
        demand.cores, slots);
  }
  if (!unlimited && demand.result_bytes > memory) {
    return fmt::format(
        "a task expects a result of {:.1f} MB, and the most that one worker may hold is {:.1f} MB; "
        "make smaller parts, or raise memory_limit",
        static_cast<double>(demand.result_bytes) * 1e-6, static_cast<double>(memory) * 1e-6);
  }
  for (const auto& [resource, amount] : demand.resources) {
    std::string problem = problem_of(resource, amount);
    if (!problem.empty()) return problem;
  }
  std::string text = "no worker has all at once that a task asks for:";
  if (demand.cores > 1) text += fmt::format(" {} cores", demand.cores);
  for (const auto& [resource, amount] : demand.resources)
    text += fmt::format(" {} {}", amount, resource);
  if (!demand.workers.empty())
    text += fmt::format(" on rank {}", fmt::join(demand.workers, " or "));
  return text;
}

void Demands::check_claims() const {
  for (const Worker& worker : workers_) {
    for (const auto& [resource, free] : worker.free)
      check(free > -tolerance && free < worker.total.at(resource) + tolerance,
            "no more of a resource is claimed than there is");
    for (const Device& device : worker.devices)
      check(device.free > -tolerance && device.free < 1 + tolerance, "no device is given twice");
  }
  std::size_t ready = 0;
  for (const Record& record : records_) ready += record.ready.size();
  check(ready == ready_, "what is ready and has a demand is counted");
}

void Demands::describe(std::vector<std::uint64_t>& words) const {
  words.push_back(records_.size());
  for (const auto& [number, claim] : claims_) {
    words.insert(words.end(), {static_cast<std::uint64_t>(claim.worker), claim.demand});
    for (const std::int32_t device : claim.devices)
      words.push_back(static_cast<std::uint64_t>(device));
  }
}

}  // namespace tutti::scheduler

#include "sim/cluster.hpp"

#include "tutti/check.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace tutti::sim {

using scheduler::GroupRecord;
using scheduler::TaskRecord;
using scheduler::TaskState;
using scheduler::WorkerRecord;
using worker::Execution;

double slowness(const ClusterOptions& options, int rank) {
  const bool slow =
      unit_interval(mix(options.seed, static_cast<std::uint64_t>(rank))) < options.slow_share;
  return slow ? options.slow_factor : 1.0;
}

SimCluster::SimCluster(ClusterOptions options, const Workload& workload)
    : options_(options),
      workload_(workload),
      head_(options.scheduler, options.measure_scheduler),
      network_(options.network, options.seed) {
  for (int rank = 1; rank <= options_.workers; ++rank) {
    const worker::WorkerLimits limits{.slots = options_.slots, .rank = rank};
    nodes_.push_back(std::make_unique<Node>(
        limits, [this](TaskId id) { return workload_[item_of(id)].result_bytes; }));
    nodes_.back()->say_hello(packets_, resources_of(options_, rank));
  }
  threads_busy_.resize(nodes_.size() + 1, 0);
  loads_.resize(nodes_.size() + 1, 0);
  for (int rank = 1; rank <= options_.workers && options_.pause_ns != 0; ++rank)
    change_pause_later(rank);
  known_.resize(workload.size());
  for (const WorkItem& item : workload) {
    for (const ItemInput& input : item.inputs) ++known_[input.item].users_left;
    for (const std::size_t source : item.sources) ++known_[source].users_left;
  }
  for (std::size_t item = 0; item < workload.size(); ++item)
    expected_failures_.push_back(expected_to_fail(item));
}

ClusterReport SimCluster::run() {
  send();
  schedule(options_.client_start_ns, Event::Kind::submit, 0);
  while (!events_.empty()) {
    const Event event = events_.top();
    events_.pop();
    now_ns_ = event.time_ns;
    head_.scheduler().set_time(now_ns_);
    ++report_.events;
    log(now_ns_);
    log(static_cast<std::uint64_t>(event.kind));
    switch (event.kind) {
      case Event::Kind::submit:
        submit_some();
        break;
      case Event::Kind::batch_end:
        end_batch(event.index);
        break;
      case Event::Kind::pause:
        change_pause(static_cast<int>(event.index));
        break;
      case Event::Kind::load_end:
        end_load(static_cast<int>(event.index));
        break;
      case Event::Kind::packet: {
        Packet packet = std::move(in_flight_[event.index]);
        free_packets_.push_back(event.index);
        deliver(std::move(packet));
        break;
      }
    }
  }
  check_end();
  for (std::size_t item = 0; item < known_.size(); ++item) release(item);
  flush_head();
  // Releases travel, and then there is silence.
  while (!events_.empty()) {
    const Event event = events_.top();
    events_.pop();
    if (event.kind == Event::Kind::packet) deliver(std::move(in_flight_[event.index]));
  }
  note_totals();
  for (const auto& each : nodes_) {
    report_.given_back += each->given_back();
    if (each->store().size() != 0) broken("a worker holds values that nobody needs");
    if (!each->state().is_idle()) broken("a worker waits at the end");
  }
  const scheduler::Counts counts = head_.scheduler().counts();
  if (counts.tasks_live + counts.groups_live != 0) broken("a task is live that nobody holds");
  return std::move(report_);
}

void SimCluster::schedule(std::uint64_t time_ns, Event::Kind kind, std::size_t index) {
  events_.push({time_ns, event_number_++, kind, index});
}

// ---- the client

void SimCluster::submit_some() {
  const std::size_t end = std::min(known_.size(), next_item_ + options_.submit_items);
  for (; next_item_ < end; ++next_item_) submit(next_item_);
  flush_head();
  if (end < known_.size()) schedule(now_ns_ + options_.submit_gap_ns, Event::Kind::submit, 0);
}

void SimCluster::submit(std::size_t number) {
  const WorkItem& item = workload_[number];
  std::vector<scheduler::Input> inputs;
  std::vector<TaskId> sources;
  for (const ItemInput& input : item.inputs)
    inputs.push_back({known_[input.item].id, input.element, input.count});
  for (const std::size_t source : item.sources) sources.push_back(known_[source].id);
  scheduler::Scheduler& scheduler = head_.scheduler();
  const protocol::Demand demand = demand_of(options_, number);
  TaskId id;
  if (item.elements) {
    scheduler::GroupSpec spec;
    spec.demand = &demand;
    spec.function = item.function;
    spec.priority = item.priority;
    spec.total = *item.elements;
    spec.inputs = inputs;
    spec.sources = sources;
    head_.clock().measure([&] { id = scheduler.submit_group(spec, head_.commands()); });
  } else {
    scheduler::TaskSpec spec;
    spec.demand = &demand;
    spec.function = item.function;
    spec.priority = item.priority;
    spec.retries = item.retries;
    spec.gang = std::min(item.gang, static_cast<std::uint32_t>(options_.workers));
    spec.inputs = inputs;
    head_.clock().measure([&] { id = scheduler.submit(spec, head_.commands()); });
  }
  ++report_.scheduler_events;
  known_[number].id = id;
  note_item(id, number);
  const auto used = [this](std::size_t input) {
    if (--known_[input].users_left == 0 && options_.release_early) release(input);
  };
  for (const ItemInput& input : item.inputs) used(input.item);
  for (const std::size_t source : item.sources) used(source);
}

void SimCluster::note_item(TaskId id, std::size_t item) {
  std::vector<std::uint32_t>& items = id.is_group() ? map_items_ : task_items_;
  if (id.slot() >= items.size())
    items.resize(std::max<std::size_t>(id.slot() + 1, 2 * items.size()));
  items[id.slot()] = static_cast<std::uint32_t>(item);
}

/// The item that has the id, or no_item.
std::size_t SimCluster::find_item(TaskId id) const {
  const std::vector<std::uint32_t>& items = id.is_group() ? map_items_ : task_items_;
  if (id.slot() >= items.size()) return no_item;
  const std::size_t item = items[id.slot()];
  return known_[item].id == id ? item : no_item;
}

std::size_t SimCluster::item_of(TaskId id) const {
  const std::size_t item = find_item(id);
  check(item != no_item, "what a worker runs was submitted");
  return item;
}

void SimCluster::release(std::size_t item) {
  Known& known = known_[item];
  if (!known.held || known.id.is_none()) return;
  known.held = false;
  ++report_.scheduler_events;
  head_.clock().measure([&] { head_.scheduler().on_client_released(known.id, head_.commands()); });
}

// ---- rank 0

void SimCluster::flush_head() {
  head_.flush(packets_);
  note_outcomes();
  send();
  if (options_.check_laws) check_laws();
}

void SimCluster::note_outcomes() {
  for (const Outcome& outcome : head_.outcomes()) {
    const std::size_t item = find_item(outcome.id);
    if (item == no_item) {
      broken("something unknown has an outcome");
      continue;
    }
    Known& known = known_[item];
    if (known.forgotten) broken("a forgotten task has an outcome");
    if (outcome.kind == Outcome::Kind::forgotten) {
      if (known.held) broken("a task was forgotten that the client holds");
      known.forgotten = true;
      continue;
    }
    if (++known.outcomes != 1) broken("a task ended twice");
    report_.makespan_ns = now_ns_ - options_.client_start_ns;
    known.failed = outcome.kind == Outcome::Kind::failed;
    report_.failed += known.failed ? 1 : 0;
    report_.finished += outcome.kind == Outcome::Kind::finished ? 1 : 0;
    if (outcome.kind == Outcome::Kind::group_done) note_group_done(item);
  }
  head_.outcomes().clear();
}

void SimCluster::note_group_done(std::size_t item) {
  ++report_.maps_done;
  const GroupRecord* group = head_.scheduler().find_group(known_[item].id);
  if (group == nullptr) return;
  report_.failed_elements += group->failures.size();
  for (std::uint64_t element = 0; options_.check_laws && element < group->total; ++element) {
    if (group->failures.contains(element) != element_fails(item, element))
      broken("an element ended otherwise");
  }
}

void SimCluster::send() {
  for (Packet& packet : packets_) {
    std::size_t index = in_flight_.size();
    if (free_packets_.empty()) {
      in_flight_.emplace_back();
    } else {
      index = free_packets_.back();
      free_packets_.pop_back();
    }
    log(static_cast<std::uint64_t>(packet.from) << 32 | static_cast<std::uint64_t>(packet.to));
    std::span<const std::byte> bytes = packet.bytes;
    for (; bytes.size() >= sizeof(std::uint64_t); bytes = bytes.subspan(sizeof(std::uint64_t))) {
      std::uint64_t word;
      std::memcpy(&word, bytes.data(), sizeof(word));
      log(word);
    }
    const std::uint64_t time_ns = network_.arrival_ns(packet, now_ns_);
    ++report_.packets;
    report_.bytes += packet.bytes.size() + packet.data_bytes;
    in_flight_[index] = std::move(packet);
    schedule(time_ns, Event::Kind::packet, index);
  }
  packets_.clear();
}

void SimCluster::deliver(Packet packet) {
  if (packet.to == 0) {
    head_.handle(packet.from, packet.bytes);
    copy_some();
    flush_head();
    return;
  }
  node(packet.to).handle(packet.from, packet.bytes, packets_);
  send();
  changed(packet.to);
  start_threads(packet.to);
}

// ---- workers

void SimCluster::start_threads(int rank) {
  std::uint32_t& busy = threads_busy_[static_cast<std::size_t>(rank)];
  while (busy < options_.slots) {
    std::unique_ptr<worker::Batch> batch = node(rank).start();
    if (!batch) break;
    ++busy;
    std::uint64_t elapsed_ns = 0;
    for (Execution& item : batch->items) elapsed_ns += run_item(item, rank);
    report_.busy_ns += elapsed_ns;
    std::size_t index = running_.size();
    if (free_running_.empty()) {
      running_.emplace_back();
    } else {
      index = free_running_.back();
      free_running_.pop_back();
    }
    running_[index] = {rank, std::move(batch)};
    schedule(now_ns_ + elapsed_ns, Event::Kind::batch_end, index);
  }
  if (options_.check_laws) node(rank).state().check_invariants();
}

/// The next time that the worker pauses, or goes on.
void SimCluster::change_pause_later(int rank) {
  const std::uint64_t random = mix(mix(options_.seed, ++pauses_), static_cast<std::uint64_t>(rank));
  schedule(now_ns_ + 1 + random % (2 * options_.pause_ns), Event::Kind::pause,
           static_cast<std::size_t>(rank));
}

void SimCluster::change_pause(int rank) {
  const bool over = next_item_ == known_.size() && head_.scheduler().counts().work_left == 0;
  const bool pauses = node(rank).state().pause() == worker::Pause::none && !over;
  const std::uint64_t random = mix(mix(options_.seed, ++pauses_), now_ns_);
  const bool for_good = pauses && random % 16 == 0 && rank % 4 == 0;
  // A pause that ends may hold up everything; one that does not must let something through.
  const worker::Pause strict =
      for_good || random % 2 == 0 ? worker::Pause::one_at_a_time : worker::Pause::all;
  node(rank).set_pause(pauses ? strict : worker::Pause::none, packets_);
  report_.pauses += pauses ? 1 : 0;
  send();
  start_threads(rank);
  if (pauses ? !for_good : !over) change_pause_later(rank);
}

void SimCluster::end_load(int rank) {
  --loads_[static_cast<std::size_t>(rank)];
  ++report_.loads;
  node(rank).end_load(packets_);
  send();
  changed(rank);
  start_threads(rank);
}

void SimCluster::end_batch(std::size_t index) {
  Running done = std::move(running_[index]);
  free_running_.push_back(index);
  --threads_busy_[static_cast<std::size_t>(done.rank)];
  node(done.rank).finish(std::move(done.batch), packets_);
  send();
  changed(done.rank);
  start_threads(done.rank);
}

/// A worker's store may hold other values than before.
void SimCluster::changed(int rank) {
  if (options_.spill) node(rank).send_all_away();
  std::size_t& loads = loads_[static_cast<std::size_t>(rank)];
  for (; loads < node(rank).loads(); ++loads) {
    const std::uint64_t random = mix(options_.seed, event_number_);
    schedule(now_ns_ + 1'000 + random % 50'000, Event::Kind::load_end,
             static_cast<std::size_t>(rank));
  }
  report_.stored_bytes_max = std::max(report_.stored_bytes_max, node(rank).store().bytes());
  if (options_.check_laws) check_memory(rank);
}

/// Fills in what running the item gives; returns how long it takes.
std::uint64_t SimCluster::run_item(Execution& item, int rank) {
  std::uint64_t elapsed_ns = 1'000;
  if (item.kind == Execution::Kind::block) {
    elapsed_ns = run_block(item);
  } else if (item.kind == Execution::Kind::task) {
    const std::size_t number = item_of(item.task->id);
    elapsed_ns = workload_[number].duration_ns;
    // One member of a gang is enough.
    const worker::GangMember* member = item.task->member.get();
    item.threw = throws(number, 0) && (member == nullptr || member->index == 0);
    report_.members += member != nullptr ? 1 : 0;
    item.result_bytes = workload_[number].result_bytes;
    if (item.threw) item.error_message = "by chance";
  }
  const double factor = slowness(options_, rank);
  if (factor != 1.0)
    elapsed_ns = static_cast<std::uint64_t>(static_cast<double>(elapsed_ns) * factor);
  item.elapsed_ns = elapsed_ns;
  return elapsed_ns;
}

std::uint64_t SimCluster::run_block(Execution& item) {
  const std::size_t number = item_of(item.range->group);
  const WorkItem& work = workload_[number];
  const std::uint64_t end = item.begin + item.count;
  for (std::uint64_t element = item.begin; options_.failure_probability > 0 && element < end;
       ++element) {
    const bool own = throws(number, element);
    if (own || element_fails(number, element)) {
      item.failures.push_back({element, "chance", "by chance", !own});
    }
  }
  return stretch_duration_ns(work, item.begin, item.count);
}

// ---- what must come out

bool SimCluster::throws(std::size_t item, std::uint64_t element) const {
  if (options_.failure_probability <= 0) return false;
  return unit_interval(mix(mix(options_.seed, item), element)) < options_.failure_probability;
}

/// Whether an element of a map fails, given that the map itself does not.
bool SimCluster::element_fails(std::size_t item, std::uint64_t element) const {
  if (options_.failure_probability <= 0) return false;
  if (throws(item, element)) return true;
  return std::ranges::any_of(workload_[item].sources,
                             [&](std::size_t source) { return element_fails(source, element); });
}

bool SimCluster::expected_to_fail(std::size_t item) const {
  const WorkItem& work = workload_[item];
  const bool input =
      std::ranges::any_of(work.inputs, [&](const ItemInput& each) { return input_fails(each); });
  const bool source = std::ranges::any_of(
      work.sources, [&](std::size_t each) -> bool { return expected_failures_[each]; });
  return input || source || (!work.elements && throws(item, 0));
}

bool SimCluster::input_fails(const ItemInput& input) const {
  if (expected_failures_[input.item]) return true;
  const std::uint64_t total = workload_[input.item].elements.value_or(0);
  const bool whole = input.element == scheduler::all_elements;
  const std::uint64_t begin = whole ? 0 : input.element;
  const std::uint64_t count = whole ? total : std::max<std::uint64_t>(1, input.count);
  const std::uint64_t end = std::min(total, begin + count);
  for (std::uint64_t element = begin; element < end; ++element) {
    if (element_fails(input.item, element)) return true;
  }
  return false;
}

void SimCluster::check_laws() {
  const scheduler::Scheduler& scheduler = head_.scheduler();
  scheduler.check_invariants();
  if (options_.demand_share > 0) check_claims();
  const scheduler::WorkerTable& workers = scheduler.workers();
  const scheduler::Credit& credit = workers.credit();
  bool idle = false;
  for (int rank = 1; rank < workers.size(); ++rank) {
    const WorkerRecord& worker = workers.at(rank);
    idle = idle || (worker.joined && workers.is_idle(worker));
    // Twice the credit may wait for inputs, beside once of what can run.
    const std::uint32_t by_number = worker.slots * credit.tasks_per_slot;
    if (worker.outstanding + worker.waiting > 3 * std::max(credit.tasks_max, by_number))
      broken("a worker was given more than its credit");
    if (credit.nanoseconds_per_slot == 0 && worker.outstanding + worker.waiting > 3 * by_number)
      broken("a worker was given more than two tasks a slot, and four ahead");
  }
  if (!idle) return;
  for (const Known& known : known_) {
    const TaskRecord* task = scheduler.find_task(known.id);
    const GroupRecord* group = scheduler.find_group(known.id);
    if (task != nullptr && task->state == TaskState::ready && !task->is_gang &&
        task->demand == scheduler::no_demand)
      broken("a worker idles while a task is ready");
    if (group != nullptr && group->state == scheduler::GroupState::active &&
        !group->available.empty() && group->demand == scheduler::no_demand) {
      broken("a worker idles while elements can run");
    }
  }
}

void SimCluster::check_end() {
  report_.end_ns = now_ns_;
  const scheduler::Counts counts = head_.scheduler().counts();
  if (counts.work_left != 0) broken("deadlock: work is left and nothing happens");
  if (counts.outstanding != 0) broken("something is outstanding at the end");
  if (head_.scheduler().demands().claims() != 0) broken("something is claimed at the end");
  if (head_.stale_reports() != 0) broken("a report was ignored although no worker was lost");
  for (std::size_t item = 0; item < known_.size(); ++item) {
    const Known& known = known_[item];
    if (!known.held) continue;
    if (known.outcomes != 1) broken("a task has no end");
    if (known.failed != expected_failures_[item]) broken("a task ended otherwise than it must");
  }
}

void SimCluster::note_totals() {
  for (const auto& each : nodes_) {
    report_.fetches += each->fetches();
    report_.messages += each->messages();
  }
  report_.messages += head_.messages();
  report_.scheduler_events += head_.messages() - nodes_.size();
  report_.scheduler_seconds = head_.clock().seconds();
}

void SimCluster::broken(std::string law) {
  if (report_.broken.size() < 8) report_.broken.push_back(std::move(law));
}

void SimCluster::log(std::uint64_t number) { report_.log_hash = mix(report_.log_hash, number); }

}  // namespace tutti::sim

#pragma once

/// SmallWorld: one real scheduler and a few real workers whose packets, runs and client calls
/// happen one at a time, in an order that the test chooses.

#include "sim/head.hpp"
#include "sim/node.hpp"
#include "support/exhaustive.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace tutti::testing {

struct SmallSlice {
  std::size_t work;  ///< an earlier map
  std::uint64_t index;
  std::uint64_t count;  ///< 0: mere order
};

/// Something to submit: a task, or a map when `elements` says how many.
struct SmallWork {
  std::vector<std::size_t> needs{};  ///< earlier tasks, or element 0 of earlier maps
  std::optional<std::uint64_t> elements{};
  std::vector<std::size_t> sources{};  ///< earlier maps, element by element
  std::vector<SmallSlice> slices{};
  std::vector<std::size_t> after{};  ///< earlier tasks or maps that must have ended, no more
  std::uint32_t gang = 0;            ///< so many workers run it together
  std::uint8_t retries = 0;          ///< of a task or gang

  bool uses(std::size_t work) const {
    const auto is_it = [work](std::size_t each) { return each == work; };
    return std::ranges::any_of(needs, is_it) || std::ranges::any_of(sources, is_it) ||
           std::ranges::any_of(slices, is_it, &SmallSlice::work) ||
           std::ranges::any_of(after, is_it);
  }
};

struct SmallOptions {
  int workers = 1;
  std::uint32_t slots = 1;
  int throws = 1;               ///< at most so many runs throw
  bool release_early = false;   ///< futures are released at any moment, else when all is done
  std::uint64_t credit_ns = 0;  ///< beyond two tasks a slot
  std::uint64_t ahead_ns_min = 1'000'000;
  std::uint64_t elapsed_ns = 1'000;
  std::uint64_t result_bytes = 0;  ///< of a task
  std::uint64_t block_ns = 200'000;
  int cancels = 0;  ///< the client cancels so many works, at any moment
  /// Workers pause or go on at any moment, at most so many times; one task at a time goes on.
  int pauses = 0;
  bool submit_at_once = false;  ///< everything, in one turn
  /// Rank 0 may take several packets and calls before it places and sends.
  bool long_turns = false;
  /// So many times the client has what its first work gave copied to all workers, or moved on.
  int copies = 0;
};

/// What happened in a world, so that a test can tell that what it is about did happen.
struct SmallEvents {
  std::uint64_t tasks_given_back = 0;
  std::uint64_t ranges_given_back = 0;
  std::uint64_t nothing_given_back = 0;
  std::uint64_t gone = 0;  ///< a rank was asked for what it does not have
  std::uint64_t located_elsewhere = 0;
  std::uint64_t located_at_asker = 0;
  std::uint64_t located_nowhere = 0;
  std::uint64_t early = 0;  ///< steps after which a rank was asked too early
  std::uint64_t replicas = 0;
  std::uint64_t stopped = 0;  ///< runs that were told to stop
  std::uint64_t copied = 0;   ///< because the client wanted it
  std::uint64_t dropped = 0;  ///< after it was copied elsewhere
  std::uint64_t members_ended = 0;
  std::uint64_t members_failed = 0;
  std::uint64_t gangs_stopped = 0;  ///< messages
};

class SmallWorld {
 public:
  SmallWorld(const std::vector<SmallWork>& works, const SmallOptions& options);

  /// Takes one step that `walk` chooses; false when nothing can happen any more.
  bool step(Exhaustive& walk);
  /// Checks what holds when nothing can happen any more.
  void check_end() const;
  std::uint64_t fingerprint() const;
  const SmallEvents& events() const { return events_; }

 private:
  using Packet = sim::Packet;
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
  void cancel(std::size_t work);
  bool can_copy() const;
  void copy(bool moves);
  void deliver(std::deque<sim::Packet>& from);
  std::vector<std::size_t> able_to_end() const;
  void finish(std::size_t running, bool throws);
  void change_pause(sim::Node& node);
  void fail_first(worker::Execution& item);
  void after_step();
  void after_head();
  void end_turn();
  void note(const Packet& packet);
  void send();

  const std::vector<SmallWork>& works_;
  SmallOptions options_;
  sim::Head head_;
  std::vector<std::unique_ptr<sim::Node>> nodes_;
  std::vector<std::deque<sim::Packet>> channels_;
  std::vector<sim::Packet> packets_;
  std::vector<Running> running_;
  struct Begun {
    std::size_t members = 0;
    std::size_t size = 0;
  };
  std::map<std::uint64_t, Begun> begun_;  ///< gangs, by run
  std::vector<Known> known_;
  std::size_t released_ = 0;
  int throws_left_;
  int cancels_left_;
  int pauses_left_;
  int copies_left_;
  bool turn_is_open_ = false;
  SmallEvents events_;
};

inline SmallWorld::SmallWorld(const std::vector<SmallWork>& works, const SmallOptions& options)
    : works_(works),
      options_(options),
      head_({.credit = {.nanoseconds_per_slot = options.credit_ns},
             .story_events = 8,
             .ahead_ns_min = options.ahead_ns_min}),
      throws_left_(options.throws),
      cancels_left_(options.cancels),
      pauses_left_(options.pauses),
      copies_left_(options.copies) {
  const auto ranks = static_cast<std::size_t>(options.workers) + 1;
  channels_.resize(ranks * ranks);
  for (int rank = 1; rank <= options.workers; ++rank) {
    const worker::WorkerLimits limits{
        .slots = options.slots, .rank = rank, .block_ns = options.block_ns};
    nodes_.push_back(std::make_unique<sim::Node>(limits, [this](TaskId id) {
      return id.is_group() ? std::uint64_t{8} : options_.result_bytes;
    }));
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
  const std::vector<std::size_t> able = able_to_end();
  const std::size_t turns = turn_is_open_ ? 1 : 0;
  const std::size_t copies = can_copy() ? 2 : 0;
  // A pause or a cancel alone moves nothing, so the world is quiet when nothing else can happen.
  const std::size_t happens =
      submits + releases + copies + turns + full.size() + able.size() * ends;
  const std::size_t pauses = pauses_left_ > 0 && happens != 0 ? nodes_.size() : 0;
  const std::size_t cancels = cancels_left_ > 0 && happens != 0 ? known_.size() : 0;
  const std::size_t choices = happens + pauses + cancels;
  if (choices == 0) {
    if (released_ == works_.size()) return false;
    // All is done and quiet; only now a client that waits for everything lets go.
    while (released_ < works_.size()) release();
    if (turn_is_open_) end_turn();
    after_step();
    return true;
  }
  std::size_t choice = walk.choose(choices);
  if (choice < submits) {
    do {
      submit();
    } while (options_.submit_at_once && known_.size() < works_.size());
    after_head();
  } else if ((choice -= submits) < releases) {
    release();
  } else if ((choice -= releases) < copies) {
    copy(choice == 1);
  } else if ((choice -= copies) < turns) {
    end_turn();
  } else if ((choice -= turns) < full.size()) {
    deliver(*full[choice]);
  } else if ((choice -= full.size()) < pauses) {
    change_pause(*nodes_[choice]);
  } else if ((choice -= pauses) < cancels) {
    cancel(choice);
  } else {
    choice -= cancels;
    finish(able[choice / ends], choice % ends == 1);
  }
  after_step();
  return true;
}

inline void SmallWorld::submit() {
  const SmallWork& work = works_[known_.size()];
  std::vector<scheduler::Input> inputs;
  std::vector<TaskId> sources;
  for (const std::size_t need : work.needs) inputs.push_back({known_[need].id, 0});
  for (const SmallSlice& slice : work.slices)
    inputs.push_back({known_[slice.work].id, slice.index, slice.count});
  for (const std::size_t earlier : work.after)
    inputs.push_back({known_[earlier].id, scheduler::all_elements, 0});
  for (const std::size_t source : work.sources) sources.push_back(known_[source].id);
  const auto function = static_cast<std::uint32_t>(known_.size() % 2);
  if (work.elements) {
    known_.push_back({head_.scheduler().submit_group({.id = {},
                                                      .function = 10 + function,
                                                      .total = *work.elements,
                                                      .inputs = inputs,
                                                      .sources = sources},
                                                     head_.commands())});
  } else {
    known_.push_back({head_.scheduler().submit({.id = {},
                                                .function = function,
                                                .retries = work.retries,
                                                .gang = work.gang,
                                                .payload = {},
                                                .inputs = inputs},
                                               head_.commands())});
  }
}

/// A future is needed until everything that takes it as an argument was submitted.
inline bool SmallWorld::can_release() const {
  if (!options_.release_early || released_ == known_.size()) return false;
  for (std::size_t later = known_.size(); later < works_.size(); ++later) {
    if (works_[later].uses(released_)) return false;
  }
  return true;
}

inline void SmallWorld::release() {
  known_[released_].held = false;
  head_.scheduler().on_client_released(known_[released_].id, head_.commands());
  ++released_;
  after_head();
}

inline void SmallWorld::cancel(std::size_t work) {
  --cancels_left_;
  if (!known_[work].held) return;
  TaskFailure failure;
  failure.type = "tutti::CancelledError";
  head_.scheduler().cancel(known_[work].id, std::make_shared<const TaskFailure>(failure),
                           head_.commands());
  after_head();
}

inline bool SmallWorld::can_copy() const {
  if (copies_left_ == 0 || known_.empty() || !known_.front().held) return false;
  bool there = false;
  head_.scheduler().for_each_piece_of(
      known_.front().id, [&there](const scheduler::Piece&, std::uint64_t) { there = true; });
  return there;
}

/// To all workers; or from where it is to the next worker.
inline void SmallWorld::copy(bool moves) {
  --copies_left_;
  std::vector<scheduler::Piece> pieces;
  head_.scheduler().for_each_piece_of(
      known_.front().id,
      [&pieces](const scheduler::Piece& piece, std::uint64_t) { pieces.push_back(piece); });
  for (const scheduler::Piece& piece : pieces) {
    const std::int32_t holder = head_.scheduler().holders_of(piece).front();
    std::vector<std::int32_t> targets;
    std::vector<std::int32_t> leaving;
    if (moves) {
      targets.push_back(holder % options_.workers + 1);
      leaving.push_back(holder);
    } else {
      for (int rank = 1; rank <= options_.workers; ++rank) targets.push_back(rank);
    }
    head_.scheduler().replicate(piece, targets, leaving, head_.commands());
  }
  after_head();
}

inline void SmallWorld::deliver(std::deque<Packet>& from) {
  const Packet packet = std::move(from.front());
  from.pop_front();
  note(packet);
  if (packet.to == 0) {
    head_.handle(packet.from, packet.bytes);
    after_head();
  } else {
    node(packet.to).handle(packet.from, packet.bytes, packets_);
    send();
  }
}

/// What runs and can end: members of gangs wait for each other, until they are told to stop.
inline std::vector<std::size_t> SmallWorld::able_to_end() const {
  std::vector<std::size_t> able;
  for (std::size_t index = 0; index < running_.size(); ++index) {
    const worker::Execution& item = running_[index].batch->items.front();
    if (item.run == 0 || item.task->detached ||
        begun_.at(item.run).members == item.task->member->size)
      able.push_back(index);
  }
  return able;
}

inline void SmallWorld::finish(std::size_t running, bool throws) {
  Running run = std::move(running_[running]);
  running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(running));
  for (worker::Execution& item : run.batch->items)
    item.elapsed_ns = options_.elapsed_ns * std::max<std::uint64_t>(1, item.count);
  for (worker::Execution& item : run.batch->items) item.result_bytes = options_.result_bytes;
  if (throws) {
    --throws_left_;
    fail_first(run.batch->items.front());
  }
  for (const worker::Execution& item : run.batch->items)
    events_.stopped += item.task != nullptr && item.task->detached ? 1 : 0;
  node(run.node).finish(std::move(run.batch), packets_);
  send();
}

inline void SmallWorld::change_pause(sim::Node& node) {
  --pauses_left_;
  const bool goes_on = node.state().pause() != worker::Pause::none;
  node.set_pause(goes_on ? worker::Pause::none : worker::Pause::one_at_a_time, packets_);
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

inline void SmallWorld::note(const Packet& packet) {
  Reader reader(packet.bytes.span());
  while (!reader.at_end()) {
    const protocol::Message message = protocol::decode(reader);
    if (const auto* given = std::get_if<protocol::GaveBack>(&message)) {
      events_.tasks_given_back += given->tasks.size();
      events_.ranges_given_back += given->ranges.size();
      events_.nothing_given_back += given->tasks.empty() && given->ranges.empty() ? 1 : 0;
    } else if (const auto* data = std::get_if<protocol::Data>(&message)) {
      events_.gone += data->answer == protocol::Data::Answer::gone ? 1 : 0;
    } else if (const auto* located = std::get_if<protocol::Located>(&message)) {
      ++(located->holder < 0            ? events_.located_nowhere
         : located->holder == packet.to ? events_.located_at_asker
                                        : events_.located_elsewhere);
    } else if (std::holds_alternative<protocol::Replica>(message)) {
      ++events_.replicas;
    } else if (const auto* copied = std::get_if<protocol::Replicated>(&message)) {
      events_.copied += copied->kept ? 1 : 0;
    } else if (std::holds_alternative<protocol::DropStretch>(message)) {
      ++events_.dropped;
    } else if (std::holds_alternative<protocol::MemberEnded>(message)) {
      ++events_.members_ended;
    } else if (std::holds_alternative<protocol::MemberFailed>(message)) {
      ++events_.members_failed;
    } else if (std::holds_alternative<protocol::StopGang>(message)) {
      ++events_.gangs_stopped;
    }
  }
}

inline void SmallWorld::after_head() {
  turn_is_open_ = true;
  if (!options_.long_turns) end_turn();
}

inline void SmallWorld::end_turn() {
  turn_is_open_ = false;
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
      const worker::Execution& item = batch->items.front();
      if (item.run != 0) {
        ++begun_[item.run].members;
        begun_[item.run].size = item.task->member->size;
      }
      running_.push_back({each->rank(), std::move(batch)});
    }
    each->state().check_invariants();
    events_.early += each->state().asked_early();
  }
  head_.scheduler().check_invariants();
}

inline void SmallWorld::check_end() const {
  check(running_.empty(), "at the end nothing runs, nor waits for other members of its gang");
  for (const auto& [run, begun] : begun_)
    check(begun.members == begun.size, "all members of a gang begin, or none");
  const scheduler::Counts counts = head_.scheduler().counts();
  check(counts.outstanding == 0, "at the end nothing is outstanding");
  check(counts.work_left == 0, "at the end no work is left");
  check(counts.tasks_live == 0, "at the end no task is live");
  check(counts.groups_live == 0, "at the end no group is live");
  check(head_.stale_reports() == 0 || options_.cancels != 0,
        "without losses and cancelling no report is stale");
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
  std::vector<std::uint64_t> words{known_.size(),
                                   released_,
                                   static_cast<std::uint64_t>(throws_left_),
                                   static_cast<std::uint64_t>(cancels_left_),
                                   static_cast<std::uint64_t>(pauses_left_),
                                   static_cast<std::uint64_t>(copies_left_)};
  head_.describe(words);
  for (std::uint32_t function = 0; function < 12; ++function)
    words.push_back(head_.scheduler().durations().known(function) ? 1 : 0);
  for (const auto& one : nodes_) {
    one->state().describe(words);
    for (const Known& each : known_) {
      words.push_back(one->store().contains(each.id) ? 1 : 0);
      one->store().for_each_stretch(each.id, [&](const worker::Store::Stretch& stretch) {
        words.insert(words.end(), {stretch.begin, stretch.count});
      });
    }
  }
  for (const std::uint64_t word : words) mix(word);
  for (const auto& channel : channels_) {
    mix(channel.size() + 1000);
    for (const Packet& packet : channel) {
      mix(packet.bytes.size());
      for (const std::byte byte : packet.bytes.span()) mix(static_cast<std::uint64_t>(byte));
    }
  }
  for (const auto& [run, begun] : begun_) mix(run * 16 + begun.members);
  for (const Running& run : running_) {
    mix(static_cast<std::uint64_t>(run.node) + 1000);
    for (const worker::Execution& item : run.batch->items) {
      mix(static_cast<std::uint64_t>(item.kind));
      mix(item.task != nullptr ? 2 * item.task->id.bits() + (item.task->detached ? 1 : 0)
                               : item.group->group.bits());
      mix(item.begin * 64 + item.count);
      if (item.range == nullptr) continue;
      mix(item.range->begin * 512 + item.range->next * 64 + item.range->count * 8 +
          item.range->done);
    }
  }
  return hash;
}

struct SmallWalk {
  std::size_t states = 0;
  SmallEvents events;  ///< of all paths together
};

inline SmallEvents& operator+=(SmallEvents& sum, const SmallEvents& other) {
  sum.tasks_given_back += other.tasks_given_back;
  sum.ranges_given_back += other.ranges_given_back;
  sum.nothing_given_back += other.nothing_given_back;
  sum.gone += other.gone;
  sum.located_elsewhere += other.located_elsewhere;
  sum.located_at_asker += other.located_at_asker;
  sum.located_nowhere += other.located_nowhere;
  sum.early += other.early;
  sum.replicas += other.replicas;
  sum.stopped += other.stopped;
  sum.copied += other.copied;
  sum.dropped += other.dropped;
  sum.members_ended += other.members_ended;
  sum.members_failed += other.members_failed;
  sum.gangs_stopped += other.gangs_stopped;
  return sum;
}

/// Walks all orders of one world.
inline SmallWalk walk_all(const std::vector<SmallWork>& works, const SmallOptions& options) {
  SmallWalk result;
  Exhaustive walk;
  do {
    SmallWorld world(works, options);
    bool complete = true;
    while (world.step(walk)) {
      if (!walk.is_new(world.fingerprint())) {
        complete = false;
        break;
      }
    }
    if (complete) world.check_end();
    result.events += world.events();
  } while (walk.next());
  result.states = walk.states();
  return result;
}

}  // namespace tutti::testing

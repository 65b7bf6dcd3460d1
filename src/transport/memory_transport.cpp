#include "transport/memory_transport.hpp"

#include "transport/doorbell.hpp"
#include "tutti/check.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <unistd.h>
#include <utility>

namespace tutti::transport {

namespace {

using std::chrono::microseconds;

constexpr microseconds sleep_max{100'000};
constexpr std::chrono::seconds finish_limit{30};

/// What joins a sender and a receiver. Collectives are made of the same transfers, apart from the
/// user's.
struct Lane {
  int from;
  int to;
  bool is_collective;
  std::uint32_t tag;
  auto operator<=>(const Lane&) const = default;
};

/// A sender or a receiver that waits for its partner.
struct Waiting {
  ConstBuffer source;
  MutableBuffer destination;
  Done done;
};

struct Packet {
  int from;
  Bytes bytes;
};

/// What others put in for a rank.
struct Mailbox {
  std::mutex mutex;
  std::atomic<bool> is_empty{true};  // lets an idle poll do without the mutex
  std::vector<Packet> packets;
  std::vector<Done> done;
};

/// All that the ranks share.
struct World {
  explicit World(int ranks);

  /// Copies when both sides are there, and tells both.
  void match(const Lane& lane, bool is_sender, Waiting mine);
  void put_done(int rank, Done done);

  const int size;
  std::unique_ptr<Doorbells> doorbells;
  std::vector<Place> places;
  std::deque<Mailbox> mailboxes;

  std::mutex transfer_mutex;
  std::map<Lane, std::deque<Waiting>> senders;
  std::map<Lane, std::deque<Waiting>> receivers;

  std::mutex finish_mutex;
  int finished = 0;
};

World::World(int ranks) : size(ranks), doorbells(Doorbells::make_private(ranks)) {
  char host[256] = "";
  if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  for (int i = 0; i < ranks; ++i) {
    places.push_back({host, 0, i, static_cast<int>(getpid())});
    mailboxes.emplace_back();
  }
}

void World::put_done(int rank, Done done) {
  Mailbox& mailbox = mailboxes[static_cast<std::size_t>(rank)];
  {
    const std::lock_guard lock(mailbox.mutex);
    mailbox.done.push_back(std::move(done));
    mailbox.is_empty.store(false, std::memory_order_release);
  }
  doorbells->ring(rank);
}

void World::match(const Lane& lane, bool is_sender, Waiting mine) {
  Waiting other;
  {
    const std::lock_guard lock(transfer_mutex);
    auto& partners = is_sender ? receivers : senders;
    const auto found = partners.find(lane);
    if (found == partners.end()) {
      (is_sender ? senders : receivers)[lane].push_back(std::move(mine));
      return;
    }
    other = std::move(found->second.front());
    found->second.pop_front();
    if (found->second.empty()) partners.erase(found);
  }
  const ConstBuffer source = is_sender ? mine.source : other.source;
  const MutableBuffer destination = is_sender ? other.destination : mine.destination;
  if (source.size != destination.size) {
    throw Error(ErrorCode::mpi,
                "a transfer from rank " + std::to_string(lane.from) + " to rank " +
                    std::to_string(lane.to) + " has " + std::to_string(source.size) +
                    " bytes where " + std::to_string(destination.size) +
                    " are expected; its sender and receiver do not agree on its size");
  }
  if (source.size != 0) std::memmove(destination.data, source.data, source.size);
  put_done(is_sender ? lane.to : lane.from, std::move(other.done));
  put_done(is_sender ? lane.from : lane.to, std::move(mine.done));
}

class MemoryTransport final : public Transport {
 public:
  MemoryTransport(std::shared_ptr<World> world, int rank) : world_(std::move(world)), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return world_->size; }
  const std::vector<Place>& places() const override { return world_->places; }
  std::string description() const override {
    return "memory of one process, " + std::to_string(size()) + (size() == 1 ? " rank" : " ranks");
  }

  void send(int to, Bytes packet) override;
  bool poll(const OnPacket& on_packet) override;
  void send_bulk(int to, std::uint32_t tag, ConstBuffer data, Done done) override {
    send_on({rank_, to, false, tag}, data, std::move(done));
  }
  void receive_bulk(int from, std::uint32_t tag, MutableBuffer data, Done done) override {
    receive_on({from, rank_, false, tag}, data, std::move(done));
  }

  void broadcast(int root, MutableBuffer data, Done done) override;
  void scatter(int root, std::vector<ConstBuffer> pieces, MutableBuffer own, bool large,
               Done done) override;
  void gather(int root, ConstBuffer own, std::vector<MutableBuffer> pieces, bool large,
              Done done) override;
  CollectiveCounts collective_counts() const override { return counts_; }

  bool busy() const override { return pending_ != 0 || !packets_.empty() || !done_.empty(); }
  std::uint32_t prepare_sleep() override { return ticket_ = world_->doorbells->prepare(rank_); }
  bool sleep(std::uint32_t ticket, microseconds limit) override {
    return world_->doorbells->sleep(rank_, ticket, limit);
  }
  void end_sleep() override { world_->doorbells->end(rank_, ticket_); }
  void wake() noexcept override { world_->doorbells->ring(rank_); }
  microseconds sleep_limit() const override { return sleep_max; }

  void finish(const OnPacket& on_packet) override;
  [[noreturn]] void abort(int exit_code) noexcept override { std::_Exit(exit_code); }

 private:
  void send_on(const Lane& lane, ConstBuffer data, Done done);
  void receive_on(const Lane& lane, MutableBuffer data, Done done);
  void empty_mailbox();
  /// A callback for each of `count` transfers; the last one calls `done`.
  static Done count_down(int count, Done done);

  std::shared_ptr<World> world_;
  int rank_;
  std::uint32_t ticket_ = 0;
  CollectiveCounts counts_;
  std::size_t pending_ = 0;      // transfers whose callback has not run
  std::vector<Packet> packets_;  // taken from the mailbox, not yet delivered
  std::vector<Done> done_;
};

void MemoryTransport::send(int to, Bytes packet) {
  check(to >= 0 && to < size(), "a packet goes to a rank of the job");
  check(packet.size() <= packet_bytes_max, "a control packet has at most packet_bytes_max bytes");
  Mailbox& mailbox = world_->mailboxes[static_cast<std::size_t>(to)];
  {
    const std::lock_guard lock(mailbox.mutex);
    mailbox.packets.push_back({rank_, std::move(packet)});
    mailbox.is_empty.store(false, std::memory_order_release);
  }
  world_->doorbells->ring(to);
}

void MemoryTransport::empty_mailbox() {
  Mailbox& mailbox = world_->mailboxes[static_cast<std::size_t>(rank_)];
  if (mailbox.is_empty.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(mailbox.mutex);
  std::move(mailbox.packets.begin(), mailbox.packets.end(), std::back_inserter(packets_));
  std::move(mailbox.done.begin(), mailbox.done.end(), std::back_inserter(done_));
  mailbox.packets.clear();
  mailbox.done.clear();
  mailbox.is_empty.store(true, std::memory_order_release);
}

bool MemoryTransport::poll(const OnPacket& on_packet) {
  empty_mailbox();
  if (packets_.empty() && done_.empty()) return false;
  // A callback may send, begin transfers, or throw: what is left then comes with the next poll.
  std::ptrdiff_t delivered = 0;
  std::ptrdiff_t completed = 0;
  const auto forget = [&] {
    packets_.erase(packets_.begin(), packets_.begin() + delivered);
    done_.erase(done_.begin(), done_.begin() + completed);
  };
  try {
    while (delivered < std::ssize(packets_)) {
      const Packet packet = std::move(packets_[static_cast<std::size_t>(delivered++)]);
      on_packet(packet.from, packet.bytes);
    }
    while (completed < std::ssize(done_)) {
      const Done done = std::move(done_[static_cast<std::size_t>(completed++)]);
      --pending_;
      if (done) done();
    }
  } catch (...) {
    forget();
    throw;
  }
  forget();
  return true;
}

void MemoryTransport::send_on(const Lane& lane, ConstBuffer data, Done done) {
  ++pending_;
  world_->match(lane, true, {data, {}, std::move(done)});
}

void MemoryTransport::receive_on(const Lane& lane, MutableBuffer data, Done done) {
  ++pending_;
  world_->match(lane, false, {{}, data, std::move(done)});
}

Done MemoryTransport::count_down(int count, Done done) {
  return [left = std::make_shared<int>(count), done = std::move(done)] {
    if (--*left == 0 && done) done();
  };
}

void MemoryTransport::broadcast(int root, MutableBuffer data, Done done) {
  ++counts_.broadcast;
  if (rank_ != root) return receive_on({root, rank_, true, 0}, data, std::move(done));
  // One transfer to oneself stands for the root, so that a world of one completes too.
  const Done one = count_down(size() + 1, std::move(done));
  for (int to = 0; to < size(); ++to) send_on({rank_, to, true, 0}, {data.data, data.size}, one);
  receive_on({rank_, rank_, true, 0}, data, one);
}

void MemoryTransport::scatter(int root, std::vector<ConstBuffer> pieces, MutableBuffer own, bool,
                              Done done) {
  ++counts_.scatter;
  check(pieces.size() == (rank_ == root ? static_cast<std::size_t>(size()) : 0),
        "the root of a scatter passes one piece a rank, the others none");
  if (rank_ != root) return receive_on({root, rank_, true, 0}, own, std::move(done));
  const Done one = count_down(size() + 1, std::move(done));
  for (int to = 0; to < size(); ++to) {
    send_on({rank_, to, true, 0}, pieces[static_cast<std::size_t>(to)], one);
  }
  receive_on({rank_, rank_, true, 0}, own, one);
}

void MemoryTransport::gather(int root, ConstBuffer own, std::vector<MutableBuffer> pieces, bool,
                             Done done) {
  ++counts_.gather;
  check(pieces.size() == (rank_ == root ? static_cast<std::size_t>(size()) : 0),
        "the root of a gather passes one piece a rank, the others none");
  if (rank_ != root) return send_on({rank_, root, true, 0}, own, std::move(done));
  const Done one = count_down(size() + 1, std::move(done));
  for (int from = 0; from < size(); ++from) {
    receive_on({from, rank_, true, 0}, pieces[static_cast<std::size_t>(from)], one);
  }
  send_on({rank_, rank_, true, 0}, own, one);
}

void MemoryTransport::finish(const OnPacket& on_packet) {
  const auto limit = std::chrono::steady_clock::now() + finish_limit;
  bool is_counted = false;
  while (std::chrono::steady_clock::now() < limit) {
    const std::uint32_t ticket = prepare_sleep();
    if (!poll(on_packet)) sleep(ticket, microseconds(1000));
    end_sleep();
    if (busy()) continue;
    const std::lock_guard lock(world_->finish_mutex);
    if (!std::exchange(is_counted, true)) ++world_->finished;
    if (world_->finished == size()) return;
  }
  throw Error(ErrorCode::timeout, "rank " + std::to_string(rank_) + " waited " +
                                      std::to_string(finish_limit.count()) +
                                      " s for the end; some other rank has not come to its end");
}

}  // namespace

std::vector<std::unique_ptr<Transport>> make_memory_world(int size) {
  check(size >= 1, "a world has at least one rank");
  const auto world = std::make_shared<World>(size);
  std::vector<std::unique_ptr<Transport>> result;
  for (int rank = 0; rank < size; ++rank)
    result.push_back(std::make_unique<MemoryTransport>(world, rank));
  return result;
}

}  // namespace tutti::transport

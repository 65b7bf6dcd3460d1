#include "transport/mpi_transport.hpp"

#include "transport/doorbell.hpp"
#include "transport/mpi_bulk.hpp"
#include "transport/mpi_collectives.hpp"
#include "transport/mpi_node.hpp"
#include "transport/mpi_packets.hpp"
#include "transport/mpi_requests.hpp"
#include "transport/mpi_session.hpp"
#include "tutti/check.hpp"
#include "tutti/error.hpp"

#include <boost/mpi/exception.hpp>

#include <algorithm>
#include <atomic>
#include <limits>
#include <string>
#include <thread>
#include <utility>

namespace tutti::transport {

namespace {

using std::chrono::microseconds;

/// An idle rank that nobody can wake looks for messages this often, at first and in the long run.
constexpr microseconds nap_min{50};
constexpr microseconds nap_max{1000};
/// With doorbells the limit is only a second line of defence.
constexpr microseconds doorbell_sleep_max{100'000};
constexpr std::chrono::seconds finish_limit{30};

std::string count_of(std::size_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

/// The bits of a tag that the library has for us: the same on all ranks, at least 15.
std::uint32_t tag_mask_of(MPI_Comm communicator) {
  int* bound = nullptr;
  int is_set = 0;
  check_mpi(MPI_Comm_get_attr(communicator, MPI_TAG_UB, &bound, &is_set));
  const std::uint32_t highest = is_set != 0 ? static_cast<std::uint32_t>(*bound) : 32767;
  std::uint32_t mask = 32767;
  while (mask < (highest >> 1)) mask = (mask << 1) | 1;
  return (mask << 1 | 1) <= highest ? (mask << 1 | 1) : mask;
}

class MpiTransport final : public Transport {
 public:
  explicit MpiTransport(std::unique_ptr<MpiSession> session)
      : parts_(new Parts(std::move(session))) {}
  ~MpiTransport() override;

  int rank() const override { return parts_->rank; }
  int size() const override { return parts_->size; }
  const std::vector<Place>& places() const override { return parts_->neighbourhood.places; }
  std::string description() const override { return parts_->description; }

  void send(int to, Bytes packet) override;
  bool poll(const OnPacket& on_packet) override;
  void send_bulk(int to, std::uint32_t tag, ConstBuffer data, Done done) override;
  void receive_bulk(int from, std::uint32_t tag, MutableBuffer data, Done done) override;

  void broadcast(int root, MutableBuffer data, Done done) override;
  void scatter(int root, std::vector<ConstBuffer> pieces, MutableBuffer own, bool large,
               Done done) override;
  void gather(int root, ConstBuffer own, std::vector<MutableBuffer> pieces, bool large,
              Done done) override;
  CollectiveCounts collective_counts() const override { return parts_->collectives.counts(); }

  bool busy() const override { return parts_->busy(); }
  std::uint32_t prepare_sleep() override;
  bool sleep(std::uint32_t ticket, microseconds limit) override;
  void end_sleep() override;
  void wake() noexcept override { parts_->neighbourhood.doorbells->ring(parts_->own_bell); }
  microseconds sleep_limit() const override;

  const boost::mpi::communicator& parent_of_gangs() const { return parts_->session->gangs(); }

  void finish(const OnPacket& on_packet) override;
  [[noreturn]] void abort(int exit_code) noexcept override { abort_job(exit_code); }

 private:
  /// All that MPI may still write to or read from. It outlives a transport that did not finish.
  struct Parts {
    explicit Parts(std::unique_ptr<MpiSession> own_session);
    bool busy() const { return sender.pending() + transfers.pending() + local_packets.size() != 0; }
    void ring(int to) noexcept;
    void ring_early(int to) noexcept;

    std::unique_ptr<MpiSession> session;
    int rank;
    int size;
    Neighbourhood neighbourhood;
    int own_bell;
    std::vector<int> bells;  // by rank; -1: another node
    bool everyone_can_ring;
    std::uint32_t tag_mask;
    std::string description;

    RequestSet requests;
    PacketRing ring_of_receives;
    PacketSender sender;
    TransferTable transfers;
    MpiCollectives collectives;
    std::vector<Bytes> local_packets;
    bool finished = false;
  };

  bool deliver_local(const OnPacket& on_packet);
  bool turn(const OnPacket& on_packet);
  template <class Condition>
  void wait_until(Condition condition, const OnPacket& on_packet, const char* what);

  std::unique_ptr<Parts> parts_;
  std::uint32_t ticket_ = 0;
  bool sleep_is_prepared_ = false;
  std::atomic<microseconds::rep> nap_{nap_min.count()};
};

MpiTransport::Parts::Parts(std::unique_ptr<MpiSession> own_session)
    : session(std::move(own_session)),
      rank(session->control().rank()),
      size(session->control().size()),
      neighbourhood(meet(*session)),
      tag_mask(tag_mask_of(session->data())),
      ring_of_receives(session->control()),
      sender(session->control(), requests, [this](int to) { ring(to); }),
      transfers(requests),
      collectives(session->collective(), rank, size, transfers) {
  const bool shared = neighbourhood.doorbells_are_shared;
  const Place& own = neighbourhood.places[static_cast<std::size_t>(rank)];
  own_bell = shared ? own.local_rank : 0;
  for (const Place& each : neighbourhood.places) {
    bells.push_back(shared && each.node == own.node ? each.local_rank : -1);
  }
  bells[static_cast<std::size_t>(rank)] = own_bell;
  everyone_can_ring = shared && neighbourhood.nodes == 1;
  description = MpiSession::library() + ", " + count_of(static_cast<std::size_t>(size), "rank") +
                " on " + count_of(static_cast<std::size_t>(neighbourhood.nodes), "node") + ", " +
                session->thread_level() +
                (shared ? ", doorbell" : ", no doorbell (no memory in common with the node), naps");
}

void MpiTransport::Parts::ring(int to) noexcept {
  const int bell = bells[static_cast<std::size_t>(to)];
  if (bell >= 0) neighbourhood.doorbells->ring(bell);
}

/// Only a hint, without the fence: whoever did not hear it is rung for after the send.
void MpiTransport::Parts::ring_early(int to) noexcept {
  const int bell = bells[static_cast<std::size_t>(to)];
  if (bell >= 0) neighbourhood.doorbells->ring_after_fence(bell);
}

MpiTransport::~MpiTransport() {
  if (parts_->finished) return;
  // MPI may still use the buffers: to wait for it here could last for ever. Nobody destroys this
  // list.
  static auto* const abandoned = new std::vector<std::unique_ptr<Parts>>;
  abandoned->push_back(std::move(parts_));
}

void MpiTransport::send(int to, Bytes packet) {
  check(to >= 0 && to < size() && !parts_->finished, "a packet goes to a rank of a running job");
  if (to == rank()) {
    check(packet.size() <= packet_bytes_max, "a control packet has at most packet_bytes_max bytes");
    parts_->local_packets.push_back(std::move(packet));
  } else {
    // A rank that sleeps takes longer to wake up than the packet to get there.
    parts_->ring_early(to);
    parts_->sender.send(to, std::move(packet));
  }
  parts_->ring(to);
}

bool MpiTransport::deliver_local(const OnPacket& on_packet) {
  std::vector<Bytes>& packets = parts_->local_packets;
  // Only those that are there now: a callback may send more.
  const auto count = static_cast<std::ptrdiff_t>(packets.size());
  std::ptrdiff_t next = 0;
  try {
    while (next < count) {
      const Bytes packet = std::move(packets[static_cast<std::size_t>(next++)]);
      on_packet(rank(), packet);
    }
  } catch (...) {
    packets.erase(packets.begin(), packets.begin() + next);
    throw;
  }
  packets.erase(packets.begin(), packets.begin() + count);
  return true;
}

bool MpiTransport::turn(const OnPacket& on_packet) {
  // The last look before a sleep must not miss what has come: nobody will ring for it again.
  bool moved = parts_->ring_of_receives.poll(on_packet, sleep_is_prepared_);
  if (!parts_->requests.empty() && parts_->requests.poll()) moved = true;
  if (!parts_->local_packets.empty() && deliver_local(on_packet)) moved = true;
  if (parts_->transfers.run_done()) moved = true;
  return moved;
}

bool MpiTransport::poll(const OnPacket& on_packet) {
  check(!parts_->finished, "a transport that has finished is not polled");
  const bool moved = turn(on_packet);
  if (moved && nap_.load(std::memory_order_relaxed) != nap_min.count()) {
    nap_.store(nap_min.count(), std::memory_order_relaxed);
  }
  return moved;
}

void MpiTransport::send_bulk(int to, std::uint32_t tag, ConstBuffer data, Done done) {
  TransferTable& transfers = parts_->transfers;
  Transfer& transfer = transfers.open(std::move(done));
  transfers.add_send(transfer, parts_->session->data(), to,
                     static_cast<int>(tag & parts_->tag_mask), data);
  transfers.close(transfer);
  parts_->ring(to);
}

void MpiTransport::receive_bulk(int from, std::uint32_t tag, MutableBuffer data, Done done) {
  TransferTable& transfers = parts_->transfers;
  Transfer& transfer = transfers.open(std::move(done));
  transfers.add_receive(transfer, parts_->session->data(), from,
                        static_cast<int>(tag & parts_->tag_mask), data);
  transfers.close(transfer);
}

// Nobody is rung for a collective: who has entered it is busy and does not sleep, who has not will
// be told to by a packet.

void MpiTransport::broadcast(int root, MutableBuffer data, Done done) {
  parts_->collectives.broadcast(root, data, std::move(done));
}

void MpiTransport::scatter(int root, std::vector<ConstBuffer> pieces, MutableBuffer own, bool large,
                           Done done) {
  parts_->collectives.scatter(root, pieces, own, large, std::move(done));
}

void MpiTransport::gather(int root, ConstBuffer own, std::vector<MutableBuffer> pieces, bool large,
                          Done done) {
  parts_->collectives.gather(root, own, pieces, large, std::move(done));
}

std::uint32_t MpiTransport::prepare_sleep() {
  ticket_ = parts_->neighbourhood.doorbells->prepare(parts_->own_bell);
  sleep_is_prepared_ = true;
  return ticket_;
}

bool MpiTransport::sleep(std::uint32_t ticket, microseconds limit) {
  if (parts_->neighbourhood.doorbells->sleep(parts_->own_bell, ticket, limit)) return true;
  const microseconds::rep longer =
      std::min(2 * nap_.load(std::memory_order_relaxed), nap_max.count());
  nap_.store(longer, std::memory_order_relaxed);
  return false;
}

void MpiTransport::end_sleep() {
  parts_->neighbourhood.doorbells->end(parts_->own_bell, ticket_);
  sleep_is_prepared_ = false;
}

microseconds MpiTransport::sleep_limit() const {
  if (parts_->busy()) return nap_min;
  if (parts_->everyone_can_ring) return doorbell_sleep_max;
  return microseconds(nap_.load(std::memory_order_relaxed));
}

template <class Condition>
void MpiTransport::wait_until(Condition condition, const OnPacket& on_packet, const char* what) {
  const auto limit = std::chrono::steady_clock::now() + finish_limit;
  int idle_turns = 0;
  while (!condition()) {
    if (turn(on_packet)) idle_turns = 0;
    if (++idle_turns < 1000) continue;
    if (std::chrono::steady_clock::now() > limit) {
      throw Error(ErrorCode::timeout, "rank " + std::to_string(rank()) + " waited " +
                                          std::to_string(finish_limit.count()) +
                                          " s at the end for " + what +
                                          "; some other rank has not come to its end");
    }
    std::this_thread::sleep_for(nap_min);
  }
}

void MpiTransport::finish(const OnPacket& on_packet) {
  check(!parts_->finished, "a transport finishes once");
  const auto is_quiet = [this] { return !parts_->busy(); };
  wait_until(is_quiet, on_packet, "what it sent to be received");
  MPI_Request barrier = MPI_REQUEST_NULL;
  check_mpi(MPI_Ibarrier(parts_->session->control(), &barrier));
  const auto all_are_here = [&barrier] {
    int complete = 0;
    check_mpi(MPI_Test(&barrier, &complete, MPI_STATUS_IGNORE));
    return complete != 0;
  };
  wait_until(all_are_here, on_packet, "the other ranks to finish");
  // Nobody comes here before what it sent was taken, so all that was announced is here.
  wait_until(is_quiet, on_packet, "what was sent to it");
  parts_->ring_of_receives.stop();
  parts_->finished = true;
  parts_->session->leave();
}

std::unique_ptr<Transport> join(std::unique_ptr<MpiSession> session) {
  try {
    return std::make_unique<MpiTransport>(std::move(session));
  } catch (const boost::mpi::exception& failure) {
    throw Error(ErrorCode::mpi, std::string("the exchange at the start failed: ") + failure.what());
  }
}

}  // namespace

std::unique_ptr<Transport> start_mpi(int& argc, char**& argv) {
  return join(MpiSession::start(argc, argv));
}

std::unique_ptr<Transport> attach_mpi(const boost::mpi::communicator& world) {
  return join(MpiSession::adopt(world));
}

const boost::mpi::communicator* parent_of_gangs(const Transport& transport) {
  const auto* over_mpi = dynamic_cast<const MpiTransport*>(&transport);
  return over_mpi == nullptr ? nullptr : &over_mpi->parent_of_gangs();
}

}  // namespace tutti::transport

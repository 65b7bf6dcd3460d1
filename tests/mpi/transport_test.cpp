// Transport over MPI, on any number of ranks. Environment: TUTTI_TEST_RANKS, how many ranks there
// must be; TUTTI_TEST_LARGE=1, transfers beyond 2 GiB too; TUTTI_TEST_ATTACH=1, in a program that
// owns MPI.

#define DOCTEST_CONFIG_IMPLEMENT
#include "transport/mpi_transport.hpp"
#include "tutti/bytes.hpp"
#include "tutti/error.hpp"

#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <initializer_list>
#include <memory>
#include <optional>
#include <random>
#include <signal.h>
#include <span>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace tutti::transport;
using tutti::Bytes;
using tutti::ConstBuffer;
using tutti::MutableBuffer;
using Clock = std::chrono::steady_clock;

Transport* transport = nullptr;

const Transport::OnPacket no_packet = [](int, std::span<const std::byte>) {
  FAIL_CHECK("a packet came that nobody sent");
};

int asked(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? 0 : std::atoi(value);
}

/// Packets of a rank that left meet() before this one.
struct Early {
  int from;
  Bytes packet;
};
std::deque<Early> early_packets;

bool poll(const Transport::OnPacket& on_packet) {
  if (early_packets.empty()) return transport->poll(on_packet);
  const Early early = std::move(early_packets.front());
  early_packets.pop_front();
  on_packet(early.from, early.packet);
  return true;
}

/// Polls until the condition holds. A rank that waits too long ends the job: the others would wait
/// for it.
template <class Condition>
void poll_until(Condition condition, const Transport::OnPacket& on_packet) {
  const auto limit = Clock::now() + std::chrono::seconds(100);
  while (!condition()) {
    if (poll(on_packet)) continue;
    if (Clock::now() < limit) continue;
    std::fprintf(stderr, "rank %d waited too long\n", transport->rank());
    transport->abort(3);
  }
}

/// All ranks come here before any goes on: a gather to rank 0 and a broadcast.
void meet() {
  int left = 2;
  std::byte mine{};
  std::vector<std::byte> all(static_cast<std::size_t>(transport->size()));
  std::vector<MutableBuffer> pieces;
  for (std::size_t i = 0; i < all.size() && transport->rank() == 0; ++i)
    pieces.push_back({&all[i], 1});
  transport->gather(0, {&mine, 1}, pieces, false, [&] { --left; });
  transport->broadcast(0, {&mine, 1}, [&] { --left; });
  std::deque<Early> early;
  poll_until([&] { return left == 0; },
             [&](int from, std::span<const std::byte> packet) {
               early.push_back({from, Bytes::copy_of(packet)});
             });
  early_packets = std::move(early);
}

std::byte pattern(std::size_t seed, std::size_t index) {
  return static_cast<std::byte>((seed * 131 + index * 7 + (index >> 12)) & 0xff);
}

void fill(std::span<std::byte> bytes, std::size_t seed) {
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = pattern(seed, i);
}

std::size_t count_wrong(std::span<const std::byte> bytes, std::size_t seed) {
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) wrong += bytes[i] != pattern(seed, i) ? 1 : 0;
  return wrong;
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

int next_rank() { return (transport->rank() + 1) % transport->size(); }
int previous_rank() { return (transport->rank() + transport->size() - 1) % transport->size(); }

/// Each rank sends `size` bytes to the next in a circle; returns the seconds that this rank took.
double send_in_circle(std::size_t size, std::size_t transfers) {
  std::vector<Bytes> sources;
  std::vector<Bytes> destinations;
  for (std::size_t i = 0; i < transfers; ++i) {
    sources.emplace_back(size);
    fill({sources.back().data(), size}, i + static_cast<std::size_t>(transport->rank()));
    destinations.emplace_back(size);
    if (size != 0) std::memset(destinations.back().data(), 0, size);
  }
  meet();
  std::size_t left = 2 * transfers;
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < transfers; ++i) {
    transport->receive_bulk(previous_rank(), 7, {destinations[i].data(), size}, [&] { --left; });
    transport->send_bulk(next_rank(), 7, {sources[i].data(), size}, [&] { --left; });
  }
  CHECK(transport->busy());
  poll_until([&] { return left == 0; }, no_packet);
  const std::chrono::duration<double> seconds = Clock::now() - begin;
  CHECK_FALSE(transport->busy());
  for (std::size_t i = 0; i < transfers; ++i) {
    CHECK(count_wrong(destinations[i], i + static_cast<std::size_t>(previous_rank())) == 0);
  }
  return seconds.count();
}

/// Pieces of different lengths, one a rank.
std::size_t piece_size(std::size_t base, int rank) {
  return base * static_cast<std::size_t>(rank % 3 + 1) / 2;
}

template <class Buffer>
std::vector<Buffer> pieces_of(std::vector<Bytes>& bytes, int root) {
  std::vector<Buffer> pieces;
  if (transport->rank() != root) return pieces;
  for (Bytes& each : bytes) pieces.push_back({each.data(), each.size()});
  return pieces;
}

void scatter_and_gather(int root, std::size_t base, bool large) {
  std::vector<Bytes> all;
  for (int rank = 0; rank < transport->size(); ++rank) {
    all.emplace_back(transport->rank() == root ? piece_size(base, rank) : 0);
    fill({all.back().data(), all.back().size()}, static_cast<std::size_t>(rank) + base);
  }
  Bytes own(piece_size(base, transport->rank()));
  if (!own.empty()) std::memset(own.data(), 0, own.size());
  bool done = false;
  transport->scatter(root, pieces_of<ConstBuffer>(all, root), {own.data(), own.size()}, large,
                     [&] { done = true; });
  poll_until([&] { return done; }, no_packet);
  CHECK(count_wrong(own, static_cast<std::size_t>(transport->rank()) + base) == 0);

  for (Bytes& each : all) {
    if (!each.empty()) std::memset(each.data(), 0, each.size());
  }
  done = false;
  transport->gather(root, {own.data(), own.size()}, pieces_of<MutableBuffer>(all, root), large,
                    [&] { done = true; });
  poll_until([&] { return done; }, no_packet);
  for (int rank = 0; rank < transport->size() && transport->rank() == root; ++rank) {
    CHECK(count_wrong(all[static_cast<std::size_t>(rank)], static_cast<std::size_t>(rank) + base) ==
          0);
  }
}

}  // namespace

TEST_CASE("each rank knows where all run") {
  REQUIRE(static_cast<int>(transport->places().size()) == transport->size());
  const Place& own = transport->places()[static_cast<std::size_t>(transport->rank())];
  CHECK(own.pid == static_cast<int>(getpid()));
  CHECK_FALSE(own.host.empty());
  int on_this_node = 0;
  for (int rank = 0; rank < transport->rank(); ++rank) {
    on_this_node += transport->places()[static_cast<std::size_t>(rank)].node == own.node ? 1 : 0;
  }
  CHECK(own.local_rank == on_this_node);
  if (transport->rank() == 0) MESSAGE(transport->description());
}

TEST_CASE("packets of all sizes between all pairs arrive in order") {
  constexpr int packets_in_all = 100'000;
  const int packets_each = packets_in_all / (transport->size() * transport->size());
  std::mt19937 random(static_cast<unsigned>(transport->rank()));
  std::uniform_real_distribution<double> exponent(4.0, 16.0);
  std::vector<int> received(static_cast<std::size_t>(transport->size()), 0);
  int received_in_all = 0;
  int wrong = 0;
  const Transport::OnPacket on_packet = [&](int from, std::span<const std::byte> packet) {
    int head[2];
    std::memcpy(head, packet.data(), sizeof head);
    int& expected = received[static_cast<std::size_t>(from)];
    wrong += head[0] != expected++ || head[1] != static_cast<int>(packet.size()) ? 1 : 0;
    const std::byte last = pattern(static_cast<std::size_t>(head[0]), packet.size());
    wrong += packet.size() > sizeof head && packet.back() != last ? 1 : 0;
    ++received_in_all;
  };
  for (int number = 0; number < packets_each; ++number) {
    for (int to = 0; to < transport->size(); ++to) {
      const auto size = static_cast<std::size_t>(std::exp2(exponent(random)));
      Bytes packet(number == 0 ? packet_bytes_max : std::max<std::size_t>(size, 8));
      const int head[2] = {number, static_cast<int>(packet.size())};
      packet.data()[packet.size() - 1] = pattern(static_cast<std::size_t>(number), packet.size());
      std::memcpy(packet.data(), head, sizeof head);
      transport->send(to, std::move(packet));
    }
    poll(on_packet);
  }
  poll_until(
      [&] { return received_in_all == packets_each * transport->size() && !transport->busy(); },
      on_packet);
  CHECK(wrong == 0);
  meet();
}

TEST_CASE("a flood to rank 0 does not fill its memory") {
  constexpr int packets_each = 50'000;
  constexpr std::size_t packet_bytes = 2048;
  meet();
  if (transport->rank() != 0) {
    for (int i = 0; i < packets_each; ++i) {
      transport->send(0, Bytes(packet_bytes));
      while (transport->busy()) transport->poll(no_packet);
    }
  } else {
    const std::size_t before = resident_bytes();
    int received = 0;
    const Transport::OnPacket slowly = [&](int, std::span<const std::byte> packet) {
      ++received;
      const auto until = Clock::now() + std::chrono::microseconds(5);
      while (Clock::now() < until) std::atomic_signal_fence(std::memory_order_seq_cst);
      CHECK(packet.size() == packet_bytes);
    };
    poll_until([&] { return received == packets_each * (transport->size() - 1); }, slowly);
    const std::size_t after = resident_bytes();
    CHECK((after > before ? after - before : 0) < std::size_t{64} << 20);
  }
  meet();
}

TEST_CASE("a receiver that throws loses no other packet") {
  constexpr int packets = 100;
  const int from = previous_rank();
  for (int i = 0; i < packets; ++i) transport->send(next_rank(), Bytes(16));
  int received = 0;
  int thrown = 0;
  const Transport::OnPacket on_packet = [&](int sender, std::span<const std::byte>) {
    CHECK(sender == from);
    if (++received % 7 == 0) throw 7;
  };
  while (received < packets) {
    try {
      poll_until([&] { return received == packets; }, on_packet);
    } catch (int) {
      ++thrown;
    }
  }
  CHECK(thrown == packets / 7);
  meet();
}

TEST_CASE("bulk data of all sizes arrives in its place") {
  for (const std::size_t size : std::initializer_list<std::size_t>{0, 1, 4096, 65536, 3'000'000})
    send_in_circle(size, 5);
  constexpr std::size_t much = 300'000'000;
  const double seconds = send_in_circle(much, 1);
  if (transport->rank() == 0) {
    MESSAGE("300 MB to the next rank, all at once: ", seconds, " s, ", 0.3 / seconds,
            " GB/s a rank");
  }
}

TEST_CASE("bulk data beyond 2 GiB arrives in its place" *
          doctest::skip(asked("TUTTI_TEST_LARGE") == 0)) {
  constexpr std::size_t size = (std::size_t{2} << 30) + 5;
  meet();
  Bytes data(transport->rank() < 2 ? size : 0);
  bool done = transport->rank() > 1;
  if (transport->rank() == 0) {
    fill({data.data(), size}, 3);
    if (transport->size() == 1) return;
    transport->send_bulk(1, 1, {data.data(), size}, [&] { done = true; });
  } else if (transport->rank() == 1) {
    transport->receive_bulk(0, 1, {data.data(), size}, [&] { done = true; });
  }
  poll_until([&] { return done; }, no_packet);
  if (transport->rank() == 1) CHECK(count_wrong(data, 3) == 0);
  if (transport->rank() > 1) data.resize(size);
  done = false;
  transport->broadcast(0, {data.data(), size}, [&] { done = true; });
  poll_until([&] { return done; }, no_packet);
  CHECK(count_wrong(data, 3) == 0);
}

TEST_CASE("a broadcast of any size reaches all, from any root") {
  for (const std::size_t size : std::initializer_list<std::size_t>{0, 1, 1000, 70'000, 5'000'000}) {
    for (int root = 0; root < transport->size(); ++root) {
      Bytes data(size);
      if (transport->rank() == root) fill({data.data(), size}, size);
      bool done = false;
      transport->broadcast(root, {data.data(), size}, [&] { done = true; });
      poll_until([&] { return done; }, no_packet);
      CHECK(count_wrong(data, size) == 0);
    }
  }
}

TEST_CASE("scatter and gather bring each piece to its place, from any root") {
  for (const std::size_t base : std::initializer_list<std::size_t>{0, 1, 1000, 70'000, 5'000'000}) {
    for (int root = 0; root < transport->size(); ++root) {
      scatter_and_gather(root, base, false);
      scatter_and_gather(root, base, true);
    }
  }
}

TEST_CASE("pieces that lie further apart than MPI can say arrive too") {
  constexpr std::size_t apart = std::size_t{3} << 30;
  constexpr std::size_t size = 5000;
  const auto ranks = static_cast<std::size_t>(transport->size());
  const std::size_t space_bytes = apart * ranks + size;
  void* const space = mmap(nullptr, space_bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  REQUIRE(space != MAP_FAILED);
  std::vector<ConstBuffer> from;
  std::vector<MutableBuffer> to;
  for (std::size_t i = 0; i < ranks && transport->rank() == 0; ++i) {
    std::byte* const piece = static_cast<std::byte*>(space) + apart * i;
    fill({piece, size}, i);
    from.push_back({piece, size});
    to.push_back({piece, size});
  }
  Bytes own(size);
  int left = 1;
  transport->scatter(0, from, {own.data(), size}, false, [&] { --left; });
  poll_until([&] { return left == 0; }, no_packet);
  CHECK(count_wrong(own, static_cast<std::size_t>(transport->rank())) == 0);
  for (std::byte& each : std::span(own.data(), size)) each ^= std::byte{0xff};
  left = 1;
  transport->gather(0, {own.data(), size}, to, false, [&] { --left; });
  poll_until([&] { return left == 0; }, no_packet);
  for (std::size_t i = 0; i < to.size(); ++i) {
    for (std::size_t k = 0; k < size; ++k) to[i].data[k] ^= std::byte{0xff};
    CHECK(count_wrong({to[i].data, size}, i) == 0);
  }
  munmap(space, space_bytes);
}

TEST_CASE("collectives are counted by kind") {
  const CollectiveCounts before = transport->collective_counts();
  meet();
  scatter_and_gather(0, 10, true);
  const CollectiveCounts after = transport->collective_counts();
  CHECK(after.broadcast - before.broadcast == 1);
  CHECK(after.scatter - before.scatter == 1);
  CHECK(after.gather - before.gather == 2);
}

namespace {

/// Sleeps as a rank does until `condition` holds; returns how long the longest sleep was.
template <class Condition>
double sleep_until(Condition condition, std::chrono::microseconds limit,
                   const Transport::OnPacket& on_packet) {
  double longest = 0;
  while (!condition()) {
    const std::uint32_t ticket = transport->prepare_sleep();
    if (!poll(on_packet) && !condition()) {
      const auto begin = Clock::now();
      transport->sleep(ticket, limit);
      longest = std::max(longest, std::chrono::duration<double>(Clock::now() - begin).count());
    }
    transport->end_sleep();
  }
  return longest;
}

}  // namespace

TEST_CASE("a sleeping rank is woken by a packet") {
  const bool same_node = transport->places()[static_cast<std::size_t>(previous_rank())].node ==
                         transport->places()[static_cast<std::size_t>(transport->rank())].node;
  const bool can_be_rung =
      same_node && transport->description().find("no doorbell") == std::string::npos;
  std::vector<double> seconds;
  int received = 0;
  const Transport::OnPacket on_packet = [&](int, std::span<const std::byte>) { ++received; };
  for (int round = 0; round < 50; ++round) {
    meet();
    received = 0;
    const auto limit = can_be_rung ? std::chrono::seconds(10) : transport->sleep_limit();
    // A token goes round; all but rank 0 sleep until it comes, and then rank 0 too.
    const auto begin = Clock::now();
    if (transport->rank() == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      transport->send(next_rank(), Bytes(8));
    }
    CHECK(sleep_until([&] { return received == 1; }, limit, on_packet) < 2.0);
    if (transport->rank() != 0) transport->send(next_rank(), Bytes(8));
    const std::chrono::duration<double> passed = Clock::now() - begin;
    seconds.push_back((passed.count() - 0.002) / transport->size());
  }
  std::sort(seconds.begin(), seconds.end());
  if (transport->rank() == 0)
    MESSAGE("wake and pass on, median: ", seconds[25] * 1e6, " us a rank");
}

TEST_CASE("a sleeping rank is woken by its own threads and by a signal handler") {
  std::atomic<bool> flag{false};
  std::thread waker([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    flag.store(true);
    transport->wake();
  });
  CHECK(sleep_until([&] { return flag.load(); }, std::chrono::seconds(10), no_packet) < 2.0);
  waker.join();

  static std::atomic<bool> signalled{false};
  struct sigaction action {};
  action.sa_handler = [](int) {
    signalled.store(true);
    transport->wake();
  };
  struct sigaction before {};
  sigaction(SIGUSR2, &action, &before);
  std::thread sender([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    kill(getpid(), SIGUSR2);
  });
  CHECK(sleep_until([&] { return signalled.load(); }, std::chrono::seconds(10), no_packet) < 2.0);
  sender.join();
  sigaction(SIGUSR2, &before, nullptr);
  meet();
}

TEST_CASE("MPI cannot be started twice") {
  int argc = 0;
  char** argv = nullptr;
  CHECK_THROWS_AS(start_mpi(argc, argv), tutti::Error);
}

/// Rank 0 announces data to ranks that are leaving already, and leaves; they take it.
void end_with_data_under_way() {
  constexpr std::uint32_t tag = 77;
  const auto mark = transport->rank() == 0 ? std::byte{7} : std::byte{0};
  std::vector<std::byte> data(std::size_t{1} << 20, mark);
  int taken = 0;
  if (transport->rank() == 0) {
    for (int to = 1; to < transport->size(); ++to) {
      transport->send(to, Bytes::copy_of(std::span(data).first(1)));
      transport->send_bulk(to, tag, {data.data(), data.size()}, [] {});
    }
  }
  const auto take = [&](int from, std::span<const std::byte>) {
    transport->receive_bulk(from, tag, {data.data(), data.size()}, [&taken] { ++taken; });
  };
  // It may have come while this rank still waited for the others.
  for (const Early& early : early_packets) take(early.from, early.packet);
  transport->finish(take);
  const bool is_right = transport->rank() == 0 || (taken == 1 && data.back() == std::byte{7});
  if (is_right) return;
  std::fprintf(stderr, "rank %d did not take what was announced at the end\n", transport->rank());
  std::fflush(nullptr);
  std::exit(1);
}

int main(int argc, char** argv) {
  std::optional<boost::mpi::environment> environment;
  std::unique_ptr<Transport> owner;
  if (asked("TUTTI_TEST_ATTACH") != 0) {
    environment.emplace(argc, argv, boost::mpi::threading::multiple);
    owner = attach_mpi(boost::mpi::communicator());
  } else {
    owner = start_mpi(argc, argv);
  }
  transport = owner.get();
  const int expected_ranks = asked("TUTTI_TEST_RANKS");
  if (expected_ranks != 0 && expected_ranks != transport->size()) {
    std::fprintf(stderr, "this test runs on %d ranks, but was to run on %d\n", transport->size(),
                 expected_ranks);
    transport->abort(2);
  }
  doctest::Context context(argc, argv);
  if (transport->rank() != 0) context.setOption("minimal", true);
  const int failures = context.run();
  if (failures != 0) {
    std::fprintf(stderr, "rank %d of %d failed\n", transport->rank(), transport->size());
    std::fflush(nullptr);
    transport->abort(1);
  }
  end_with_data_under_way();
  return 0;
}

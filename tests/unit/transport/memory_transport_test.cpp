#include "transport/memory_transport.hpp"

#include "tutti/bytes.hpp"
#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace tutti::transport;
using tutti::Bytes;
using tutti::ConstBuffer;
using tutti::MutableBuffer;

namespace {

const Transport::OnPacket no_packet = [](int, std::span<const std::byte>) {};

/// Runs `body` on a thread for each rank.
void on_ranks(int size, const std::function<void(Transport&)>& body) {
  const auto world = make_memory_world(size);
  std::vector<std::thread> threads;
  for (const auto& each : world) {
    threads.emplace_back([&body, &each] {
      body(*each);
      each->finish(no_packet);
    });
  }
  for (std::thread& each : threads) each.join();
}

/// Polls, sleeping when there is nothing, until the condition holds.
template <class Condition>
void wait(Transport& transport, Condition condition,
          const Transport::OnPacket& on_packet = no_packet) {
  while (!condition()) {
    const std::uint32_t ticket = transport.prepare_sleep();
    if (!transport.poll(on_packet)) transport.sleep(ticket, transport.sleep_limit());
    transport.end_sleep();
  }
}

Bytes number(int value) {
  Bytes result(sizeof value);
  std::memcpy(result.data(), &value, sizeof value);
  return result;
}

int number_in(std::span<const std::byte> bytes) {
  int value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

MutableBuffer buffer_of(int& value) { return {reinterpret_cast<std::byte*>(&value), sizeof value}; }
ConstBuffer constant_of(const int& value) {
  return {reinterpret_cast<const std::byte*>(&value), sizeof value};
}

}  // namespace

TEST_CASE("packets between all pairs of threads keep their order") {
  constexpr int packets = 2000;
  std::atomic<int> wrong{0};
  on_ranks(4, [&](Transport& transport) {
    std::vector<int> next(4, 0);
    int received = 0;
    const Transport::OnPacket on_packet = [&](int from, std::span<const std::byte> packet) {
      if (number_in(packet) != next[static_cast<std::size_t>(from)]++) ++wrong;
      ++received;
    };
    for (int i = 0; i < packets; ++i) {
      for (int to = 0; to < transport.size(); ++to) transport.send(to, number(i));
      transport.poll(on_packet);
    }
    wait(
        transport, [&] { return received == 4 * packets; }, on_packet);
  });
  CHECK(wrong == 0);
}

TEST_CASE("a packet that is sent from a callback comes with a later poll") {
  const auto world = make_memory_world(1);
  Transport& only = *world[0];
  CHECK_FALSE(only.poll(no_packet));
  only.send(0, number(0));
  int last = -1;
  const Transport::OnPacket answer = [&](int, std::span<const std::byte> packet) {
    last = number_in(packet);
    only.send(0, number(last + 1));
  };
  CHECK(only.poll(answer));
  CHECK(last == 0);
  CHECK(only.poll(answer));
  CHECK(last == 1);
}

TEST_CASE("a receiver that throws loses no other packet of its mailbox") {
  const auto world = make_memory_world(1);
  Transport& only = *world[0];
  for (int i = 0; i < 10; ++i) only.send(0, number(i));
  int expected = 0;
  int thrown = 0;
  while (expected < 10) {
    try {
      only.poll([&](int, std::span<const std::byte> packet) {
        CHECK(number_in(packet) == expected++);
        if (expected % 3 == 0) throw 7;
      });
    } catch (int) {
      ++thrown;
    }
  }
  CHECK(thrown == 3);
}

TEST_CASE("bulk data matches by pair and tag, in order, whoever comes first") {
  const auto world = make_memory_world(2);
  const int first = 11;
  const int second = 22;
  const int other = 33;
  int received[3] = {};
  int done = 0;
  const Done count = [&] { ++done; };
  world[0]->send_bulk(1, 1, constant_of(first), count);
  world[0]->send_bulk(1, 1, constant_of(second), count);
  world[1]->receive_bulk(0, 2, buffer_of(received[2]), count);
  CHECK(world[0]->busy());
  CHECK(done == 0);
  world[1]->receive_bulk(0, 1, buffer_of(received[0]), count);
  world[1]->receive_bulk(0, 1, buffer_of(received[1]), count);
  world[0]->send_bulk(1, 2, constant_of(other), count);
  CHECK(done == 0);
  CHECK(world[0]->poll(no_packet));
  CHECK(done == 3);
  CHECK(world[1]->poll(no_packet));
  CHECK(done == 6);
  CHECK(received[0] == first);
  CHECK(received[1] == second);
  CHECK(received[2] == other);
  CHECK_FALSE(world[0]->busy());
  CHECK_FALSE(world[1]->busy());
}

TEST_CASE("a transfer whose sides do not agree on its size is an error") {
  const auto world = make_memory_world(2);
  std::byte bytes[8] = {};
  world[0]->send_bulk(1, 1, {bytes, 8}, {});
  CHECK_THROWS_AS(world[1]->receive_bulk(0, 1, {bytes, 4}, {}), tutti::Error);
}

TEST_CASE("collectives bring each piece to its place and are counted") {
  for (const int size : {1, 2, 5}) {
    std::atomic<int> wrong{0};
    on_ranks(size, [&](Transport& transport) {
      const int root = transport.size() - 1;
      const bool is_root = transport.rank() == root;
      int announced = is_root ? 77 : 0;
      std::vector<int> values(static_cast<std::size_t>(size));
      std::vector<ConstBuffer> sources;
      std::vector<MutableBuffer> destinations;
      for (int i = 0; i < size && is_root; ++i) {
        int& value = values[static_cast<std::size_t>(i)];
        value = 100 + i;
        sources.push_back(constant_of(value));
        destinations.push_back(buffer_of(value));
      }
      int own = 0;
      int done = 0;
      const Done count = [&] { ++done; };
      transport.broadcast(root, buffer_of(announced), count);
      transport.scatter(root, sources, buffer_of(own), false, count);
      wait(transport, [&] { return done == 2; });
      if (announced != 77 || own != 100 + transport.rank()) ++wrong;
      own *= 2;
      transport.gather(root, constant_of(own), destinations, false, count);
      wait(transport, [&] { return done == 3; });
      for (int i = 0; i < size && is_root; ++i) {
        if (values[static_cast<std::size_t>(i)] != 2 * (100 + i)) ++wrong;
      }
      const CollectiveCounts counts = transport.collective_counts();
      if (counts.broadcast != 1 || counts.scatter != 1 || counts.gather != 1) ++wrong;
    });
    CHECK(wrong == 0);
  }
}

TEST_CASE("a sleeping thread is woken by a packet, by bulk data and by wake") {
  const auto world = make_memory_world(2);
  std::atomic<int> steps{0};
  std::atomic<bool> flag{false};
  std::thread sleeper([&] {
    const auto sleep_until = [&](const auto& condition, const Transport::OnPacket& on_packet) {
      const auto begin = std::chrono::steady_clock::now();
      while (!condition()) {
        const std::uint32_t ticket = world[1]->prepare_sleep();
        if (!world[1]->poll(on_packet) && !condition()) world[1]->sleep(ticket, 10s);
        world[1]->end_sleep();
      }
      if (std::chrono::steady_clock::now() - begin < 5s) ++steps;
    };
    bool received = false;
    sleep_until([&] { return received; },
                [&](int, std::span<const std::byte>) { received = true; });
    int value = 0;
    bool done = false;
    world[1]->receive_bulk(0, 1, buffer_of(value), [&] { done = true; });
    sleep_until([&] { return done; }, no_packet);
    sleep_until([&] { return flag.load(); }, no_packet);
  });
  const int value = 5;
  world[0]->send(1, number(1));
  bool done = false;
  world[0]->send_bulk(1, 1, constant_of(value), [&] { done = true; });
  wait(*world[0], [&] { return done; });
  flag.store(true);
  world[1]->wake();
  sleeper.join();
  CHECK(steps == 3);
}

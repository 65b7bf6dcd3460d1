#include "transport/doorbell.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace std::chrono_literals;
using tutti::transport::DoorbellAddress;
using tutti::transport::Doorbells;

TEST_CASE("a ring after prepare ends the sleep that follows at once") {
  const auto bells = Doorbells::make_private(2);
  const std::uint32_t ticket = bells->prepare(1);
  bells->ring(1);
  CHECK(bells->sleep(1, ticket, 10s));
  bells->end(1, ticket);
}

TEST_CASE("a sleep that nobody ends is over at its limit") {
  const auto bells = Doorbells::make_private(1);
  const std::uint32_t ticket = bells->prepare(0);
  CHECK_FALSE(bells->sleep(0, ticket, 1ms));
  CHECK_FALSE(bells->sleep(0, ticket, 0ms));
  bells->end(0, ticket);
}

TEST_CASE("a ring while awake does not end a later sleep") {
  const auto bells = Doorbells::make_private(1);
  bells->ring(0);
  const std::uint32_t ticket = bells->prepare(0);
  CHECK_FALSE(bells->sleep(0, ticket, 1ms));
  bells->end(0, ticket);
}

TEST_CASE("no wake-up is lost between two threads that wait for each other") {
  constexpr int rounds = 20'000;
  const auto bells = Doorbells::make_private(2);
  std::atomic<int> turn{0};
  std::atomic<int> too_long{0};
  const auto play = [&](int me) {
    for (int round = 0; round < rounds; ++round) {
      while (turn.load(std::memory_order_relaxed) % 2 != me) {
        const std::uint32_t ticket = bells->prepare(me);
        // A lost wake-up would show as a sleep that lasts to its limit.
        if (turn.load(std::memory_order_relaxed) % 2 != me && !bells->sleep(me, ticket, 5s) &&
            turn.load(std::memory_order_relaxed) % 2 != me) {
          ++too_long;
        }
        bells->end(me, ticket);
      }
      turn.fetch_add(1, std::memory_order_relaxed);
      bells->ring(1 - me);
    }
  };
  std::thread other(play, 1);
  play(0);
  other.join();
  CHECK(turn == 2 * rounds);
  CHECK(too_long == 0);
}

TEST_CASE("another process rings a shared bell") {
  const auto bells = Doorbells::make_shared(3);
  REQUIRE(bells != nullptr);
  const std::uint32_t ticket = bells->prepare(2);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto opened = Doorbells::open_shared(bells->address(), 3);
    if (opened != nullptr) opened->ring(2);
    _exit(opened != nullptr ? 0 : 1);
  }
  CHECK(bells->sleep(2, ticket, 10s));
  bells->end(2, ticket);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("what is not the segment of that address is not opened") {
  const auto bells = Doorbells::make_shared(2);
  REQUIRE(bells != nullptr);
  CHECK(Doorbells::open_shared(bells->address(), 2) != nullptr);
  CHECK(Doorbells::open_shared({}, 2) == nullptr);
  DoorbellAddress address = bells->address();
  address.secret += 1;
  CHECK(Doorbells::open_shared(address, 2) == nullptr);
  address = bells->address();
  address.inode += 1;
  CHECK(Doorbells::open_shared(address, 2) == nullptr);
  address = bells->address();
  address.descriptor = 0;
  CHECK(Doorbells::open_shared(address, 2) == nullptr);
  // Longer than the segment is: memory behind its end would be touched.
  CHECK(Doorbells::open_shared(bells->address(), 100'000) == nullptr);
  address = bells->address();
  bells->close_descriptor();
  CHECK(Doorbells::open_shared(address, 2) == nullptr);
}

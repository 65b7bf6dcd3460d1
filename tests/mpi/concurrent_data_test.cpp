// Data calls of several client threads at the same time, over real ranks: what one thread places,
// copies, moves and gathers stays right while the others do the same.
//
// test ranks: 3 4
// test env: TUTTI_THREADS_PER_WORKER=1 TUTTI_VALIDATE=1
// test labels: san
// test timeout: 120

#include "support/expect.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <iostream>
#include <map>
#include <mutex>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Future;
using tutti::Futures;

/// The sizes around which ways of travel change.
std::size_t some_size(std::mt19937& random) {
  constexpr std::array<std::size_t, 14> sizes{0,   1,    2,    3,    127,    128,    129,
                                              511, 1024, 8191, 8192, 131071, 131073, 262145};
  return sizes[random() % sizes.size()];
}

std::vector<double> numbers(std::size_t count, double first) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

using Call = std::function<void(std::mt19937& random)>;

/// Each call `rounds` times on a thread of its own. Nothing of it throws.
void beside_each_other(const std::vector<Call>& calls, int rounds) {
  std::mutex mutex;
  std::map<std::string, int> errors;
  std::vector<std::thread> threads;
  for (std::size_t number = 0; number < calls.size(); ++number) {
    threads.emplace_back([&, number] {
      std::mt19937 random(static_cast<unsigned>(number));
      for (int round = 0; round < rounds; ++round) {
        try {
          calls[number](random);
        } catch (const std::exception& error) {
          const std::lock_guard lock(mutex);
          ++errors["call " + std::to_string(number) + ": " + error.what()];
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& [text, count] : errors) std::cout << count << " times " << text << "\n";
  expect(errors.empty());
}

void scatter_and_gather(tutti::Client& client, std::mt19937& random) {
  const std::size_t size = some_size(random);
  const auto values = numbers(size, static_cast<double>(random() % 1000));
  const Futures<double> there = client.scatter({.hash = random() % 2 == 0}, values);
  // Some are dropped while others copy and move them.
  if (random() % 3 == 0) return;
  if (random() % 2 == 0) {
    expect(client.gather(there) == values);
  } else {
    std::vector<double> place(size);
    client.gather_into(place, there);
    expect(place == values);
  }
}

void broadcast_and_use(tutti::Client& client, std::mt19937& random) {
  const auto values = numbers(some_size(random), static_cast<double>(random() % 1000));
  const Future<std::vector<double>> there = client.broadcast(values);
  if (random() % 3 == 0) return;
  const auto sum = [](const std::vector<double>& each) {
    return std::accumulate(each.begin(), each.end(), 0.0);
  };
  expect_equal(client.submit(sum, there).result(), sum(values));
}

void scatter_one_value(tutti::Client& client, std::mt19937& random) {
  const auto values = numbers(some_size(random), static_cast<double>(random() % 1000));
  const auto there = client.scatter({.hash = random() % 2 == 0}, tutti::constant(values));
  if (random() % 3 != 0) expect(there.result() == values);
}

void map_and_gather(tutti::Client& client, std::mt19937& random) {
  const auto count = static_cast<int>(some_size(random) % 3000);
  const double first = static_cast<double>(random() % 1000);
  const auto results = client.map([first](int i) { return first + i; }, tutti::range(count));
  expect(client.gather(results) == numbers(static_cast<std::size_t>(count), first));
}

/// Small results of a map are gathered by one collective of all ranks; copies of its stretches come
/// and go meanwhile.
void gathers_beside_copies(tutti::Client& client) {
  const auto small = client.map([](int i) { return i * 7; }, tutti::range(500));
  const auto large = client.map(
      [](int i) {
        std::array<double, 512> all;
        all.fill(i);
        return all;
      },
      tutti::range(200));
  tutti::wait(small);
  tutti::wait(large);
  const Call gather_small = [&](std::mt19937&) {
    const std::vector<int> all = client.gather(small);
    expect_equal(all.size(), 500u);
    for (int i = 0; i < 500; ++i) expect_equal(all[static_cast<std::size_t>(i)], 7 * i);
  };
  const Call copy = [&](std::mt19937& random) {
    if (random() % 2 == 0) {
      client.replicate({.n = 2}, small);
    } else {
      client.replicate({.n = 1 + random() % 2}, large);
    }
  };
  beside_each_other(
      {[&](std::mt19937& random) { scatter_and_gather(client, random); },
       [&](std::mt19937& random) { broadcast_and_use(client, random); },
       [&](std::mt19937& random) { map_and_gather(client, random); },
       [&](std::mt19937&) { (void)client.rebalance(); }, copy, gather_small, gather_small},
      60);
}

/// A map that was never copied: its first copies are under way while it is gathered.
void first_copies_beside_gathers(tutti::Client& client) {
  for (int round = 0; round < 100; ++round) {
    const auto results = client.map([](int i) { return 3 * i; }, tutti::range(300));
    tutti::wait(results);
    const auto gather = [&] {
      const std::vector<int> all = client.gather(results);
      for (int i = 0; i < 300; ++i) expect_equal(all[static_cast<std::size_t>(i)], 3 * i);
    };
    std::thread copies([&] { client.replicate({.n = 2}, results); });
    std::thread other(gather);
    gather();
    copies.join();
    other.join();
  }
}

/// What is being placed is not yet where it will be, and cannot be moved from there.
void moves_beside_placing(tutti::Client& client) {
  beside_each_other({[&](std::mt19937& random) { scatter_and_gather(client, random); },
                     [&](std::mt19937& random) { scatter_one_value(client, random); },
                     [&](std::mt19937& random) { broadcast_and_use(client, random); },
                     [&](std::mt19937&) { (void)client.rebalance(); },
                     [&](std::mt19937&) { (void)client.rebalance(); }},
                    100);
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    expect_ranks(client);
    gathers_beside_copies(client);
    first_copies_beside_gathers(client);
    moves_beside_placing(client);
    return exit_code();
  });
}

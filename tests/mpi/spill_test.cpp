// A data set of several times the memory limit goes through maps, folds and graphs.
//
// test ranks: 1 2 3
// test env: TUTTI_MEMORY_LIMIT=64MB TUTTI_THREADS_PER_WORKER=1
// test timeout: 120

#include "support/expect.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace tutti_test;
using Doubles = std::vector<double>;

constexpr std::size_t length = 256 * 1024;  // 2 MB
constexpr std::uint64_t limit_bytes = 64'000'000;

Doubles make(int number) {
  Doubles values(length);
  std::iota(values.begin(), values.end(), static_cast<double>(number));
  return values;
}
Doubles twice(const Doubles& values) {
  Doubles result(values);
  for (double& each : result) each *= 2;
  return result;
}
double sum(const Doubles& values) { return std::accumulate(values.begin(), values.end(), 0.0); }
double expected_sum(int number) {
  const auto count = static_cast<double>(length);
  return count * number + count * (count - 1) / 2;
}

/// Enough elements for four times the limit on every rank that works.
int element_count(tutti::Client& client) {
  const int workers = std::max(1, client.ranks() - 1);
  return workers * static_cast<int>(4 * limit_bytes / (length * sizeof(double)));
}

void expect_within_limits(tutti::Client& client) {
  std::uint64_t spilled = 0;
  for (const tutti::RankMemory& each : client.memory()) {
    spilled += each.spilled_bytes;
    expect_equal(each.limit_bytes, limit_bytes);
    // What is coming and going is beyond the level, but never beyond the limit.
    expect(each.managed_bytes <= limit_bytes);
  }
  expect(spilled > limit_bytes);
}

void maps_over_maps(tutti::Client& client) {
  const int count = element_count(client);
  const auto made = client.map(make, tutti::range(count));
  const auto doubled = client.map(twice, made);
  const auto sums = client.gather(client.map(sum, doubled));
  for (int index = 0; index < count; ++index)
    expect_equal(sums[static_cast<std::size_t>(index)], 2 * expected_sum(index));
  std::cout << client.memory();
  expect_within_limits(client);
  // Once more over what was made first, of which little is in memory.
  const auto again = client.gather(client.map(sum, made));
  for (int index = 0; index < count; ++index)
    expect_equal(again[static_cast<std::size_t>(index)], expected_sum(index));
  // Two sources, and elements that come to rank 0 one by one.
  const auto sums_of_both = client.gather(client.map(
      [](const Doubles& a, const Doubles& b) { return sum(a) + sum(b); }, made, doubled));
  expect_equal(sums_of_both[3], 3 * expected_sum(3));
  expect_equal(made[5].result().back(), 5.0 + static_cast<double>(length) - 1);
}

void folds(tutti::Client& client) {
  const int count = element_count(client);
  const auto add = [](const Doubles& a, const Doubles& b) {
    Doubles result(a);
    for (std::size_t index = 0; index < result.size(); ++index) result[index] += b[index];
    return result;
  };
  const auto made = client.map(make, tutti::range(count));
  const Doubles total = client.fold(add, made).result();
  expect_equal(total[1], count * (count - 1) / 2.0 + count);
  const Doubles reduced = client.map_reduce(make, tutti::range(count), add).result();
  expect(reduced == total);
}

void graphs(tutti::Client& client) {
  const int count = element_count(client);
  std::vector<tutti::Future<Doubles>> made;
  for (int index = 0; index < count; ++index) made.push_back(client.submit(make, index));
  std::vector<tutti::Future<double>> sums;
  const auto both = [](const Doubles& a, const Doubles& b) { return sum(a) + sum(b); };
  for (int index = 0; index < count; ++index)
    sums.push_back(client.submit(both, made[static_cast<std::size_t>(index)],
                                 made[static_cast<std::size_t>(count - 1 - index)]));
  const auto results = client.gather(sums);
  for (int index = 0; index < count; ++index)
    expect_equal(results[static_cast<std::size_t>(index)],
                 expected_sum(index) + expected_sum(count - 1 - index));
  std::cout << client.memory();
  expect_within_limits(client);

  std::vector<tutti::Delayed<double>> parts;
  for (int index = 0; index < count; ++index)
    parts.push_back(tutti::delayed(sum)(tutti::delayed(twice)(tutti::delayed(make)(index))));
  const auto add_all = [](const std::vector<double>& all) {
    return std::accumulate(all.begin(), all.end(), 0.0);
  };
  double expected = 0;
  for (int index = 0; index < count; ++index) expected += 2 * expected_sum(index);
  expect_equal(tutti::delayed(add_all)(parts).compute(), expected);
}

/// Pieces that no rank may hold are refused before they move; those that fit are spilled.
void scatters(tutti::Client& client) {
  const auto workers = static_cast<std::size_t>(std::max(1, client.ranks() - 1));
  const Doubles all(2 * workers * limit_bytes / sizeof(double), 1.0);
  for (const bool whole : {true, false}) {
    expect_throws<tutti::Error>([&] { (void)client.scatter({.broadcast = whole}, all); },
                                "in one piece to rank");
  }
  expect_throws<tutti::Error>([&] { (void)client.scatter(all); }, "raise memory_limit");
  std::vector<Doubles> parts;
  for (std::size_t part = 0; part < 2 * workers; ++part)
    parts.push_back(make(static_cast<int>(part)));
  const auto futures = client.scatter(parts);
  const auto sums = client.gather(client.map(sum, futures));
  for (std::size_t part = 0; part < sums.size(); ++part)
    expect_equal(sums[part], expected_sum(static_cast<int>(part)));
}

/// What the client scatters leaves memory like results, although futures name it. (On several ranks
/// of a node a part of it lies in the memory of the node.)
void scattered_values_leave_memory(tutti::Client& client) {
  const std::size_t workers = static_cast<std::size_t>(std::max(1, client.ranks() - 1));
  std::vector<tutti::Future<Doubles>> futures;
  for (std::size_t number = 0; number < 50 * workers; ++number) {
    futures.push_back(
        client.scatter({.hash = false}, tutti::constant(make(static_cast<int>(number)))));
  }
  const auto spilled = [&] {
    std::uint64_t bytes = 0;
    for (const tutti::RankMemory& each : client.memory()) bytes += each.spilled_bytes;
    return bytes;
  };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(50);
  if (client.ranks() == 1) {
    while (spilled() < limit_bytes / 2 && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
    expect(spilled() >= limit_bytes / 2);
  }
  for (std::size_t number = 0; number < futures.size(); ++number) {
    expect_equal(client.submit(sum, futures[number]).result(),
                 expected_sum(static_cast<int>(number)));
  }
  expect_equal(futures.front().result().back(), static_cast<double>(length - 1));
}

/// More than the limit is not gathered, wherever it lies; parts of it are.
void gathers_have_room(tutti::Client& client) {
  const auto all = client.map(make, tutti::range(40));
  const std::string sentence = "gather would bring 83.9 MB to rank 0, which may use 64.0 MB";
  expect_throws<tutti::Error>([&] { (void)client.gather(all); }, sentence);
  const std::vector<tutti::Future<Doubles>> elements(all.begin(), all.end());
  expect_throws<tutti::Error>([&] { (void)client.gather(elements); }, sentence);
  std::vector<tutti::Future<Doubles>> tasks;
  for (int number = 0; number < 40; ++number) tasks.push_back(client.submit(make, number));
  expect_throws<tutti::Error>([&] { (void)client.gather(tasks); }, sentence);
  tasks.resize(8);
  const std::vector<Doubles> some = client.gather(tasks);
  for (std::size_t number = 0; number < some.size(); ++number)
    expect_equal(sum(some[number]), expected_sum(static_cast<int>(number)));
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    expect_ranks(client);
    maps_over_maps(client);
    folds(client);
    graphs(client);
    scatters(client);
    scattered_values_leave_memory(client);
    gathers_have_room(client);
    return exit_code();
  });
}

// Tasks that submit tasks, retries and cancelling where results do not fit into memory.
//
// test ranks: 1 2 3
// test env: TUTTI_MEMORY_LIMIT=64MB TUTTI_THREADS_PER_WORKER=1 TUTTI_VALIDATE=1
// test timeout: 120

#include "support/expect.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Client;
using tutti::Future;
using tutti::Futures;
using Doubles = std::vector<double>;

constexpr std::size_t length = 256 * 1024;  // 2 MB
constexpr std::uint64_t limit_bytes = 64'000'000;
/// Three times what one rank may use.
constexpr int many = static_cast<int>(3 * limit_bytes / (length * sizeof(double)));

Doubles make(int number) {
  Doubles values(length);
  std::iota(values.begin(), values.end(), static_cast<double>(number));
  return values;
}
double sum(const Doubles& values) { return std::accumulate(values.begin(), values.end(), 0.0); }
double expected_sum(int number) {
  const auto count = static_cast<double>(length);
  return count * number + count * (count - 1) / 2;
}

std::uint64_t spilled(Client& client) {
  std::uint64_t bytes = 0;
  for (const tutti::RankMemory& each : client.memory()) bytes += each.spilled_bytes;
  return bytes;
}

/// All of it is held by one task, which waits for it.
double hold_many(int tasks, const std::string& held, const std::string& gate) {
  Client client = tutti::client();
  std::vector<Future<Doubles>> made;
  for (int number = 0; number < tasks; ++number) made.push_back(client.submit(make, number));
  (void)tutti::wait(made);
  std::ofstream(held) << "held\n";
  (void)pass_gate(gate, 0);
  double total = 0;
  // The first ones went to disk long ago.
  for (const Future<Doubles>& each : made) total += client.submit(sum, each).result();
  total += made.front().result().back() + made.back().result().front();
  return total;
}

double hold_a_map(int elements) {
  Client client = tutti::client();
  const Futures<Doubles> made = client.map(make, tutti::range(elements));
  const std::vector<double> sums = client.gather(client.map(sum, made));
  Doubles place(static_cast<std::size_t>(elements));
  client.gather_into(place, client.map(sum, made));
  if (place != sums) throw std::runtime_error("gather_into gives something else");
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

void results_of_tasks_in_tasks_are_spilled(Client& client) {
  double expected = 0;
  for (int number = 0; number < many; ++number) expected += expected_sum(number);
  const double ends = static_cast<double>(length) - 1 + many - 1;
  const Gate held;
  const Gate gate;
  const Future<double> total = client.submit(hold_many, many, held.path(), gate.path());
  (void)pass_gate(held.path(), 0);
  const int workers = std::max(1, client.ranks() - 1);
  // Three times the limit of a rank, of which each keeps less than its own; rank 0 is told now and
  // then.
  while (spilled(client) < limit_bytes * static_cast<std::uint64_t>(3 - workers))
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::cout << client.memory();
  gate.open();
  expect_equal(total.result(), expected + ends);
  expect_equal(client.submit(hold_a_map, many).result(), expected);
}

/// A tree in which each task that waits holds an input and a result of its own.
double tree(const Doubles& held, int depth) {
  const double own = held[0];
  if (depth == 0) return own;
  Client client = tutti::client();
  const Future<Doubles> next = client.submit(make, static_cast<int>(own) + 1);
  const Future<double> left = client.submit(tree, next, depth - 1);
  const Future<double> right = client.submit(tree, next, depth - 1);
  return left.result() + right.result() + held.back() - static_cast<double>(length) + 1 - own;
}

void trees_that_hold_data_end(Client& client) {
  expect_equal(client.submit(tree, client.submit(make, 1), 7).result(), 128.0 * 8);
}

/// Takes its argument by value: a copy, as long as it may be tried again.
double fails_twice(Doubles values) {
  const double result = sum(values);
  values.assign(1, -1.0);
  if (tutti::get_worker().attempt() < 3) throw std::runtime_error("not yet");
  return result;
}

void what_is_tried_again_finds_its_inputs(Client& client) {
  std::vector<Future<Doubles>> made;
  for (int number = 0; number < many; ++number) made.push_back(client.submit(make, number));
  (void)tutti::wait(made);
  std::vector<Future<double>> sums;
  for (const Future<Doubles>& each : made)
    sums.push_back(client.submit({.retries = 2}, fails_twice, each));
  // On several ranks at once, and in the memory of the node.
  const Future<Doubles> everywhere = client.broadcast(make(5));
  const Future<double> of_broadcast = client.submit({.retries = 2}, fails_twice, everywhere);
  if (client.ranks() > 2) client.replicate(made[1]);
  const Future<double> of_copies = client.submit({.retries = 2}, fails_twice, made[1]);
  // Nothing else names it any more: the last attempt may have it.
  made.clear();
  for (int number = 0; number < many; ++number)
    expect_equal(sums[static_cast<std::size_t>(number)].result(), expected_sum(number));
  expect_equal(of_broadcast.result(), expected_sum(5));
  expect_equal(of_copies.result(), expected_sum(1));
}

double wait_until_told(const Doubles& values, const std::string& gate) {
  (void)pass_gate(gate, 0);
  return values.empty() ? 0 : values.back();
}

void what_is_cancelled_lets_go_of_its_inputs(Client& client) {
  const Gate gate;
  std::vector<Future<Doubles>> made;
  for (int number = 0; number < many; ++number) made.push_back(client.submit(make, number));
  const Future<Doubles> everywhere = client.broadcast(make(5));
  (void)tutti::wait(made);
  std::vector<Future<double>> waiting;
  for (const Future<Doubles>& each : made)
    waiting.push_back(client.submit(wait_until_told, each, gate.path()));
  waiting.push_back(client.submit(wait_until_told, everywhere, gate.path()));
  const Futures<double> map = client.map(
      [](const Doubles& values, int index) { return values[static_cast<std::size_t>(index)]; },
      tutti::constant(made[2]), tutti::range(1000));
  if (client.ranks() > 2) client.replicate(made[1]);
  client.cancel(waiting);
  client.cancel(map);
  for (const Future<double>& each : waiting)
    expect_throws<tutti::CancelledError>([&] { (void)each.result(); });
  made.clear();
  gate.open();
  // Everything that was cancelled is gone; there is room for as much again.
  std::vector<Future<Doubles>> again;
  for (int number = 0; number < many; ++number) again.push_back(client.submit(make, number));
  expect_equal(client.submit(sum, again.front()).result(), expected_sum(0));
  expect_equal(client.submit(sum, everywhere).result(), expected_sum(5));
}

/// The first number says where it was made.
Doubles make_and_sign(int) { return Doubles(length, tutti::get_worker().rank()); }

int gather_too_much() {
  Client client = tutti::client();
  Futures<Doubles> made;
  std::ptrdiff_t elsewhere = 0;
  for (int elements = many;
       static_cast<std::size_t>(elsewhere) * length * sizeof(double) <= limit_bytes;
       elements *= 2) {
    if (elements > 8 * many) return 4;
    made = client.map(make_and_sign, tutti::range(elements));
    const auto first = [](const Doubles& values) { return values.front(); };
    const std::vector<double> ranks = client.gather(client.map(first, made));
    elsewhere = elements - std::ranges::count(ranks, tutti::get_worker().rank());
  }
  try {
    (void)client.gather(made);
  } catch (const tutti::Error& error) {
    return error.code() == tutti::ErrorCode::no_memory ? 1 : 2;
  }
  return 3;
}

void gather_in_a_task_has_a_limit(Client& client) {
  // On two ranks all of it is on the rank of the task already.
  if (client.ranks() > 2) expect_equal(client.submit(gather_too_much).result(), 1);
}

/// Holds futures while main evens out what the ranks hold.
double hold_while(const std::string& begun, const std::string& gate) {
  Client client = tutti::client();
  std::vector<Future<Doubles>> made;
  for (int number = 0; number < 6; ++number) made.push_back(client.submit(make, number));
  (void)tutti::wait(made);
  std::ofstream(begun) << "begun\n";
  (void)pass_gate(gate, 0);
  double total = 0;
  for (const Future<Doubles>& each : made) total += each.result()[0];
  return total;
}

void what_tasks_hold_stays_where_it_is(Client& client) {
  if (client.ranks() < 3) return;
  const Gate begun;
  const Gate gate;
  const Future<double> total = client.submit(hold_while, begun.path(), gate.path());
  (void)pass_gate(begun.path(), 0);
  (void)client.rebalance();
  gate.open();
  expect_equal(total.result(), 15.0);
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](Client& client) {
    expect_ranks(client);
    results_of_tasks_in_tasks_are_spilled(client);
    trees_that_hold_data_end(client);
    what_is_tried_again_finds_its_inputs(client);
    what_is_cancelled_lets_go_of_its_inputs(client);
    gather_in_a_task_has_a_limit(client);
    what_tasks_hold_stays_where_it_is(client);
    return exit_code();
  });
}

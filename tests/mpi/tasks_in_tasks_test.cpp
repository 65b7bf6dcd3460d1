// Tasks that submit tasks and wait for them, on any rank and with any number of slots.
//
// test ranks: 1 2 3
// test env: TUTTI_THREADS_PER_WORKER=1

#include "support/expect.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Client;
using tutti::Future;
using tutti::Futures;
using Clock = std::chrono::steady_clock;

int square(int x) { return x * x; }
int add(int a, int b) { return a + b; }

int fibonacci(int n) {
  if (n < 2) return n;
  Client client = tutti::client();
  const Future<int> left = client.submit(fibonacci, n - 1);
  const Future<int> right = client.submit(fibonacci, n - 2);
  return left.result() + right.result();
}

void recursion_needs_no_more_than_one_slot(Client& client) {
  expect_equal(client.submit(fibonacci, 12).result(), 144);
  const auto start = Clock::now();
  expect_equal(client.submit(fibonacci, 16).result(), 987);
  const double us = std::chrono::duration<double, std::micro>(Clock::now() - start).count();
  std::cout << "fibonacci(16): " << us / 3193 << " us a task\n";
  // Several at once, so that their tasks mix.
  const std::vector<int> all = client.gather(client.map(fibonacci, tutti::range(12)));
  expect(all == std::vector<int>{0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89});
}

/// Tasks of which nothing is known, or that take long, do not run on the stack of those that wait.
int slow_fibonacci(int n) {
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (n < 2) return n;
  Client client = tutti::client();
  const Future<int> left = client.submit(slow_fibonacci, n - 1);
  const Future<int> right = client.submit(slow_fibonacci, n - 2);
  return left.result() + right.result();
}

/// Waits for one after the other, so that as many wait as there are.
int countdown(int n) { return n == 0 ? 0 : 1 + tutti::client().submit(countdown, n - 1).result(); }

void slow_tasks_and_long_chains_of_waits_end(Client& client) {
  expect_equal(client.submit(slow_fibonacci, 7).result(), 13);
  expect_equal(client.submit(countdown, 100).result(), 100);
}

struct Point {
  int x = 0;
  std::string name;
};

/// Everything that a client can do, in a task.
int use_all_of_a_client() {
  Client client = tutti::get_worker().client();
  const auto check = [](bool holds, const char* what) {
    if (!holds) throw std::runtime_error(what);
  };
  // A future as an argument, small and large results, and arguments that travel beside the call.
  const Future<int> nine = client.submit(square, 3);
  check(client.submit(add, nine, client.submit(square, 4)).result() == 25, "futures as arguments");
  const std::string text =
      client.submit([](int n) { return std::string(static_cast<std::size_t>(n), 'x'); }, 100'000)
          .result();
  check(text.size() == 100'000, "a large result");
  const std::vector<double> numbers(50'000, 0.5);
  check(
      client.submit([](const std::vector<double>& all) { return all.size(); }, numbers).result() ==
          50'000,
      "a large argument");
  const Point point = client.submit(
                                [](const std::string& name) {
                                  return Point{7, name};
                                },
                                "seven")
                          .result();
  check(point.x == 7 && point.name == "seven", "a struct");

  // Maps: over ranges, vectors, and other maps; elements one by one, and all of them.
  const Futures<int> squares = client.map(square, tutti::range(100));
  check(squares[9].result() == 81, "an element");
  const Futures<int> more =
      client.map([](int a, int b) { return a + b; }, squares, std::vector<int>(100, 1));
  const std::vector<int> all = client.gather(more);
  check(all.size() == 100 && all[10] == 101, "a map over a map");
  int sum = 0;
  for (const Future<int>& each : tutti::as_completed(squares)) sum += each.result();
  check(sum == 328'350, "as_completed");
  check(client.fold(add, squares).result() == 328'350, "fold");
  check(client.map_reduce(square, tutti::range(1'000), add).result() == 332'833'500, "map_reduce");

  // Placed values, graphs, waiting.
  const Future<std::vector<double>> placed = client.broadcast(numbers);
  check(
      client.submit([](const std::vector<double>& here) { return here.back(); }, placed).result() ==
          0.5,
      "a placed value");
  const Futures<int> spread = client.scatter(std::vector<int>{1, 2, 3});
  check(client.gather(client.map(square, spread)) == std::vector<int>{1, 4, 9},
        "a placed sequence");
  const auto a = tutti::delayed(square)(5);
  check(tutti::delayed(add)(a, a).compute() == 50, "delayed calls");
  const auto waited = tutti::wait(std::vector<Future<int>>{nine});
  check(waited.done.size() == 1, "wait");
  bool called = false;
  nine.add_done_callback([&called](const Future<int>&) { called = true; });
  check(called, "a callback");
  const Future<int> after =
      client.submit({.name = "after", .after = tutti::after(nine)}, square, 2);
  check(after.result() == 4, "order");
  tutti::fire_and_forget(client.submit(square, 1));
  return client.ranks();
}

void a_task_has_a_whole_client(Client& client) {
  const int ranks = client.submit(use_all_of_a_client).result();
  if (!is_serial()) expect_equal(ranks, client.ranks());
  // On every rank that works.
  for (const int each :
       client.gather(client.map([](int) { return use_all_of_a_client(); }, tutti::range(6))))
    expect_equal(each, ranks);
}

int thrower(int n) {
  if (n == 0) throw std::runtime_error("the bottom is reached");
  return tutti::client().submit(thrower, n - 1).result();
}

void failures_come_up_through_the_tasks(Client& client) {
  const Future<int> future = client.submit(thrower, 3);
  expect_throws<tutti::TaskFailed>([&] { future.result(); }, "the bottom is reached");
  // A task can catch what its tasks threw, with what there is to say about it.
  const auto catcher = [] {
    const auto inner = [](int x) -> int {
      throw std::invalid_argument("bad " + std::to_string(x));
    };
    try {
      return std::to_string(tutti::client().submit({.name = "inner"}, inner, 5).result());
    } catch (const tutti::TaskFailed& failed) {
      return failed.failure().type + ", " + failed.failure().message + ", " + failed.failure().task;
    }
  };
  expect_equal(client.submit(catcher).result(), std::string("std::invalid_argument, bad 5, inner"));
  const auto elements = [] {
    const auto odd = [](int x) { return x % 2 == 1 ? throw std::runtime_error("odd") : x; };
    Client inner = tutti::client();
    const Futures<int> futures = inner.map(odd, tutti::range(10));
    const std::vector<int> good = inner.gather({.errors = tutti::Errors::skip}, futures);
    const bool told = futures[3].exception().has_value() && !futures[4].exception().has_value();
    return std::pair(std::accumulate(good.begin(), good.end(), 0), told);
  };
  expect(client.submit(elements).result() == std::pair(20, true));
}

int endless(int depth) { return tutti::client().submit(endless, depth + 1).result(); }

void recursion_without_end_is_an_error(Client& client) {
  const std::string text = expect_throws<tutti::TaskFailed>(
      [&] { client.submit(endless, 0).result(); }, "is there an end to the recursion?");
  expect(text.find("endless") != std::string::npos);
  expect(text.find("max_waiting_tasks") != std::string::npos);
  // The rank has room for others again.
  expect_equal(client.submit(fibonacci, 10).result(), 55);
}

void what_only_main_may_do_is_said(Client& client) {
  const auto run_in_task = [] { (void)tutti::client().run(square, 2); };
  expect_throws<tutti::TaskFailed>([&] { client.submit(run_in_task).result(); },
                                   "only main may call it");
  const auto refused = [](auto call) {
    try {
      call(tutti::client());
    } catch (const tutti::Error& error) {
      return error.code() == tutti::ErrorCode::unsatisfiable;
    }
    return false;
  };
  const auto ask_for_places = [refused] {
    Client inside = tutti::client();
    const Future<int> future = inside.scatter(3);
    const std::vector<int> numbers{1, 2};
    return refused([&](Client each) { (void)each.who_has(future); }) &&
           refused([&](Client each) { (void)each.has_what(); }) &&
           refused([&](Client each) { (void)each.nbytes(future); }) &&
           refused([&](Client each) { each.replicate(future); }) &&
           refused([&](Client each) { (void)each.rebalance(); }) &&
           refused([&](Client each) { (void)each.memory(); }) &&
           refused([&](Client each) { (void)each.scatter({.workers = {0}}, numbers); });
  };
  expect(client.submit(ask_for_places).result());
  const auto end_in_task = [] { tutti::client().shutdown(); };
  if (!is_serial()) {
    expect_throws<tutti::TaskFailed>([&] { client.submit(end_in_task).result(); },
                                     "only main may call it");
  }
}

std::vector<std::uint64_t> draw(int depth) {
  tutti::Random& random = tutti::get_worker().random();
  std::vector<std::uint64_t> numbers{random(), random()};
  if (depth == 0) return numbers;
  Client client = tutti::client();
  for (const std::vector<std::uint64_t>& each :
       client.gather(client.map(draw, std::vector<int>(3, depth - 1))))
    numbers.insert(numbers.end(), each.begin(), each.end());
  const std::vector<std::uint64_t> single = client.submit(draw, depth - 1).result();
  numbers.insert(numbers.end(), single.begin(), single.end());
  numbers.push_back(random());
  return numbers;
}

void random_numbers_are_the_same_on_any_number_of_ranks(Client& client) {
  std::vector<std::uint64_t> all;
  for (const auto& each : client.gather(client.map(draw, std::vector<int>(10, 2))))
    all.insert(all.end(), each.begin(), each.end());
  const std::vector<std::uint64_t> single = client.submit(draw, 2).result();
  all.insert(all.end(), single.begin(), single.end());
  expect_equal(std::set<std::uint64_t>(all.begin(), all.end()).size(), all.size());
  std::uint64_t hash = 0;
  for (const std::uint64_t each : all) hash = (hash ^ each) * 0x9e3779b97f4a7c15ull;
  std::cout << "random numbers: " << hash << "\n";
  expect_equal(hash, std::uint64_t{12220907807818921443u});
}

void a_task_knows_where_it_runs(Client& client) {
  const auto where = [] {
    const tutti::Worker& worker = tutti::get_worker();
    return std::pair(worker.hostname() + " " + std::to_string(worker.node()), worker.attempt());
  };
  const auto [place, attempt] = client.submit(where).result();
  expect(place.size() > 2);
  expect_equal(attempt, 1);
  const auto scratch = [](int n) {
    const std::filesystem::path file =
        tutti::get_worker().local_directory() / ("file" + std::to_string(n));
    std::ofstream(file) << n;
    return file.parent_path().string();
  };
  const std::vector<std::string> directories = client.gather(client.map(scratch, tutti::range(8)));
  expect(std::set<std::string>(directories.begin(), directories.end()).size() <=
         static_cast<std::size_t>(client.ranks()));
  expect(std::filesystem::exists(directories.front()));
  expect_throws<tutti::Error>([] { (void)tutti::get_worker().random(); }, "runs no task");
  expect(!tutti::get_worker().cancelled());
}

}  // namespace

int main(int argc, char** argv) {
  const int code = tutti::run(argc, argv, [](Client& client) {
    expect_ranks(client);
    random_numbers_are_the_same_on_any_number_of_ranks(client);
    recursion_needs_no_more_than_one_slot(client);
    slow_tasks_and_long_chains_of_waits_end(client);
    a_task_has_a_whole_client(client);
    failures_come_up_through_the_tasks(client);
    recursion_without_end_is_an_error(client);
    what_only_main_may_do_is_said(client);
    a_task_knows_where_it_runs(client);
    return exit_code();
  });
  return code;
}

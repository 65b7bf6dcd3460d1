// The client over real ranks: submit, futures, wait, as_completed, callbacks, run, fire_and_forget.
//
// test ranks: 1 2 3 4 8
// test env: TUTTI_THREADS_PER_WORKER=2
// test timeout: 120

#include "support/expect.hpp"
#include "support/sanitizers.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <numeric>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Future;
using tutti::Futures;
using tutti::ReturnWhen;
using tutti::Status;

int square(int x) { return x * x; }

void submits_give_results(tutti::Client& client) {
  expect_equal(client.submit(square, 7).result(), 49);
  expect_equal(client.submit([] { return 5; }).result(), 5);
  client.submit([](int) {}, 1).result();
  expect_equal(client.submit([](const std::string& text) { return text + "!"; }, "text").result(),
               "text!");
  const Future<std::string> kept =
      client.submit([](int n) { return std::string(static_cast<std::size_t>(n), 'x'); }, 5000);
  expect_equal(kept.result().size(), 5000u);
  expect(&kept.result() == &kept.result());

  std::vector<Future<int>> futures;
  for (int i = 0; i < 3000; ++i) futures.push_back(client.submit(square, i));
  const std::vector<int> values = client.gather(futures);
  expect_equal(values.size(), 3000u);
  for (int i = 0; i < 3000; ++i) expect_equal(values[static_cast<std::size_t>(i)], i * i);
  client.gather(std::vector<Future<void>>{client.submit([] {}), client.submit([] {})});
  expect_equal(client.gather(futures[3]), 9);
  expect(client.gather(std::vector<Future<int>>{}).empty());
}

void futures_are_arguments(tutti::Client& client) {
  auto sum = client.submit(square, 1);
  for (int i = 0; i < 500; ++i) sum = client.submit([](int a, int b) { return a + b; }, sum, i);
  expect_equal(sum.result(), 1 + 499 * 250);

  std::vector<Future<int>> parts;
  for (int i = 0; i < 100; ++i) parts.push_back(client.submit(square, i));
  const auto add = [](const std::vector<int>& all) {
    return std::accumulate(all.begin(), all.end(), 0);
  };
  expect_equal(client.submit(add, parts).result(), 328350);
  expect_equal(client.submit(add, client.map(square, tutti::range(100))).result(), 328350);
  expect_equal(client.submit(add, std::vector<Future<int>>{}).result(), 0);
  // The same future twice, and a diamond.
  const auto text = client.submit([] { return std::string("ab"); });
  const auto join = [](const std::string& a, const std::string& b) { return a + b; };
  const auto left = client.submit(join, text, "l");
  const auto right = client.submit(join, "r", text);
  expect_equal(client.submit(join, left, right).result(), "ablrab");
  expect_equal(client.submit(join, text, text).result(), "abab");
  // The result is needed after its future is gone.
  auto chained = client.submit([](const std::string& a) { return a.size(); },
                               client.submit([] { return std::string(100000, 'z'); }));
  expect_equal(chained.result(), 100000u);
}

void futures_tell_where_they_stand(tutti::Client& client) {
  const Future<int> none;
  expect(!none.valid());
  expect_throws<tutti::Error>(
      [&] { none.result(); },
      "result() was called on an empty future; use a future that submit, map or scatter returned");
  expect_throws<tutti::Error>([&] { (void)client.submit(square, none); },
                              "an empty future was passed as an argument");

  Future<int> done = client.submit(square, 3);
  expect(!done.exception().has_value());
  expect(done.done() && done.status() == Status::finished && !done.cancelled());
  const Future<int> copy = done;
  expect(copy == done && copy.id() == done.id() && copy.id() != 0);
  done.release();
  expect(!done.valid());
  expect_equal(copy.result(), 9);
  std::ostringstream out;
  out << copy;
  expect(out.str().find("finished, type int>") != std::string::npos);
  if (is_serial()) return;

  const Gate gate;
  const Future<int> waits = client.submit(pass_gate, gate.path(), 4);
  expect(waits.status() == Status::pending && !waits.done());
  expect_throws<tutti::TimeoutError>([&] { waits.result(0.02); },
                                     "result() waited 0.02 s and the task has not ended");
  expect_throws<tutti::TimeoutError>([&] { (void)waits.exception(std::chrono::milliseconds(20)); },
                                     "has not ended");
  expect_throws<tutti::TimeoutError>([&] { waits.result(0); }, "has not ended");
  gate.open();
  expect_equal(waits.result(30), 4);
}

void waiting(tutti::Client& client) {
  std::vector<Future<int>> all;
  for (int i = 0; i < 50; ++i) all.push_back(client.submit(square, i));
  const auto [done, not_done] = tutti::wait(all);
  expect(done.size() == 50 && not_done.empty());
  tutti::wait(all[7]);
  tutti::wait(client.map(square, tutti::range(1000)));
  tutti::wait(Futures<int>());
  expect(tutti::wait(std::vector<Future<int>>{}).done.empty());
  if (is_serial()) return;

  const Gate gate;
  const std::vector<Future<int>> two{client.submit(pass_gate, gate.path(), 1),
                                     client.submit(square, 2)};
  const auto first = tutti::wait(two, ReturnWhen::first_completed, 30);
  expect(first.done.size() == 1 && first.not_done.size() == 1 && first.done[0] == two[1]);
  expect_throws<tutti::TimeoutError>([&] { tutti::wait(two, ReturnWhen::all_completed, 0.02); },
                                     "s and the tasks have not ended");
  expect_throws<tutti::TimeoutError>([&] { tutti::wait(two[0], 0.02); }, "have not ended");
  const auto map = client.map([](const std::string& path, int x) { return pass_gate(path, x); },
                              tutti::constant(gate.path()), tutti::range(4));
  expect_throws<tutti::TimeoutError>([&] { tutti::wait(map, 0.02); }, "the map has not ended");
  expect(map.status() == Status::pending && !map.done() && map[3].status() == Status::pending);
  gate.open();
  expect_equal(tutti::wait(two).done.size(), 2u);
  tutti::wait(map);
  expect(map.done());
}

void futures_come_as_they_complete(tutti::Client& client) {
  std::vector<Future<int>> some;
  for (int i = 0; i < 20; ++i) some.push_back(client.submit(square, i));
  // Each result below 100 asks for one more.
  auto completed = tutti::as_completed(some);
  int sum = 0;
  std::size_t number = 0;
  for (auto& future : completed) {
    sum += future.result();
    ++number;
    if (number <= 10) completed.add(client.submit([](int x) { return x + 1; }, 0));
  }
  expect_equal(number, 30u);
  expect_equal(sum, 2470 + 10);
  expect(completed.is_empty() && completed.count() == 0);
  expect_throws<tutti::Error>([&] { (void)completed.next(); }, "as_completed has no futures left");

  const auto map = client.map(square, tutti::range(5000));
  std::set<int> seen;
  for (const auto& future : tutti::as_completed(map)) seen.insert(future.result());
  expect_equal(seen.size(), 5000u);
  auto batches = tutti::as_completed(client.map(square, tutti::range(1000)));
  number = 0;
  while (!batches.is_empty()) number += batches.next_batch().size();
  expect_equal(number, 1000u);
  number = 0;
  auto by_batches = tutti::as_completed(client.map(square, tutti::range(1000)));
  for (const std::vector<Future<int>>& batch : by_batches.batches()) {
    expect(!batch.empty());
    number += batch.size();
  }
  expect(number == 1000u && by_batches.next_batch().empty());
  auto forgotten = tutti::as_completed(map);
  expect_equal(forgotten.count(), 5000u);
  forgotten.clear();
  expect(forgotten.is_empty() && !forgotten.has_ready());
  forgotten.add(some[3]);
  expect_equal(forgotten.next().result(), 9);
  sum = 0;
  for (const auto& [future, result] : tutti::as_completed(some, tutti::with_results)) {
    expect(&result == &future.result());
    sum += result;
  }
  expect_equal(sum, 2470);
  sum = 0;
  for (auto& each : tutti::as_completed(map, tutti::with_results, 30)) sum += each.result % 2;
  expect_equal(sum, 2500);
  // A task that fails comes as well.
  std::vector<Future<int>> bad{client.submit([]() -> int { throw std::runtime_error("no"); })};
  for (const auto& future : tutti::as_completed(bad)) expect(future.status() == Status::error);
  bad.push_back(some[2]);
  auto raising = tutti::as_completed(bad, tutti::with_results);
  int good = 0;
  int failed = 0;
  while (!raising.is_empty()) {
    try {
      good += raising.next().result;
    } catch (const tutti::TaskFailed&) {
      ++failed;
    }
  }
  expect(good == 4 && failed == 1);
  if (is_serial()) return;

  const Gate gate;
  std::vector<Future<int>> order{client.submit(pass_gate, gate.path(), 1),
                                 client.submit(square, 5)};
  auto in_order = tutti::as_completed(order, 0.2);
  expect_equal(in_order.next().result(), 25);
  expect(!in_order.has_ready() && in_order.next_batch(false).empty());
  expect_throws<tutti::TimeoutError>([&] { (void)in_order.next(); }, "no further task has ended");
  gate.open();
  order[0].result();
  expect_equal(in_order.next().result(), 1);
}

void callbacks_are_called_once(tutti::Client& client) {
  std::atomic<int> calls{0};
  std::atomic<int> sum{0};
  {
    std::vector<Future<int>> futures;
    for (int i = 0; i < 100; ++i) {
      futures.push_back(client.submit(square, i));
      futures.back().add_done_callback([&](const Future<int>& future) {
        sum += future.result();
        ++calls;
      });
    }
    auto map = client.map(square, tutti::range(10));
    map[4].add_done_callback([&](const Future<int>& future) { sum += future.result(), ++calls; });
    client.gather(map);
  }
  // The callbacks hold their futures; submitting gives them occasions to come.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (calls != 101 && std::chrono::steady_clock::now() < end) client.submit([] {}).result();
  expect_equal(calls.load(), 101);
  expect_equal(sum.load(), 328350 + 16);
  // At once when the task has ended.
  const auto done = client.submit(square, 2);
  done.result();
  int now = 0;
  done.add_done_callback([&](const Future<int>& future) { now = future.result(); });
  expect_equal(now, 4);
}

void a_callback_may_submit(tutti::Client& client) {
  std::vector<Future<int>> second;
  std::mutex mutex;
  {
    const auto first = client.submit(square, 3);
    first.add_done_callback([&](const Future<int>& future) {
      const std::lock_guard lock(mutex);
      second.push_back(client.submit(square, future));
    });
    first.result();
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  for (;;) {
    const std::lock_guard lock(mutex);
    if (!second.empty() || std::chrono::steady_clock::now() > end) break;
  }
  expect(!second.empty() && second[0].result() == 81);
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t whole = 0;
  std::size_t resident = 0;
  file >> whole >> resident;
  return resident * 4096;
}

void results_go_with_their_last_future(tutti::Client& client) {
  const auto round = [&](int results) {
    for (int i = 0; i < results; i += 100) {
      std::vector<Future<std::vector<char>>> futures;
      for (int k = 0; k < 100; ++k)
        futures.push_back(client.submit([] { return std::vector<char>(4000, 'a'); }));
      tutti::wait(futures);
    }
  };
  const auto measure = [&] {
    const std::vector<std::size_t> bytes = client.run(resident_bytes);
    return std::accumulate(bytes.begin(), bytes.end(), std::size_t{0});
  };
  round(5000);
  const std::size_t before = measure();
  round(100'000);
  const std::size_t after = measure();
  // 400 MB were made; what stays beyond the first rounds is noise of the allocators.
  const std::size_t growth = after > before ? after - before : 0;
  if (!tutti::testing::memory_is_watched &&
      growth > (std::size_t{16} << 20) * static_cast<std::size_t>(client.ranks())) {
    std::cout << "memory of all ranks grew by " << growth << " bytes\n";
    expect(false);
  }
}

void run_is_on_every_rank(tutti::Client& client) {
  const std::vector<int> ranks = client.run([] { return tutti::get_worker().rank(); });
  expect_equal(static_cast<int>(ranks.size()), client.ranks());
  for (std::size_t i = 0; i < ranks.size(); ++i) expect_equal(ranks[i], static_cast<int>(i));
  const std::vector<std::string> texts =
      client.run([](const std::string& a, int b) { return a + std::to_string(b); }, "r", 3);
  expect(std::all_of(texts.begin(), texts.end(),
                     [](const std::string& each) { return each == "r3"; }));
  client.run([] {});
  const auto value = client.submit([] { return 41; });
  const std::vector<int> added = client.run([](int x) { return x + 1; }, value);
  expect_equal(static_cast<int>(added.size()), client.ranks());
  expect(std::all_of(added.begin(), added.end(), [](int each) { return each == 42; }));
  const std::vector<int> sizes = client.run([] { return tutti::get_worker().size(); });
  expect(std::all_of(sizes.begin(), sizes.end(), [&](int each) { return each == client.ranks(); }));
  expect_throws<tutti::TaskFailed>(
      [&] {
        client.run([] {
          if (tutti::get_worker().rank() + 1 == tutti::get_worker().size())
            throw std::runtime_error("the last rank");
        });
      },
      "the last rank");
}

void run_on_scheduler_is_here(tutti::Client& client) {
  int number = 5;
  client.run_on_scheduler([&number](int x) { number += x + tutti::get_worker().rank(); }, 2);
  expect_equal(number, 7);
  expect_equal(client.run_on_scheduler(square, 3), 9);
}

void fired_tasks_run(tutti::Client& client) {
  const Gate gate;
  tutti::fire_and_forget(
      client.submit([](const std::string& path) { std::ofstream(path) << "open\n"; }, gate.path()));
  const auto seen = client.submit(pass_gate, gate.path(), 8);
  expect_equal(seen.result(), 8);
  tutti::fire_and_forget(client.map([](int) {}, tutti::range(100)));
}

int library_code(int x) { return tutti::client().submit(square, x).result(); }

void several_threads_use_the_client(tutti::Client& client) {
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const auto a = client.submit(square, i);
        const auto b = client.submit([](int x, int y) { return x + y; }, a, t);
        if (b.result() == i * i + t) ++good;
        if (i % 50 == 0 &&
            client.gather(client.map(square, tutti::range(t, t + 10)))[1] == (t + 1) * (t + 1))
          ++good;
        if (i % 100 == 0 && library_code(t) == t * t) ++good;
      }
    });
  }
  for (std::thread& each : threads) each.join();
  expect_equal(good.load(), 4 * (200 + 4 + 2));
}

void the_client_prints(tutti::Client& client) {
  std::ostringstream out;
  out << client;
  const std::string text = out.str();
  expect(text.find("<Client") == 0);
  for (const char* words : {"workers", "threads"})
    expect(is_serial() || text.find(words) != std::string::npos);
  expect_equal(library_code(6), 36);
}

void priorities_and_names(tutti::Client& client) {
  expect_equal(client.submit({.name = "first", .priority = 5}, square, 5).result(), 25);
  expect_equal(client.gather(client.map({.priority = -5}, square, tutti::range(3)))[2], 4);
  const auto named =
      client.submit({.name = "reads input"}, []() -> int { throw std::runtime_error("no file"); });
  expect_equal(named.exception()->failure().task, "reads input");
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    expect_ranks(client);
    submits_give_results(client);
    futures_are_arguments(client);
    futures_tell_where_they_stand(client);
    waiting(client);
    futures_come_as_they_complete(client);
    callbacks_are_called_once(client);
    a_callback_may_submit(client);
    run_is_on_every_rank(client);
    run_on_scheduler_is_here(client);
    fired_tasks_run(client);
    several_threads_use_the_client(client);
    the_client_prints(client);
    priorities_and_names(client);
    results_go_with_their_last_future(client);
    return exit_code();
  });
}

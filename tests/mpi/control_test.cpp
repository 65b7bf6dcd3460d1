// Cancelling, retries, timeouts.
//
// test ranks: 1 2 3
// test env: TUTTI_THREADS_PER_WORKER=2

#include "support/expect.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Client;
using tutti::Future;
using tutti::Futures;
using tutti::Status;

int square(int x) { return x * x; }

/// Says that it runs, then runs until it is told to stop; says that too.
int run_until_told(const std::string& begun, const std::string& ended) {
  std::ofstream(begun) << "begun\n";
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(50);
  while (!tutti::get_worker().cancelled()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("nobody told");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::ofstream(ended) << "ended\n";
  return 1;
}

void what_is_cancelled_ends_with_all_that_needs_it(Client& client) {
  const Gate gate;
  const Future<int> first = client.submit(pass_gate, gate.path(), 3);
  const Future<int> second = client.submit(square, first);
  const Futures<int> map = client.map([](int x, int y) { return x + y; }, tutti::range(4), second);
  const Future<int> other = client.submit([](int x) { return x + 1; }, first);
  client.cancel(second);
  expect(second.status() == Status::cancelled);
  expect_throws<tutti::CancelledError>([&] { (void)second.result(); }, "cancel()");
  expect_throws<tutti::CancelledError>([&] { (void)map[2].result(); });
  expect(first.status() == Status::pending);
  gate.open();
  expect_equal(other.result(), 4);
  // What has ended stays as it is.
  client.cancel(std::vector<Future<int>>{first, other});
  expect_equal(first.result(), 3);
  expect_throws<tutti::Error>([&] { client.cancel(map[1]); }, "only be cancelled as a whole");
}

void what_runs_is_told(Client& client) {
  const Gate begun;
  const Gate ended;
  const Future<int> running = client.submit(run_until_told, begun.path(), ended.path());
  pass_gate(begun.path(), 0);
  client.cancel(running);
  expect_throws<tutti::CancelledError>([&] { (void)running.result(); });
  pass_gate(ended.path(), 0);
  // The rank that ran it goes on.
  const std::vector<int> squares = client.gather(client.map(square, tutti::range(100)));
  expect_equal(squares[99], 9801);
}

void maps_are_cancelled_as_a_whole(Client& client) {
  const Gate begun;
  const Gate ended;
  const Futures<int> map =
      client.map([](int, const std::string& begin,
                    const std::string& end) { return run_until_told(begin, end); },
                 tutti::range(1'000), tutti::constant(begun.path()), tutti::constant(ended.path()));
  pass_gate(begun.path(), 0);
  client.cancel(map);
  expect(map.status() == Status::cancelled);
  pass_gate(ended.path(), 0);
  expect_throws<tutti::CancelledError>([&] { (void)client.gather(map); });
  expect_equal(client.submit(square, 4).result(), 16);
}

/// A task that waits for its own tasks stops waiting, and they are cancelled with it.
void tasks_of_a_cancelled_task_end_too(Client& client) {
  const Gate begun;
  const Gate ended;
  const auto parent = [](const std::string& begin, const std::string& end) {
    return tutti::client().submit(run_until_told, begin, end).result();
  };
  const Future<int> future = client.submit(parent, begun.path(), ended.path());
  pass_gate(begun.path(), 0);
  client.cancel(future);
  pass_gate(ended.path(), 0);
  expect(future.cancelled());
}

void a_task_cancels_its_own(Client& client) {
  const auto canceller = [](const std::string& begin, const std::string& end) {
    Client inner = tutti::client();
    const Future<int> running = inner.submit(run_until_told, begin, end);
    const Future<int> needing = inner.submit(square, running);
    pass_gate(begin, 0);
    inner.cancel(running);
    try {
      (void)needing.result();
      return false;
    } catch (const tutti::CancelledError&) {
    }
    pass_gate(end, 0);
    return running.cancelled();
  };
  const Gate begun;
  const Gate ended;
  expect(client.submit(canceller, begun.path(), ended.path()).result());
}

int fail_at_first(int good_attempt) {
  const int attempt = tutti::get_worker().attempt();
  if (attempt < good_attempt)
    throw std::runtime_error("attempt " + std::to_string(attempt) + " fails");
  return attempt;
}

void tasks_are_tried_again(Client& client) {
  expect_equal(client.submit({.retries = 3}, fail_at_first, 3).result(), 3);
  const Future<int> failed = client.submit({.name = "flaky", .retries = 1}, fail_at_first, 5);
  expect_throws<tutti::TaskFailed>([&] { (void)failed.result(); }, "attempt 2 fails");
  expect_equal(failed.exception()->failure().attempt, 2);
  // An argument that is taken by value is as it was.
  const auto consume = [](std::vector<int> values) {
    const std::vector<int> taken = std::move(values);
    if (tutti::get_worker().attempt() < 3) throw std::runtime_error("again");
    return taken.size();
  };
  const auto make = [] { return std::vector<int>(10'000, 7); };
  expect_equal(client.submit({.retries = 2}, consume, client.submit(make)).result(), 10'000u);
  // Those that need it wait until an attempt is good.
  const Future<int> again = client.submit({.retries = 3}, fail_at_first, 3);
  const Future<int> needing = client.submit(square, again);
  expect_equal(client.submit(square, needing).result(), 81);
  const auto inside = [] {
    return tutti::client().submit({.retries = 2}, fail_at_first, 3).result();
  };
  expect_equal(client.submit(inside).result(), 3);
  expect_throws<tutti::Error>([&] { (void)client.submit({.retries = -1}, square, 1); },
                              "between 0 and 255");
}

/// Element `number` is good at attempt `number % 4`, or the first one.
int fail_by_number(int number) {
  tutti::Random& random = tutti::get_worker().random();
  const auto drawn = static_cast<int>(random() % 1000);
  const int attempt = tutti::get_worker().attempt();
  if (attempt < number % 4)
    throw std::runtime_error("attempt " + std::to_string(attempt) + " fails");
  return drawn * 10 + attempt;
}

void elements_are_tried_again(Client& client) {
  const Futures<int> good = client.map({.retries = 2}, fail_by_number, tutti::range(1'000));
  const std::vector<int> results = client.gather(good);
  for (int number = 0; number < 1'000; ++number)
    expect_equal(results[static_cast<std::size_t>(number)] % 10, std::max(1, number % 4));
  // Those that need more attempts fail, and what needs them fails without being called.
  const Futures<int> some = client.map({.retries = 1}, fail_by_number, tutti::range(100));
  const Futures<int> needing = client.map({.retries = 5}, square, some);
  expect_throws<tutti::TaskFailed>([&] { (void)some[3].result(); }, "attempt 2 fails");
  expect_equal(some[3].exception()->failure().attempt, 2);
  expect_equal(some[2].result() % 10, 2);
  expect_throws<tutti::TaskFailed>([&] { (void)needing[7].result(); }, "attempt 2 fails");
  expect_equal(client.gather({.errors = tutti::Errors::skip}, needing).size(), 75u);
  const auto inside = [] {
    Client inner = tutti::client();
    return inner.gather(inner.map({.retries = 2}, fail_by_number, tutti::range(8)))[7] % 10;
  };
  expect_equal(client.submit(inside).result(), 3);
}

/// Element 1 is slow at first, element 2 always.
int slow_by_number(int number) {
  while ((number == 2 || (number == 1 && tutti::get_worker().attempt() == 1)) &&
         !tutti::get_worker().cancelled())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return tutti::get_worker().attempt();
}

void elements_have_only_so_much_time(Client& client) {
  const Futures<int> map =
      client.map({.retries = 1, .timeout = 0.1}, slow_by_number, tutti::range(4));
  expect_equal(map[0].result(), 1);
  expect_equal(map[1].result(), 2);
  const std::string text = expect_throws<tutti::TaskFailed>([&] { (void)map[2].result(); },
                                                            "ran longer than its timeout");
  expect(text.find("slow_by_number") != std::string::npos);
  expect(text.find("TimeoutError") != std::string::npos);
  expect_equal(map[3].result(), 1);
  // A wait inside of an element ends too.
  const Gate begun;
  const Gate ended;
  const auto waits = [](int, const std::string& begin, const std::string& end) {
    return tutti::client().submit(run_until_told, begin, end).result();
  };
  const Futures<int> waiting =
      client.map({.timeout = 0.1}, waits, tutti::range(1), tutti::constant(begun.path()),
                 tutti::constant(ended.path()));
  expect_throws<tutti::TaskFailed>([&] { (void)waiting[0].result(); }, "TimeoutError");
  pass_gate(ended.path(), 0);
}

void a_task_has_only_so_much_time(Client& client) {
  const Gate begun;
  const Gate ended;
  const Future<int> late =
      client.submit({.timeout = 0.1}, run_until_told, begun.path(), ended.path());
  const Future<int> needing = client.submit(square, late);
  const std::string text = expect_throws<tutti::TaskFailed>([&] { (void)needing.result(); },
                                                            "longer than its timeout of 0.1 s");
  expect(text.find("TimeoutError") != std::string::npos);
  pass_gate(ended.path(), 0);
  // The next attempt begins while the first may still run.
  const auto slow_at_first = [] {
    while (tutti::get_worker().attempt() == 1 && !tutti::get_worker().cancelled())
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return tutti::get_worker().attempt();
  };
  expect_equal(client.submit({.retries = 1, .timeout = 0.1}, slow_at_first).result(), 2);
  expect_equal(client.submit({.timeout = std::chrono::seconds(30)}, square, 3).result(), 9);
  expect_throws<tutti::Error>([&] { (void)client.submit({.timeout = 0.0}, square, 1); },
                              "it must be more than 0");
}

int tell_half(const std::string& gate) {
  tutti::get_worker().progress(0.5);
  return pass_gate(gate, 1);
}

/// The limit of the test ends it if that never comes.
template <class T>
void await_progress(const Future<T>& future, double fraction) {
  while (future.progress() != fraction) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void tasks_tell_how_far_they_are(Client& client) {
  const Gate gate;
  const Future<int> future = client.submit(tell_half, gate.path());
  await_progress(future, 0.5);
  gate.open();
  expect_equal(future.result(), 1);
  expect_equal(future.progress(), 1.0);
  const Gate other;
  const Futures<int> map = client.map(
      [](int number, const std::string& path) {
        tutti::get_worker().progress(number == 1 ? 0.25 : 0.125);
        return pass_gate(path, number);
      },
      tutti::range(2), tutti::constant(other.path()));
  await_progress(map[1], 0.25);
  other.open();
  expect_equal(client.gather(map)[1], 1);
  // The future may be on another rank.
  const auto inside = [](const std::string& path) {
    const Future<int> inner = tutti::client().submit(tell_half, path);
    await_progress(inner, 0.5);
    std::ofstream(path) << "open\n";
    return inner.result();
  };
  const Gate third;
  expect_equal(client.submit(inside, third.path()).result(), 1);
  expect_throws<tutti::TaskFailed>(
      [&] { (void)client.submit([] { tutti::get_worker().progress(1.5); }).result(); },
      "from 0 to 1");
}

void a_wait_in_a_task_may_be_limited(Client& client) {
  const auto impatient = [](const std::string& path) {
    Client inner = tutti::client();
    const Future<int> future = inner.submit(pass_gate, path, 5);
    try {
      (void)future.result(0.02);
      return -1;
    } catch (const tutti::TimeoutError&) {
    }
    std::ofstream(path) << "open\n";
    return future.result();
  };
  // As far as is known it is short: it would run on the stack of who waits for it, if that one
  // waited without a limit.
  const Gate open_gate;
  open_gate.open();
  for (int count = 0; count < 100; ++count) {
    expect_equal(client.submit(pass_gate, open_gate.path(), count).result(), count);
    const Gate gate;
    if (count % 20 == 0) expect_equal(client.submit(impatient, gate.path()).result(), 5);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](Client& client) {
    expect_ranks(client);
    what_is_cancelled_ends_with_all_that_needs_it(client);
    what_runs_is_told(client);
    maps_are_cancelled_as_a_whole(client);
    tasks_of_a_cancelled_task_end_too(client);
    a_task_cancels_its_own(client);
    tasks_are_tried_again(client);
    elements_are_tried_again(client);
    elements_have_only_so_much_time(client);
    a_task_has_only_so_much_time(client);
    tasks_tell_how_far_they_are(client);
    a_wait_in_a_task_may_be_limited(client);
    return exit_code();
  });
}

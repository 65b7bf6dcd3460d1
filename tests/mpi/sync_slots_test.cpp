// Locks, events and queues where there are many tasks and few slots: nobody may wait for ever for
// what has not begun, and nothing that was held is lost.
//
// test ranks: 1 2 4
// test env: TUTTI_THREADS_PER_WORKER=1 TUTTI_WATCHDOG_S=1
// test timeout: 100

#include "support/expect.hpp"
#include "tutti/queue.hpp"
#include "tutti/sync.hpp"

#include <chrono>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace tutti_test;
using Seconds = std::chrono::duration<double>;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return Seconds(std::chrono::steady_clock::now() - start).count();
}

/// Many more tasks than slots, each with a lock, a lease and a queue. A number that is read and
/// written under the lock alone, through a variable, counts all of them.
void a_race(tutti::Client& client) {
  tutti::Variable<int> number("number");
  number.set(0);
  tutti::Queue<int> results("results", 3);
  const auto racing = client.map(
      [](int) {
        tutti::Semaphore few(3, "few");
        const std::lock_guard lease(few);
        tutti::Lock lock("number");
        tutti::Variable<int> sum("number");
        {
          const std::lock_guard guard(lock);
          sum.set(sum.get() + 1);
        }
        tutti::Queue<int>("results", 3).put(1);
      },
      tutti::range(400));
  int got = 0;
  for (int count = 0; count < 400; ++count) got += results.get(60.0);
  client.gather(racing);
  expect_equal(got, 400);
  expect_equal(number.get(), 400);
  expect_equal(tutti::Semaphore(3, "few").value(), std::size_t{3});
  expect(!tutti::Lock("number").locked());
}

/// The client holds what all slots wait for, and lets go only after a task that is queued behind
/// them.
void the_holder_waits_for_what_is_queued(tutti::Client& client) {
  tutti::Lock lock("all want it");
  lock.acquire();
  std::vector<tutti::Future<int>> waiting;
  for (int index = 0; index < 60; ++index) {
    waiting.push_back(client.submit(
        [](int number) {
          tutti::Lock mine("all want it");
          const std::lock_guard guard(mine);
          return number;
        },
        index));
  }
  // A task that holds another lock, and needs a task behind it.
  const auto holder = client.submit([] {
    tutti::Lock other("other");
    const std::lock_guard guard(other);
    tutti::Event("go").wait();
    return tutti::client().submit([] { return 7; }).result();
  });
  const auto setter = client.submit([] {
    const bool held = !tutti::Lock("other").acquire(0.0);
    tutti::Event("go").set();
    return held;
  });
  (void)setter.result();
  expect_equal(holder.result(), 7);
  lock.release();
  const std::vector<int> all = client.gather(waiting);
  expect_equal(std::accumulate(all.begin(), all.end(), 0), 59 * 60 / 2);
}

/// Short elements run in blocks; one waits in the middle of its block for one behind it.
void an_element_waits_for_the_next(tutti::Client& client) {
  const auto elements = client.map(
      [](int index) {
        if (index % 1000 == 500) tutti::Event("behind " + std::to_string(index)).wait();
        if (index % 1000 == 501) tutti::Event("behind " + std::to_string(index - 1)).set();
        return index;
      },
      tutti::range(8000));
  const std::vector<int> all = client.gather(elements);
  expect_equal(std::accumulate(all.begin(), all.end(), 0L), 7999L * 8000 / 2);
}

/// Elements that throw are called again when all of their block were called: a wait then leaves
/// nothing of the block to others, which would run it twice.
void an_element_that_is_tried_again_waits(tutti::Client& client) {
  const auto elements = client.map(
      {.retries = 1},
      [](int index) {
        if (index % 100 != 3) return index;
        if (tutti::get_worker().attempt() == 1) throw std::runtime_error("again");
        expect(!tutti::Event("never").wait(1e-3));
        tutti::Queue<int>("tried").put(index);
        return index;
      },
      tutti::range(8000));
  const std::vector<int> all = client.gather(elements);
  expect_equal(std::accumulate(all.begin(), all.end(), 0L), 7999L * 8000 / 2);
  expect_equal(tutti::Queue<int>("tried").size(), std::size_t{80});
}

/// What short, deeper tasks hold or wait for does not depend on the task below them.
void children_that_lock(tutti::Client& client) {
  const auto parent = [](int number) {
    tutti::Lock lock("parents");
    auto here = tutti::client();
    int sum = 0;
    for (int round = 0; round < 3; ++round) {
      const std::lock_guard guard(lock);
      sum += here.submit([](int value) { return value; }, number).result();
    }
    const auto child = here.submit(
        [](int value) {
          tutti::Lock same("parents");
          const std::lock_guard guard(same);
          return value;
        },
        number);
    return sum + child.result();
  };
  const std::vector<int> all = client.gather(client.map(parent, tutti::range(20)));
  expect_equal(std::accumulate(all.begin(), all.end(), 0), 4 * 190);
}

void an_element_that_throws_lets_go(tutti::Client& client) {
  const auto elements = client.map(
      [](int index) {
        tutti::Lock lock("elements");
        expect(lock.acquire(20.0));
        if (index % 2 == 0) throw std::runtime_error("even");
        lock.release();
        return index;
      },
      tutti::range(50));
  const auto odd = client.gather({.errors = tutti::Errors::skip}, elements);
  expect_equal(odd.size(), std::size_t{25});
  expect(tutti::Lock("elements").acquire(0.0));
}

/// A task that is cancelled, or whose time is over, while it waits ends, and holds nothing then.
void who_is_stopped_lets_go(tutti::Client& client) {
  const auto waits_for_ever = [](const std::string& name) {
    tutti::Lock lock(name);
    lock.acquire();
    tutti::Event(name + " has it").set();
    tutti::Event("never").wait();
  };
  const auto cancelled = client.submit(waits_for_ever, std::string("of cancelled"));
  expect(tutti::Event("of cancelled has it").wait(30.0));
  client.cancel(cancelled);
  tutti::Lock first("of cancelled");
  expect(first.acquire(30.0));
  const auto late = client.submit({.timeout = 0.05}, waits_for_ever, std::string("of late"));
  expect_throws<tutti::TaskFailed>([&] { late.result(); }, "ran longer than its timeout");
  tutti::Lock second("of late");
  expect(second.acquire(30.0));
}

/// Each attempt is somebody else: what the last one held is free.
void a_retry_begins_anew(tutti::Client& client) {
  const auto tried = client.submit({.retries = 2}, [] {
    tutti::Lock lock("tried");
    tutti::Subscriber<int> subscriber("news");
    if (!lock.acquire(20.0)) return -1;
    if (tutti::get_worker().attempt() < 3) throw std::runtime_error("again");
    return static_cast<int>(tutti::Publisher<int>("news").publish(1));
  });
  expect_equal(tried.result(), 1);
}

/// The best of some tries: the machine may be busy.
void limits_are_exact(tutti::Client& client) {
  const auto late_by = [](double limit) {
    return seconds_of([&] { expect(!tutti::Event("never").wait(limit)); }) - limit;
  };
  double client_late = 1.0;
  double task_late = 1.0;
  for (int round = 0; round < 20; ++round) {
    client_late = std::min(client_late, late_by(0.01));
    task_late = std::min(task_late, client.submit(late_by, 0.01).result());
  }
  expect(client_late >= 0.0 && task_late >= 0.0);
  expect(client_late < 2e-3);
  expect(task_late < 2e-3);
}

void wrong_use(tutti::Client&) {
  expect_throws<tutti::Error>(
      [] { tutti::Lock("free").release(); },
      "the lock 'free' was released by an object that does not hold it: nobody holds it");
  tutti::Lock held("held");
  held.acquire();
  expect_throws<tutti::Error>([] { tutti::Lock("held").release(); },
                              "'held' is held by an object of the client on rank 0");
  held.release();
  expect_throws<tutti::Error>([] { tutti::Semaphore(1, "free").release(); }, "has no lease");
  expect_throws<tutti::Error>([] { tutti::Barrier(0, "empty").wait(); }, "at least 1");
  expect_throws<tutti::Error>([] { tutti::Lock("free").acquire(-1.0); }, "must be 0, not to wait");
  expect_throws<tutti::Error>([] { tutti::MultiLock({"a"}).acquire(1.0, 2); }, "cannot take 2");
  tutti::Queue<int> three("sized", 3);
  three.put(1);
  expect_throws<tutti::Error>([] { tutti::Queue<int>("sized", 4).put(1); }, "3");
  for (int value = 2; value <= 3; ++value) three.put(value);
  expect(!three.try_put(4));
  expect_throws<tutti::TimeoutError>([&] { three.put(4, 0.01); }, "room in the queue 'sized'");
}

/// A time limit of 0 asks once: what can be done is done, the rest is said or thrown.
void limits_of_zero(tutti::Client& client) {
  const auto check = [] {
    const auto refuses = [](const auto& call, const char* what) {
      expect_throws<tutti::TimeoutError>(
          call,
          std::string(what) +
              "' was not there at once, and a time limit of 0 s does not wait; give a longer");
    };
    refuses([] { tutti::Queue<int>("zero").get(0.0); }, "a value in the queue 'zero");
    refuses([] { tutti::Variable<int>("zero").get(0.0); }, "the variable 'zero");
    refuses([] { tutti::Barrier(2, "zero").wait(0.0); }, "the barrier 'zero");
    tutti::Subscriber<int> subscriber("zero");
    refuses([&] { subscriber.get(0.0); }, "a message of the topic 'zero");
    tutti::Queue<int> full("full zero", 1);
    full.put(1, 0.0);
    refuses([&] { full.put(2, 0.0); }, "room in the queue 'full zero");
    expect_equal(full.get(0.0), 1);
    expect_equal(tutti::Barrier(1, "alone").wait(0.0), std::size_t{0});
    expect(!tutti::Event("zero").wait(0.0));
    tutti::Lock lock("zero");
    expect(lock.acquire(0.0));
    expect(!tutti::Lock("zero").acquire(0.0));
    expect(!tutti::MultiLock({"zero", "one"}).acquire(0.0));
    lock.release();
    tutti::Semaphore lease(1, "zero");
    expect(lease.acquire(0.0));
    expect(!tutti::Semaphore(1, "zero").acquire(0.0));
    lease.release();
    return failures.load();
  };
  check();
  expect_equal(client.submit(check).result(), 0);
  expect_throws<tutti::Error>(
      [] { tutti::Event("zero").wait(-0.5); },
      "a time limit of -0.5 s was given; it must be 0, not to wait, or more");
}

/// With a short watchdog: tasks that wait for the client are not lost work.
void the_client_takes_its_time(tutti::Client& client) {
  const auto waiting = client.map([](int) { tutti::Event("late").wait(); }, tutti::range(5));
  expect(!tutti::Event("never").wait(3.5));
  tutti::Event("late").set();
  client.gather(waiting);
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    expect_ranks(client);
    a_race(client);
    the_holder_waits_for_what_is_queued(client);
    an_element_waits_for_the_next(client);
    an_element_that_is_tried_again_waits(client);
    children_that_lock(client);
    an_element_that_throws_lets_go(client);
    who_is_stopped_lets_go(client);
    a_retry_begins_anew(client);
    limits_are_exact(client);
    wrong_use(client);
    limits_of_zero(client);
    the_client_takes_its_time(client);
    return exit_code();
  });
}

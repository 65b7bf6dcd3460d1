// Locks, queues and their like with TUTTI_SERIAL=1: what can be done is done, what would last for
// ever is an error.
//
// test ranks: 1
// test env: TUTTI_SERIAL=1

#include "support/expect.hpp"
#include "tutti/queue.hpp"
#include "tutti/sync.hpp"

#include <stdexcept>
#include <string>
#include <thread>

namespace {

using namespace tutti_test;

void tasks_use_them(tutti::Client& client) {
  tutti::Queue<int> queue("numbers");
  client.gather(client.map(
      [](int number) {
        tutti::Lock lock("shared");
        const std::lock_guard guard(lock);
        tutti::Queue<int>("numbers").put(number);
      },
      tutti::range(10)));
  expect_equal(queue.size(), std::size_t{10});
  expect_equal(queue.get(), 0);
  expect_throws<tutti::Error>([] { tutti::Lock("shared").release(); }, "that does not hold it");
}

void ends_let_go(tutti::Client& client) {
  const auto failing = client.submit({.retries = 1}, [] {
    tutti::Lock lock("held");
    if (!lock.acquire(0.0)) throw std::runtime_error("taken");
    throw std::runtime_error("no");
  });
  expect_throws<tutti::TaskFailed>([&] { failing.result(); }, "no");
  const auto elements = client.map(
      [](int) {
        tutti::Lock lock("held");
        if (!lock.acquire(0.0)) throw std::runtime_error("taken");
        throw std::runtime_error("element");
      },
      tutti::range(3));
  expect_throws<tutti::TaskFailed>([&] { elements[2].result(); }, "element");
  expect(tutti::Lock("held").acquire(0.0));
}

void waits_without_end_are_errors(tutti::Client& client) {
  expect_throws<tutti::Error>([] { tutti::Event("never").wait(); }, "would last for ever");
  expect(!tutti::Event("never").wait(0.01));
  const auto waiting = client.submit([] { tutti::Barrier(2, "pair").wait(); });
  expect_throws<tutti::TaskFailed>([&] { waiting.result(); }, "TUTTI_SERIAL");
  // Another thread of the program may help.
  std::thread helper([] { tutti::Event("helped").set(); });
  expect(tutti::Event("helped").wait(30.0));
  helper.join();
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    expect_ranks(client);
    tasks_use_them(client);
    ends_let_go(client);
    waits_without_end_are_errors(client);
    return exit_code();
  });
}

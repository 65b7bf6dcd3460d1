// Locks, semaphores, events, barriers, queues, variables and topics over real ranks, by the client
// and in tasks.
//
// test ranks: 1 2 3 4
// test env: TUTTI_THREADS_PER_WORKER=2
// test timeout: 60

#include "tutti/sync.hpp"

#include "support/expect.hpp"
#include "tutti/queue.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <numeric>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace tutti_test;

/// Tasks add to a number in a file, which goes wrong without a lock.
void a_lock_keeps_a_file(tutti::Client& client) {
  std::string path = (std::filesystem::temp_directory_path() / "tutti-sync-XXXXXX").string();
  const int descriptor = mkstemp(path.data());
  expect(descriptor >= 0);
  close(descriptor);
  std::ofstream(path) << 0;
  const auto add = tutti::bind(
      [](const std::string& file, int amount) {
        tutti::Lock lock("number");
        const std::lock_guard guard(lock);
        long number = 0;
        std::ifstream(file) >> number;
        std::ofstream(file) << number + amount;
      },
      path);
  client.gather(client.map(add, tutti::range(200)));
  long number = 0;
  std::ifstream(path) >> number;
  expect_equal(number, 199L * 200 / 2);
  expect(!tutti::Lock("number").locked());
  std::filesystem::remove(path);
}

void locks_are_objects(tutti::Client& client) {
  tutti::Lock a("x");
  tutti::Lock b("x");
  expect(a.acquire());
  expect(!b.acquire(0.0));
  expect(!b.acquire(0.02));
  expect(!client.submit([](tutti::Lock lock) { return lock.acquire(0.0); }, a).result());
  expect_throws<tutti::Error>([&] { b.release(); }, "by an object that does not hold it");
  expect_throws<tutti::Error>([&] { a.acquire(); }, "it would wait for itself");
  a.release();
  expect(client.submit([](tutti::Lock lock) { return lock.acquire(1.0); }, a).result());
  expect(b.acquire(5.0));  // the task has ended, so nobody holds it
  b.release();
  tutti::MultiLock both({"x", "y"});
  expect(both.acquire());
  expect(!tutti::Lock("y").acquire(0.0));
  both.release();
}

void a_task_that_throws_lets_go(tutti::Client& client) {
  const auto failing = client.submit([] {
    tutti::Lock lock("held");
    tutti::Semaphore lease(1, "lease");
    lock.acquire();
    lease.acquire();
    throw std::runtime_error("no");
  });
  expect_throws<tutti::TaskFailed>([&] { failing.result(); }, "no");
  tutti::Lock lock("held");
  expect(lock.acquire(10.0));
  lock.release();
  tutti::Semaphore lease(1, "lease");
  expect(lease.acquire(10.0));
  lease.release();
}

/// More tasks than leases: never more than two are inside.
void a_semaphore_counts(tutti::Client& client) {
  const auto inside = client.map(
      [](int) {
        tutti::Semaphore two(2, "two");
        const std::lock_guard guard(two);
        return two.value();
      },
      tutti::range(100));
  for (const std::size_t free : client.gather(inside)) expect(free <= 1);
  expect_equal(tutti::Semaphore(2, "two").value(), std::size_t{2});
  tutti::Semaphore lease(2, "two");
  lease.acquire();
  expect_throws<tutti::Error>([] { tutti::Semaphore(3, "two").acquire(); }, "has 2 leases");
  lease.release();
  expect_throws<tutti::Error>([] { tutti::Semaphore(0, "none").acquire(); }, "at least 1");
}

/// All slots wait for what a later task does: they give their slots away.
void tasks_wait_for_an_event(tutti::Client& client) {
  const auto waiting = client.map(
      [](int) {
        tutti::Event("go").wait();
        return 1;
      },
      tutti::range(20));
  const auto setting = client.submit([] { tutti::Event("go").set(); });
  setting.result();
  const std::vector<int> all = client.gather(waiting);
  expect_equal(std::accumulate(all.begin(), all.end(), 0), 20);
  tutti::Event go("go");
  expect(go.is_set());
  go.clear();
  expect(!go.wait(0.01));
}

void a_barrier_of_tasks(tutti::Client& client) {
  const auto parties =
      client.map([](int) { return tutti::Barrier(12, "all").wait(); }, tutti::range(12));
  std::vector<std::size_t> places = client.gather(parties);
  std::ranges::sort(places);
  for (std::size_t place = 0; place < places.size(); ++place) expect_equal(places[place], place);
  expect_throws<tutti::TimeoutError>([] { tutti::Barrier(2, "lonely").wait(0.01); },
                                     "waited 0.01 s for the barrier 'lonely'");
}

void queues_between_tasks(tutti::Client& client) {
  tutti::Queue<std::vector<int>> queue("numbers", 4);
  const auto producers = client.map(
      [](int number, tutti::Queue<std::vector<int>> out) {
        out.put({number, number});
      },
      tutti::range(50), tutti::constant(queue));
  int sum = 0;
  for (int count = 0; count < 50; ++count) sum += queue.get().at(1);
  expect_equal(sum, 49 * 50 / 2);
  client.gather(producers);
  expect_equal(queue.size(), std::size_t{0});
  expect(!queue.try_get().has_value());
  expect_throws<tutti::TimeoutError>([&] { queue.get(0.01); }, "a value in the queue 'numbers'");
  queue.put({1});
  queue.put({2});
  expect_equal(queue.get_batch(10).size(), std::size_t{2});
  // A value longer than a packet.
  queue.put(std::vector<int>(50'000, 7));
  expect_equal(queue.get().size(), std::size_t{50'000});
  queue.close();
  expect_throws<tutti::Error>([&] { queue.put({3}); }, "is closed");
  const auto late =
      client.submit([](tutti::Queue<std::vector<int>> in) { return in.get(); }, queue);
  expect_throws<tutti::TaskFailed>([&] { late.result(); }, "is closed");
}

void variables_and_topics(tutti::Client& client) {
  tutti::Variable<std::string> name("name");
  const auto reader =
      client.submit([](tutti::Variable<std::string> from) { return from.get(); }, name);
  client.submit([](tutti::Variable<std::string> to) { to.set("tutti"); }, name).result();
  expect_equal(reader.result(), std::string("tutti"));
  expect_equal(name.get(), std::string("tutti"));
  name.erase();
  expect_throws<tutti::TimeoutError>([&] { name.get(0.01); }, "the variable 'name'");

  tutti::Subscriber<int> all("steps");
  tutti::Subscriber<int> last("steps", 1);
  const auto heard = client.gather(client.map(
      [](int step) { return tutti::Publisher<int>("steps").publish(step); }, tutti::range(10)));
  for (const std::size_t subscribers : heard) expect_equal(subscribers, std::size_t{2});
  int sum = 0;
  for (int count = 0; count < 10; ++count) sum += all.get(5.0);
  expect_equal(sum, 45);
  expect(last.get(5.0) < 10);
  expect_equal(last.dropped(), std::size_t{9});
  expect(!last.try_get().has_value());
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    expect_ranks(client);
    a_lock_keeps_a_file(client);
    locks_are_objects(client);
    a_task_that_throws_lets_go(client);
    a_semaphore_counts(client);
    tasks_wait_for_an_event(client);
    a_barrier_of_tasks(client);
    queues_between_tasks(client);
    variables_and_topics(client);
    return exit_code();
  });
}

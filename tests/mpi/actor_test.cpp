// Actors: an object on one worker, whose methods run one at a time and in order.
//
// test ranks: 1 2 3 4
// test timeout: 60

#include "support/expect.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Actor;
using tutti::Client;
using tutti::Future;

/// Can neither be copied nor moved, and notes when two methods run at once.
class Counter {
 public:
  explicit Counter(int start = 0) : n(start) {}
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;
  virtual ~Counter() = default;

  int add(int by) {
    if (running_.exchange(true)) throw std::logic_error("two methods run at once");
    n += by;
    running_ = false;
    return n;
  }
  int get() const { return n; }
  void fail(const std::string& what) { throw std::runtime_error("cannot " + what); }
  virtual int twice() { return 2 * n; }
  void note(int i) { noted_.push_back(i); }
  const std::vector<int>& noted() const { return noted_; }

  int n;

 private:
  std::atomic<bool> running_{false};
  std::vector<int> noted_;
};

class Tripling : public Counter {
 public:
  using Counter::Counter;
  int twice() override { return 3 * n; }
};

void methods_change_the_object(Client& client) {
  const Actor<Counter> counter = client.actor<Counter>(10);
  counter.wait();
  expect(counter.ready());
  Future<int> sum = counter.call(&Counter::add, 5);
  expect_equal(sum.result(), 15);
  expect_equal(counter.call(&Counter::get).result(), 15);
  expect_equal(counter.call(&Counter::n).result(), 15);
  expect_equal(counter.call([](const Counter& c) { return c.n + 1; }).result(), 16);
  expect_equal(counter.call([](Counter& c, int to) { return c.n = to; }, 3).result(), 3);
  expect_equal(counter.call(&Counter::twice).result(), 6);
  const Actor<Tripling> other = client.actor<Tripling>();
  expect_equal(other.call([](Tripling& c) { return c.add(2); }).result(), 2);
  expect_equal(other.call(&Tripling::twice).result(), 6);
  expect_equal(other.call(&Counter::twice).result(), 6);
}

void calls_run_in_order(Client& client) {
  const Actor<Counter> counter = client.actor<Counter>();
  // The first one waits for an argument, and the others for it.
  const Future<int> late = client.submit([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return 0;
  });
  (void)counter.call(&Counter::note, late);
  constexpr int calls = 500;
  for (int i = 1; i < calls; ++i) counter.call(&Counter::note, i);
  const std::vector<int> noted = counter.call(&Counter::noted).result();
  std::vector<int> expected(calls);
  std::iota(expected.begin(), expected.end(), 0);
  expect(noted == expected);
}

void a_method_that_throws_fails_alone(Client& client) {
  const Actor<Counter> counter = client.actor<Counter>({.name = "till"}, 1);
  const Future<void> bad = counter.call(&Counter::fail, std::string("count"));
  const Future<int> good = counter.call(&Counter::add, 1);
  const std::string text = expect_throws<tutti::TaskFailed>([&] { bad.result(); }, "cannot count");
  expect(text.find("till") != std::string::npos);
  expect(text.find("Counter") != std::string::npos);
  expect_equal(good.result(), 2);
  // A call whose argument failed does not run, and those behind it do.
  const Future<int> no_number =
      client.submit([]() -> int { throw std::runtime_error("no number"); });
  const Future<int> unfed = counter.call(&Counter::add, no_number);
  expect_equal(counter.call(&Counter::add, 1).result(), 3);
  expect_throws<tutti::TaskFailed>([&] { (void)unfed.result(); }, "no number");
}

struct Unmade {
  explicit Unmade(int) { throw std::runtime_error("no such thing"); }
  int get() const { return 0; }
};

void a_constructor_that_throws_fails_all_calls(Client& client) {
  const Actor<Unmade> actor = client.actor<Unmade>(1);
  const Future<int> early = actor.call(&Unmade::get);
  expect_throws<tutti::TaskFailed>([&] { actor.wait(); }, "no such thing");
  expect(!actor.ready());
  expect_throws<tutti::TaskFailed>([&] { (void)early.result(); }, "no such thing");
  const Future<int> late = actor.call(&Unmade::get);
  expect_throws<tutti::TaskFailed>([&] { (void)late.result(); }, "Unmade");
}

void cancelled_calls_let_others_pass(Client& client) {
  if (is_serial()) return;
  const Actor<Counter> counter = client.actor<Counter>();
  Gate gate;
  const Future<int> held = counter.call(
      [](Counter& c, const std::string& until) { return c.add(pass_gate(until, 1)); }, gate.path());
  std::vector<Future<int>> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(counter.call(&Counter::add, 10));
  for (std::size_t i = 0; i < calls.size(); i += 2) client.cancel(calls[i]);
  gate.open();
  expect_equal(held.result(), 1);
  expect_equal(counter.call(&Counter::get).result(), 51);
  expect_throws<tutti::CancelledError>([&] { (void)calls[0].result(); });
  expect_equal(calls[1].result(), 11);
}

void calls_run_without_their_futures(Client& client) {
  const Actor<Counter> counter = client.actor<Counter>();
  for (int i = 0; i < 50; ++i) counter.call(&Counter::add, 1);
  expect_equal(counter.call(&Counter::get).result(), 50);
}

void tasks_call_too(Client& client) {
  const Actor<Counter> counter = client.actor<Counter>();
  std::vector<Future<int>> tasks;
  for (int i = 0; i < 12; ++i) {
    tasks.push_back(client.submit(
        [](const Actor<Counter>& c) {
          for (int k = 0; k < 5; ++k) c.call(&Counter::add, 1);
          return c.call(&Counter::add, 1).result();
        },
        counter));
  }
  for (const int seen : client.gather(tasks)) expect(seen >= 6 && seen <= 72);
  expect_equal(counter.call(&Counter::get).result(), 72);
  // Calls that nobody waits for are there when main sees the end of their task.
  const Future<void> quiet = client.submit(
      [](const Actor<Counter>& c) {
        for (int k = 0; k < 20; ++k) c.call(&Counter::add, 1);
      },
      counter);
  quiet.result();
  expect_equal(counter.call(&Counter::add, -20).result(), 72);
  // In a container, and handed on to a task of the task.
  const std::vector<Actor<Counter>> both{counter, client.actor<Counter>(1)};
  const Future<int> sum = client.submit(
      [](const std::vector<Actor<Counter>>& counters) {
        return tutti::client()
            .submit(
                [](const Actor<Counter>& first, const Actor<Counter>& second) {
                  return first.call(&Counter::get).result() + second.call(&Counter::get).result();
                },
                counters[0], counters[1])
            .result();
      },
      both);
  expect_equal(sum.result(), 73);
}

/// Handles of main may be gone before the task that got one has called.
void a_task_keeps_its_actor(Client& client) {
  Future<int> task;
  {
    const Actor<Counter> counter = client.actor<Counter>(5);
    task = client.submit(
        [](const Actor<Counter>& c) {
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
          return c.call(&Counter::add, 1).result();
        },
        counter);
  }
  expect_equal(task.result(), 6);
}

void a_handle_ends_with_its_task(Client& client) {
  const Actor<Counter> counter = client.actor<Counter>();
  struct Keeper {
    explicit Keeper(const Actor<Counter>& c) : kept(c) {}
    int use() const { return kept.call(&Counter::get).result(); }
    Actor<Counter> kept;
  };
  const Actor<Keeper> keeper = client.actor<Keeper>(counter);
  const Future<int> use = keeper.call(&Keeper::use);
  expect_throws<tutti::TaskFailed>([&] { (void)use.result(); }, "kept beyond the task");
  expect_throws<tutti::Error>([] { (void)Actor<Counter>().call(&Counter::get); }, "empty handle");
}

/// An actor whose method calls another actor and waits, perhaps on the same worker.
void actors_call_actors(Client& client) {
  const Actor<Counter> till = client.actor<Counter>(100);
  std::vector<Actor<Counter>> clerks;
  for (int i = 0; i < 4; ++i) clerks.push_back(client.actor<Counter>());
  std::vector<Future<int>> sums;
  for (int round = 0; round < 5; ++round) {
    for (const Actor<Counter>& clerk : clerks) {
      sums.push_back(clerk.call(
          [](Counter& self, const Actor<Counter>& other) {
            const int total = other.call(&Counter::add, 1).result();
            self.add(1);
            return total;
          },
          till));
    }
  }
  client.gather(sums);
  expect_equal(till.call(&Counter::get).result(), 120);
  for (const Actor<Counter>& clerk : clerks) expect_equal(clerk.call(&Counter::get).result(), 5);
}

void actors_are_spread_and_pinned(Client& client) {
  const int workers = std::max(1, client.ranks() - 1);
  std::vector<Actor<Counter>> actors;
  for (int i = 0; i < 2 * workers; ++i) actors.push_back(client.actor<Counter>());
  std::vector<int> on(static_cast<std::size_t>(client.ranks()) + 1, 0);
  for (const Actor<Counter>& actor : actors) ++on[static_cast<std::size_t>(actor.rank())];
  if (client.ranks() > 1)
    for (int rank = 1; rank < client.ranks(); ++rank)
      expect_equal(on[static_cast<std::size_t>(rank)], 2);
  if (client.ranks() == 1) return;
  const int last = client.ranks() - 1;
  for (int i = 0; i < 3; ++i) {
    const Actor<Counter> pinned = client.actor<Counter>({.workers = {last}});
    expect_equal(pinned.rank(), last);
  }
  expect_throws<tutti::Error>([&] { (void)client.actor<Counter>({.workers = {1000}}); });
}

/// Leaves a file when it ends.
struct Mortal {
  explicit Mortal(std::string at_end) : end(std::move(at_end)) {}
  Mortal(const Mortal&) = delete;
  Mortal& operator=(const Mortal&) = delete;
  ~Mortal() { std::ofstream(end) << "over\n"; }
  int get() const { return 1; }
  std::string end;
};

void the_object_ends_with_its_last_handle(Client& client) {
  const Gate end;
  Actor<Mortal> actor = client.actor<Mortal>(end.path());
  Actor<Mortal> copy = actor;
  expect(copy == actor);
  expect_equal(actor.call(&Mortal::get).result(), 1);
  actor.release();
  expect(!actor.valid());
  expect_equal(copy.call(&Mortal::get).result(), 1);
  expect(!std::filesystem::exists(end.path()));
  copy.release();
  // Releases travel in company: the client has something to do meanwhile.
  while (!std::filesystem::exists(end.path())) (void)client.submit([] { return 0; }).result();
}

void large_arguments_and_results_travel(Client& client) {
  struct Store {
    void put(const std::vector<double>& values) {
      all.insert(all.end(), values.begin(), values.end());
    }
    std::vector<double> get() const { return all; }
    std::uint64_t nbytes() const { return all.size() * sizeof(double); }
    std::vector<double> all;
  };
  const Actor<Store> store = client.actor<Store>();
  const std::vector<double> values(200'000, 1.5);
  store.call(&Store::put, values);
  store.call(&Store::put, client.scatter(values));
  expect_equal(store.call(&Store::get).result().size(), std::size_t{400'000});
  // Evening out what is held leaves it where it is.
  client.rebalance();
  expect_equal(store.call(&Store::nbytes).result(), std::uint64_t{3'200'000});
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](Client& client) {
    expect_ranks(client);
    methods_change_the_object(client);
    calls_run_in_order(client);
    a_method_that_throws_fails_alone(client);
    a_constructor_that_throws_fails_all_calls(client);
    cancelled_calls_let_others_pass(client);
    calls_run_without_their_futures(client);
    tasks_call_too(client);
    a_task_keeps_its_actor(client);
    a_handle_ends_with_its_task(client);
    actors_call_actors(client);
    actors_are_spread_and_pinned(client);
    the_object_ends_with_its_last_handle(client);
    large_arguments_and_results_travel(client);
    return exit_code();
  });
}

// Where data is put, copied and moved, over real ranks: scatter of values, sequences and maps to
// chosen workers, replicate, rebalance, who has what; beside running tasks.
//
// test ranks: 1 2 3 4 8
// test env: TUTTI_THREADS_PER_WORKER=1 TUTTI_VALIDATE=1
// test labels: san
// test timeout: 120

#include "support/expect.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <latch>
#include <list>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Future;
using tutti::Futures;
using tutti::HeldData;

std::vector<int> workers_of(tutti::Client& client) {
  std::vector<int> workers;
  for (const auto& [rank, held] : client.has_what()) workers.push_back(rank);
  return workers;
}

std::set<int> holders(const std::vector<HeldData>& held) {
  std::set<int> ranks;
  for (const HeldData& each : held) ranks.insert(each.ranks.begin(), each.ranks.end());
  return ranks;
}

std::vector<double> numbers(std::size_t count, double first = 0) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

void values_go_to_workers_in_turn(tutti::Client& client) {
  const std::vector<int> workers = workers_of(client);
  std::vector<Future<int>> futures;
  for (std::size_t number = 0; number < 2 * workers.size(); ++number)
    futures.push_back(client.scatter(static_cast<int>(1000 + number)));
  for (std::size_t number = 0; number < futures.size(); ++number)
    expect_equal(futures[number].result(), static_cast<int>(1000 + number));
  // Each worker has got two of them.
  std::map<int, int> counts;
  for (const HeldData& held : client.who_has(futures)) {
    expect_equal(held.ranks.size(), 1u);
    ++counts[held.ranks.front()];
  }
  for (const int rank : workers) expect_equal(counts[rank], 2);
  // A task runs where its data is, and reads it there.
  const auto where = [](const int&) { return tutti::get_worker().rank(); };
  if (workers.size() > 1) {
    const auto last = client.scatter({.workers = {workers.back()}}, 5);
    expect_equal(client.submit(where, last).result(), workers.back());
  }
}

void sequences_keep_their_order(tutti::Client& client) {
  const std::vector<double> values = numbers(1003);
  const auto plus_one = [](double x) { return x + 1; };
  const std::deque<double> deque(values.begin(), values.end());
  const std::list<double> list(values.begin(), values.end());
  expect(client.gather(client.scatter(values)) == values);
  expect(client.gather(client.scatter(deque)) == values);
  expect(client.gather(client.scatter(list)) == values);
  expect(client.gather(client.scatter(std::span(values))) == values);
  expect(client.gather(client.scatter(std::vector<double>(values))) == values);
  const std::array<int, 3> array{4, 5, 6};
  expect(client.gather(client.scatter(array)) == std::vector<int>{4, 5, 6});
  const std::vector<bool> bits{true, false, true};
  expect(client.gather(client.scatter(bits)) == bits);
  const std::vector<std::string> words{"a", "", std::string(5000, 'x')};
  expect(client.gather(client.scatter(words)) == words);
  expect(client.gather(client.map(plus_one, client.scatter(values))).back() == 1003.0);
  expect(client.scatter(std::vector<int>()).empty());
  expect(client.gather(client.scatter(std::vector<int>())).empty());
  // The caller's memory is free again when scatter returns.
  std::vector<double> mine = numbers(100'000);
  const auto spread = client.scatter(mine);
  std::ranges::fill(mine, -1.0);
  expect(client.gather(spread) == numbers(100'000));
  const auto some = client.scatter({.workers = {workers_of(client).back()}}, values);
  expect(holders(client.who_has(some)) == std::set<int>{workers_of(client).back()});
  expect(client.gather(some) == values);
  const Future<std::vector<double>> whole = client.scatter(tutti::constant(values));
  expect_equal(client.submit(sum, whole).result(), sum(values));
}

void maps_keep_their_keys(tutti::Client& client) {
  const std::map<std::string, std::vector<double>> fields{{"t", numbers(10)}, {"u", numbers(5000)}};
  const std::map<std::string, Future<std::vector<double>>> there = client.scatter(fields);
  expect_equal(there.size(), 2u);
  expect_equal(client.submit(sum, there.at("u")).result(), sum(fields.at("u")));
  expect(client.gather(there) == fields);
  const std::unordered_map<int, int> squares{{2, 4}, {3, 9}};
  expect(client.gather(client.scatter(squares)) == squares);
  expect(client.scatter(std::map<int, int>()).empty());
  const auto together = client.broadcast(fields);
  expect(together.result() == fields);
}

void broadcasts_reach_whom_they_should(tutti::Client& client) {
  const std::vector<double> values = numbers(20'000);
  const std::vector<int> workers = workers_of(client);
  const auto everywhere = client.scatter({.broadcast = true}, values);
  expect_equal(static_cast<int>(holders(client.who_has(everywhere)).size()), client.ranks());
  for (const double each : client.run(sum, everywhere)) expect_equal(each, sum(values));
  const auto one = client.scatter({.broadcast = true, .workers = {workers.back()}}, values);
  expect(holders(client.who_has(one)) == std::set<int>{workers.back()});
  const auto all = client.scatter(
      {.broadcast = true, .workers = {workers.begin(), workers.end()}, .hash = false}, values);
  expect(holders(client.who_has(all)) == std::set<int>(workers.begin(), workers.end()));
  expect_equal(client.submit(sum, all).result(), sum(values));
  const std::string host = client.run_on_scheduler([] { return tutti::get_worker().hostname(); });
  const auto by_host = client.scatter({.broadcast = true, .workers = {host}}, values);
  expect(holders(client.who_has(by_host)) == std::set<int>(workers.begin(), workers.end()));
}

void the_same_contents_are_sent_once(tutti::Client& client) {
  const std::vector<double> values = numbers(3000);
  const auto first = client.scatter(tutti::constant(values));
  expect(client.scatter(tutti::constant(values)) == first);
  expect(client.scatter({.hash = false}, tutti::constant(values)) != first);
  // As floats they are something else, and so are they in another place.
  expect_equal(client.scatter(tutti::constant(std::vector<float>(3000, 0.5f))).result().size(),
               3000u);
  expect(client.broadcast(values) == client.broadcast(values));
  expect(client.broadcast(values) != first);
  const auto spread = client.scatter(values);
  expect(client.scatter(values)[0] == spread[0]);
  // Once the last future is gone, it is sent again.
  std::uint64_t id = 0;
  for (int round = 0; round < 3; ++round) {
    const auto again = client.scatter(numbers(77));
    expect(client.gather(again) == numbers(77));
    expect(again[0].id() != id);
    id = again[0].id();
  }
}

void copies_are_made_and_used(tutti::Client& client) {
  const std::vector<int> workers = workers_of(client);
  const auto value = client.submit(numbers, std::size_t{50'000}, 1.0);
  const double expected = sum(numbers(50'000, 1.0));
  client.replicate({.n = 1}, value);
  expect_equal(client.who_has(value).at(0).ranks.size(), 1u);
  client.replicate({.n = workers.size()}, value);
  expect(holders(client.who_has(value)) == std::set<int>(workers.begin(), workers.end()));
  expect_equal(client.submit(sum, value).result(), expected);
  expect_equal(client.nbytes(value), 50'000 * sizeof(double));
  // A map, stretch by stretch; and what is in containers.
  const auto squares = client.map([](int x) { return x * x; }, tutti::range(100));
  client.replicate(squares);
  for (const HeldData& held : client.who_has(squares))
    expect_equal(held.ranks.size(), workers.size());
  expect_equal(client.gather(squares)[99], 9801);
  const auto roots = client.gather(client.map([](int x) { return x + 1; }, squares));
  expect_equal(roots[99], 9802);
  const std::map<int, Future<int>> small{{1, client.submit([] { return 1; })},
                                         {2, client.scatter(2)}};
  client.replicate({.workers = {workers.back()}}, small);
  for (const HeldData& held : client.who_has(small))
    expect(std::ranges::find(held.ranks, workers.back()) != held.ranks.end());
  client.replicate(squares[7]);
  std::ostringstream text;
  text << HeldData{7, 0, 100, 800, {1, 2}};
  expect_equal(text.str(), "7 [0, 100): 800 bytes on 1, 2");
}

void copies_are_made_while_tasks_run(tutti::Client& client) {
  Gate gate;
  const auto value = client.submit(numbers, std::size_t{20'000}, 3.0);
  tutti::wait(value);
  const auto read = [](const std::string& path, const std::vector<double>& values) {
    pass_gate(path, 0);
    return sum(values);
  };
  std::vector<Future<double>> readers;
  for (int number = 0; number < 4; ++number)
    readers.push_back(client.submit(read, gate.path(), value));
  const int holder = client.who_has(value).at(0).ranks.at(0);
  client.replicate(value);
  expect_equal(client.who_has(value).at(0).ranks.size(), workers_of(client).size());
  // What running tasks read stays; nothing can be moved.
  expect_equal(client.rebalance(value), 0u);
  const std::vector<int> still = client.who_has(value).at(0).ranks;
  expect(std::ranges::find(still, holder) != still.end());
  gate.open();
  for (const double each : client.gather(readers)) expect_equal(each, sum(numbers(20'000, 3.0)));
}

void memory_is_evened_out(tutti::Client& client) {
  const std::vector<int> workers = workers_of(client);
  std::vector<Future<std::vector<double>>> futures;
  for (int number = 0; number < 8; ++number)
    futures.push_back(
        client.scatter({.workers = {workers.front()}}, tutti::constant(numbers(10'000, number))));
  const auto sequence = client.scatter({.workers = {workers.front()}}, numbers(10'000));
  const std::uint64_t moved = client.rebalance();
  if (workers.size() > 1) {
    expect(moved > 0);
    const auto held = client.has_what();
    std::uint64_t most = 0;
    for (const auto& [rank, list] : held) {
      std::uint64_t bytes = 0;
      for (const HeldData& each : list) bytes += each.bytes;
      most = std::max(most, bytes);
    }
    expect(most < 6 * 80'000);
  } else {
    expect_equal(moved, 0u);
  }
  for (std::size_t number = 0; number < futures.size(); ++number) {
    expect_equal(client.submit(sum, futures[number]).result(),
                 sum(numbers(10'000, static_cast<double>(number))));
    expect(futures[number].result() == numbers(10'000, static_cast<double>(number)));
  }
  expect(client.gather(sequence) == numbers(10'000));
  // And back, so that all is on one worker again.
  client.rebalance({.workers = {workers.front()}}, futures);
  expect(client.nbytes() >= 9 * 80'000);
}

/// Fetches of the client race with moves: whoever asks the old holder is sent to the new one.
void results_are_found_while_they_move(tutti::Client& client) {
  const auto squares = client.map([](int x) { return double(x) * x; }, tutti::range(200));
  tutti::wait(squares);
  for (int round = 0; round < 20; ++round) {
    client.rebalance(squares);
    expect_equal(squares[static_cast<std::size_t>(round * 9)].result(), round * 9.0 * round * 9);
    expect_equal(client.gather(squares).at(199), 199.0 * 199);
    client.rebalance({.workers = {workers_of(client).front()}}, squares);
  }
}

void what_cannot_be_is_said(tutti::Client& client) {
  using tutti::Error;
  const auto value = client.scatter(1);
  const std::string last = std::to_string(workers_of(client).back());
  expect_throws<Error>([&] { (void)client.scatter({.workers = {99}}, 1); },
                       is_serial() ? "there is no rank 99; the workers are 0"
                                   : "there is no rank 99; the workers are ");
  expect_throws<Error>([&] { (void)client.scatter({.workers = {-4}}, std::vector<int>{1}); },
                       "there is no rank -4");
  expect_throws<Error>([&] { client.replicate({.workers = {"nowhere"}}, value); },
                       "no worker runs on a host 'nowhere'; the hosts of this run are ");
  const int worker = workers_of(client).back();
  expect_throws<Error>(
      [&] {
        (void)client.has_what({worker, worker});
      },
      "worker " + last + " is named twice");
  if (client.ranks() > 1) {
    expect_throws<Error>([&] { (void)client.scatter({.broadcast = true, .workers = {0}}, 1); },
                         "rank 0 only schedules and holds no data for tasks; the workers are 1");
  }
  const std::string most = std::to_string(workers_of(client).size());
  expect_throws<Error>([&] { client.replicate({.n = 0}, value); },
                       "asked for 0 copies; it must be at least 1 and at most " + most);
  expect_throws<Error>([&] { client.replicate({.n = 1000}, value); },
                       "asked for 1000 copies; it must be at least 1 and at most " + most);
  const auto failed = client.submit([]() -> int { throw std::runtime_error("not this one"); });
  expect_throws<tutti::TaskFailed>([&] { client.replicate(failed); }, "not this one");
  expect_throws<Error>([&] { client.replicate(Future<int>()); }, "an empty future");
}

/// Threads move data and results all the time while main ends the run: what is under way ends well,
/// and the next call of each thread fails.
void shutdown_ends_calls_of_other_threads(tutti::Client& client) {
  if (is_serial()) return;
  constexpr std::size_t kinds = 6;
  std::latch begun(kinds);
  std::array<std::string, kinds> ends;
  std::vector<std::thread> threads;
  const auto repeat = [&](auto call) {
    threads.emplace_back([&begun, &end = ends[threads.size()], call] {
      try {
        for (int round = 0;; ++round) {
          call(round);
          if (round == 0) begun.count_down();
        }
      } catch (const tutti::CancelledError& error) {
        end = error.what();
      } catch (const tutti::Error& error) {
        if (error.code() == tutti::ErrorCode::not_running) end = error.what();
      }
    });
  };
  const auto make = [](int first) { return numbers(20'000, first); };
  repeat([&](int round) { (void)client.scatter({.hash = false}, numbers(100'000, round)); });
  repeat([&](int round) { (void)client.broadcast(numbers(100'000, round)); });
  repeat([&](int round) { (void)client.scatter(tutti::constant(numbers(100'000, round))); });
  repeat([&](int round) { client.replicate(client.submit(make, round)); });
  repeat([&](int round) { expect(client.submit(make, round).result() == make(round)); });
  repeat([&](int round) {
    const auto map = client.map(make, tutti::range(round, round + 3));
    expect(client.gather(map).at(2) == make(round + 2));
  });
  begun.wait();
  client.shutdown();
  for (std::thread& thread : threads) thread.join();
  for (const std::string& end : ends) expect(!end.empty());
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    expect_ranks(client);
    values_go_to_workers_in_turn(client);
    sequences_keep_their_order(client);
    maps_keep_their_keys(client);
    broadcasts_reach_whom_they_should(client);
    the_same_contents_are_sent_once(client);
    copies_are_made_and_used(client);
    copies_are_made_while_tasks_run(client);
    memory_is_evened_out(client);
    results_are_found_while_they_move(client);
    what_cannot_be_is_said(client);
    shutdown_ends_calls_of_other_threads(client);
    return exit_code();
  });
}

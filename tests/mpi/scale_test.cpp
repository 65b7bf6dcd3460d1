// Parking ranks and taking them back.
//
// test ranks: 1 2 3 4
// test env: TUTTI_THREADS_PER_WORKER=1

#include "support/expect.hpp"

#include <chrono>
#include <numeric>
#include <set>
#include <thread>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Client;

std::set<int> ranks_that_work(Client& client, int tasks) {
  const auto map = client.map(
      [](int) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return tutti::get_worker().rank();
      },
      tutti::range(tasks));
  const std::vector<int> ranks = client.gather(map);
  return {ranks.begin(), ranks.end()};
}

void await(const std::function<bool()>& done) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!done()) {
    if (std::chrono::steady_clock::now() > limit) throw std::runtime_error("it does not come");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void data_moves_off_and_ranks_come_back(Client& client, int workers) {
  const auto values = client.map([](int x) { return std::vector<int>(1000, x); }, tutti::range(40));
  const auto scattered = client.scatter(std::vector<double>(100'000, 1.5));
  client.scale(1);
  expect_equal(client.active_workers(), std::size_t{1});
  expect_equal(ranks_that_work(client, 50).size(), std::size_t{1});
  const int stays = *ranks_that_work(client, 5).begin();
  await([&] {
    for (const tutti::HeldData& each : client.who_has(values)) {
      for (const int rank : each.ranks) {
        if (rank != stays && rank != 0) return false;
      }
    }
    return true;
  });
  int sum = 0;
  for (const std::vector<int>& each : client.gather(values)) sum += each.at(999);
  expect_equal(sum, 40 * 39 / 2);
  client.scale(static_cast<std::size_t>(workers));
  expect_equal(ranks_that_work(client, 300).size(), static_cast<std::size_t>(workers));
}

void as_many_work_as_there_is_work_for(Client& client, int workers) {
  client.scale(1);
  client.adapt({.interval = 0.05, .target_duration = 0.02, .wait_count = 2});
  const auto map = client.map(
      [](int x) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return x;
      },
      tutti::range(200));
  await([&] { return client.active_workers() == static_cast<std::size_t>(workers); });
  expect_equal(client.gather(map)[199], 199);
  await([&] { return client.active_workers() == 1; });
  client.adapt({.active = false});
  client.scale(static_cast<std::size_t>(workers));
}

void wrong_numbers_are_refused(Client& client, int workers) {
  expect_throws<tutti::Error>([&] { client.scale(0); }, "at least one works");
  expect_throws<tutti::Error>([&] { client.scale(static_cast<std::size_t>(workers) + 1); },
                              "more need a new job");
  expect_throws<tutti::Error>([&] { client.adapt({.maximum = 1000}); }, "more need a new job");
  expect_throws<tutti::Error>([&] { client.adapt({.interval = 0}); }, "more than 0 seconds");
  expect_throws<tutti::TaskFailed>(
      [&] { client.submit([] { tutti::client().scale(1); }).result(); }, "only main may call it");
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](Client& client) {
    expect_ranks(client);
    const int workers = client.ranks() == 1 ? 1 : client.ranks() - 1;
    data_moves_off_and_ranks_come_back(client, workers);
    as_many_work_as_there_is_work_for(client, workers);
    wrong_numbers_are_refused(client, workers);
    return exit_code();
  });
}

// Futures inside of arguments, at any depth: what arrives in their place.
//
// test ranks: 1 2 4
// test env: TUTTI_THREADS_PER_WORKER=2

#include "support/expect.hpp"

#include <array>
#include <list>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Future;
using tutti::Futures;

int square(int x) { return x * x; }
std::string letters(int n) { return std::string(static_cast<std::size_t>(n), 'x'); }

using Table = std::vector<std::vector<int>>;

void containers_hold_futures(tutti::Client& client) {
  std::vector<std::vector<Future<int>>> table(3);
  for (int i = 0; i < 12; ++i)
    table[static_cast<std::size_t>(i % 2)].push_back(client.submit(square, i));
  const Table got = client.submit([](const Table& all) { return all; }, table).result();
  expect(got == Table{{0, 4, 16, 36, 64, 100}, {1, 9, 25, 49, 81, 121}, {}});

  // The large ones stay on their workers until the task wants them.
  const std::map<std::string, Future<std::string>> by_name{
      {"short", client.submit(letters, 3)}, {"long", client.submit(letters, 100'000)}};
  const auto sizes = [](const std::map<std::string, std::string>& all) {
    return std::pair(all.at("short").size(), all.at("long").size());
  };
  expect(client.submit(sizes, by_name).result() == std::pair(std::size_t{3}, std::size_t{100'000}));
  const std::unordered_map<int, std::list<Future<int>>> by_number{
      {1, {client.submit(square, 1), client.submit(square, 2)}}, {5, {}}};
  const auto flat = [](std::unordered_map<int, std::list<int>> all) {
    return all.size() * 100 + static_cast<std::size_t>(all.at(1).front() * 10 + all.at(1).back());
  };
  expect_equal(client.submit(flat, by_number).result(), 214u);
  const std::vector<Future<bool>> bits{client.submit([] { return true; }),
                                       client.submit([] { return false; })};
  expect(client.submit([](std::vector<bool> all) { return all[0] && !all[1]; }, bits).result());
}

void tuples_mix_futures_and_values(tutti::Client& client) {
  const Future<int> nine = client.submit(square, 3);
  const std::tuple<int, Future<int>, std::string> mixed{5, nine, "text"};
  const auto join = [](const std::tuple<int, int, std::string>& all) {
    return std::to_string(std::get<0>(all)) + std::to_string(std::get<1>(all)) + std::get<2>(all);
  };
  expect_equal(client.submit(join, mixed).result(), "59text");
  const std::array<std::pair<Future<int>, double>, 2> pairs{std::pair{nine, 0.5},
                                                            std::pair{nine, 2.0}};
  const auto dot = [](const std::array<std::pair<int, double>, 2>& all) {
    return all[0].first * all[0].second + all[1].first * all[1].second;
  };
  expect_equal(client.submit(dot, pairs).result(), 22.5);
  const auto or_zero = [](std::optional<int> maybe) { return maybe.value_or(0); };
  expect_equal(client.submit(or_zero, std::optional(nine)).result(), 9);
  expect_equal(client.submit(or_zero, std::optional<Future<int>>()).result(), 0);
  // Large plain parts go along.
  const auto count = [](const std::pair<std::vector<double>, int>& all) {
    return all.first.size() + static_cast<std::size_t>(all.second);
  };
  expect_equal(client.submit(count, std::pair(std::vector<double>(50'000, 1.0), nine)).result(),
               50'009u);
  // All futures of a map are a vector, also inside.
  const std::map<int, Futures<int>> maps{{7, client.map(square, tutti::range(5))}};
  const auto last = [](const std::map<int, std::vector<int>>& all) { return all.at(7).at(4); };
  expect_equal(client.submit(last, maps).result(), 16);
}

void constants_of_maps_hold_futures(tutti::Client& client) {
  const Future<int> one = client.submit(square, 1);
  const std::vector<Future<int>> two{client.submit(square, 2), client.submit(square, 3)};
  const auto add = [](int x, const std::vector<int>& all, std::pair<int, int> pair) {
    return x + std::accumulate(all.begin(), all.end(), 0) + pair.first * pair.second;
  };
  const auto sums = client.gather(client.map(add, tutti::range(1000), tutti::constant(two),
                                             std::pair<int, Future<int>>{100, one}));
  expect_equal(sums.size(), 1000u);
  for (int i = 0; i < 1000; ++i) expect_equal(sums[static_cast<std::size_t>(i)], i + 113);
  const auto squares = client.map(square, tutti::range(50));
  const auto pick = [](int x, const std::vector<int>& all) {
    return all[static_cast<std::size_t>(x)];
  };
  expect_equal(client.gather(client.map(pick, tutti::range(50), tutti::constant(squares)))[49],
               2401);
  const auto times = [](int x, int y) { return x * y; };
  expect_equal(client.gather(client.map(times, std::vector{3}, tutti::constant(two[0])))[0], 12);
  const auto everywhere =
      client.run([](const std::vector<int>& all,
                    const std::optional<int>& x) { return all.at(7) + x.value(); },
                 squares, std::optional(one));
  for (const int each : everywhere) expect_equal(each, 50);
  const auto bad = client.map(
      [](int x) {
        if (x == 3) throw std::runtime_error("three");
        return x;
      },
      tutti::range(5));
  expect_throws<tutti::TaskFailed>([&] { client.run([](const std::vector<int>&) {}, bad); },
                                   "three");
}

void failures_inside_are_failures(tutti::Client& client) {
  const std::vector<Future<int>> bad{
      client.submit(square, 1), client.submit([]() -> int { throw std::runtime_error("no"); })};
  const std::tuple<int, std::vector<Future<int>>> inside{1, bad};
  const auto any = [](const std::tuple<int, std::vector<int>>&) { return 1; };
  expect_throws<tutti::TaskFailed>([&] { client.submit(any, inside).result(); }, "no");
  expect_throws<tutti::Error>(
      [&] {
        (void)client.submit(any, std::tuple<int, std::vector<Future<int>>>{1, {Future<int>()}});
      },
      "an empty future was passed as an argument");
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    expect_ranks(client);
    containers_hold_futures(client);
    tuples_mix_futures_and_values(client);
    constants_of_maps_hold_futures(client);
    failures_inside_are_failures(client);
    return exit_code();
  });
}

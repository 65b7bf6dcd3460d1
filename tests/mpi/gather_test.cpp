// Results that come to rank 0 together, over real ranks: maps into new memory and into the
// caller's, containers of futures, what failed, and more than rank 0 may hold.
//
// test ranks: 1 2 3 4 8
// test env: TUTTI_THREADS_PER_WORKER=1 TUTTI_MEMORY_LIMIT=64MB
// test labels: san
// test timeout: 120

#include "support/expect.hpp"

#include <algorithm>
#include <array>
#include <barrier>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Errors;
using tutti::Future;
using tutti::Futures;

struct Point {
  double x = 0;
  int y = 0;
  bool operator==(const Point&) const = default;
};

/// From a few elements to several megabytes: by a collective, and from each holder into place.
void maps_of_any_length(tutti::Client& client) {
  for (const std::size_t count : {1u, 2u, 7u, 100u, 5'000u, 100'000u, 400'000u}) {
    const auto results = client.map(
        [](std::size_t index) {
          return Point{double(index), 7};
        },
        tutti::range(count));
    const std::vector<Point> points = client.gather(results);
    std::vector<Point> mine(count);
    client.gather_into(mine, results);
    bool right = points.size() == count && mine == points;
    for (std::size_t index = 0; right && index < count; ++index)
      right = points[index] == Point{double(index), 7};
    expect(right);
    // Also when some of it was looked at before.
    expect_equal(results[count / 2].result().x, double(count / 2));
    expect(client.gather(results) == points);
  }
}

void into_memory_of_the_caller(tutti::Client& client) {
  const auto squares = client.map([](int x) { return x * x; }, tutti::range(10));
  std::array<int, 10> array{};
  client.gather_into(array, squares);
  expect_equal(array[9], 81);
  std::vector<int> rows(30, -1);
  client.gather_into(std::span(rows).subspan(10, 10), squares);
  expect(rows[9] == -1 && rows[10] == 0 && rows[19] == 81 && rows[20] == -1);
  const auto words =
      client.map([](int x) { return std::string(100, char('a' + x)); }, tutti::range(10));
  std::vector<std::string> texts(10);
  client.gather_into(texts, words);
  expect_equal(texts[3], std::string(100, 'd'));
  std::vector<Future<int>> singles;
  for (int each = 0; each < 10; ++each) singles.push_back(squares[static_cast<std::size_t>(each)]);
  std::ranges::fill(array, 0);
  client.gather_into(array, singles);
  expect_equal(array[9], 81);
  expect_throws<tutti::Error>([&] { client.gather_into(rows, squares); },
                              "gather_into was given room for 30 results of 10");
  const auto flags = client.map([](int x) { return x % 2 == 0; }, tutti::range(10));
  std::array<bool, 10> even{};
  client.gather_into(even, flags);
  expect(even[8] && !even[9]);
  std::vector<int> none;
  client.gather_into(none, Futures<int>());
  const auto scattered = client.scatter(std::vector<int>(100'000, 3));
  std::vector<int> back(100'000, 0);
  client.gather_into(back, scattered);
  expect(back == std::vector<int>(100'000, 3));
}

void containers_keep_their_shape(tutti::Client& client) {
  const auto square = [](int x) { return x * x; };
  std::vector<std::vector<Future<int>>> rows(3);
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < row; ++column)
      rows[static_cast<std::size_t>(row)].push_back(client.submit(square, 10 * row + column));
  }
  expect(client.gather(rows) == std::vector<std::vector<int>>{{}, {100}, {400, 441}});
  std::map<std::string, Future<std::vector<double>>> fields;
  fields["u"] = client.submit([] { return std::vector<double>(5000, 1.5); });
  fields["v"] = client.scatter(tutti::constant(std::vector<double>{2, 3}));
  expect(client.gather(fields) == std::map<std::string, std::vector<double>>{
                                      {"u", std::vector<double>(5000, 1.5)}, {"v", {2, 3}}});
  const std::pair<Future<int>, std::string> named{client.submit(square, 3), "three"};
  expect(client.gather(named) == std::pair<int, std::string>{9, "three"});
  const std::array<Future<int>, 2> two{client.submit(square, 1), client.submit(square, 2)};
  expect(client.gather(two) == std::array<int, 2>{1, 4});
  const std::optional<Future<int>> nothing;
  expect(client.gather(nothing) == std::nullopt);
  const std::vector<Futures<int>> maps{client.map(square, tutti::range(3)),
                                       client.map(square, tutti::range(2))};
  expect(client.gather(maps) == std::vector<std::vector<int>>{{0, 1, 4}, {0, 1}});
  const auto tuple =
      std::make_tuple(maps.front(), std::unordered_map<int, Future<int>>{{5, two[1]}});
  expect(client.gather(tuple) ==
         std::make_tuple(std::vector<int>{0, 1, 4}, std::unordered_map<int, int>{{5, 4}}));
}

void what_failed_is_thrown_or_left_out(tutti::Client& client) {
  const auto odd = [](int x) {
    if (x % 2 == 0) throw std::runtime_error("even " + std::to_string(x));
    return x;
  };
  const auto map = client.map(odd, tutti::range(5));
  expect_throws<tutti::TaskFailed>([&] { client.gather(map); }, "even 0");
  expect(client.gather({.errors = Errors::skip}, map) == std::vector<int>{1, 3});
  std::vector<int> room(5);
  expect_throws<tutti::TaskFailed>([&] { client.gather_into(room, map); }, "even 0");
  const std::vector<std::vector<Future<int>>> nested{{client.submit(odd, 1), client.submit(odd, 2)},
                                                     {client.submit(odd, 4)}};
  expect_throws<tutti::TaskFailed>([&] { client.gather(nested); }, "even 2");
  expect(client.gather({.errors = Errors::skip}, nested) == std::vector<std::vector<int>>{{1}, {}});
  const std::map<int, Future<int>> keyed{{1, nested[0][0]}, {2, nested[0][1]}};
  expect(client.gather({.errors = Errors::skip}, keyed) == std::map<int, int>{{1, 1}});
  const std::array<Future<int>, 2> array{nested[0][0], nested[0][1]};
  expect_throws<tutti::TaskFailed>([&] { client.gather({.errors = Errors::skip}, array); },
                                   "even 2");
}

/// Elements of a map in a container count and come once, whatever they share a stretch with: the
/// stretch counted for each of them would be 250 MB and more.
void elements_come_together(tutti::Client& client) {
  using Row = std::array<double, 32>;
  constexpr int count = 4000;
  const auto make = [](int x) {
    Row row{};
    row.fill(x);
    return row;
  };
  const auto gathered = [](int step) {
    const auto row = [](int x) { return std::string(300, char('a' + x % 26)); };
    auto inner = tutti::client().map(row, tutti::range(count));
    std::vector<Future<std::string>> some;
    for (int each = 0; each < count; each += step)
      some.push_back(inner[static_cast<std::size_t>(each)]);
    const std::vector<std::string> texts = tutti::client().gather(some);
    for (std::size_t each = 0; each < texts.size(); ++each) {
      if (texts[each] != row(static_cast<int>(each) * step)) return false;
    }
    return texts.size() == some.size();
  };
  for (const int step : {1, 3, 100}) {
    const auto rows = client.map(make, tutti::range(count));
    std::vector<Future<Row>> some;
    for (int each = count - 1; each >= 0; each -= step)
      some.push_back(rows[static_cast<std::size_t>(each)]);
    some.push_back(some.front());
    const std::vector<Row> values = client.gather(some);
    bool right = values.size() == some.size() && values.back() == values.front();
    for (int each = 0; right && each * step < count; ++each)
      right = values[static_cast<std::size_t>(each)] == make(count - 1 - each * step);
    expect(right);
    // And what lies between them.
    expect(rows[count - 2].result() == make(count - 2));
    expect(client.gather(rows).front() == make(0));
    expect(client.submit(gathered, step).result());
  }
}

/// Runs `call` on four threads that begin together; the addresses that it gives must be one.
template <class Call>
void expect_one_address(Call&& call) {
  constexpr std::size_t threads = 4;
  std::array<const void*, threads> places{};
  std::barrier begin(threads);
  std::vector<std::thread> readers;
  for (const void*& place : places) {
    readers.emplace_back([&] {
      begin.arrive_and_wait();
      place = call();
    });
  }
  for (std::thread& reader : readers) reader.join();
  expect(std::ranges::count(places, places.front()) == threads);
}

/// Whoever has a result by reference keeps it, whatever other threads ask for.
void threads_share_a_result(tutti::Client& client) {
  const auto make = [](int x) { return std::vector<int>(4096, x); };
  for (int round = 0; round < 50; ++round) {
    const auto single = client.submit(make, round);
    const auto map = client.map(make, tutti::range(4));
    tutti::wait(single);
    tutti::wait(map);
    expect_one_address([&] { return &single.result(); });
    expect(single.result() == make(round));
    const auto element = map[3];
    expect_one_address([&] { return &element.result(); });
    expect(element.result() == make(3));
  }
}

/// 30 MB on each worker: three of them are more than rank 0 may hold.
void more_than_rank_0_may_hold(tutti::Client& client) {
  if (client.ranks() < 4 || is_serial()) return;
  const auto workers = client.has_what();
  std::vector<Future<std::vector<double>>> parts;
  for (const auto& [rank, held] : workers)
    parts.push_back(client.scatter({.workers = {rank}, .hash = false},
                                   tutti::constant(std::vector<double>(30'000'000 / 8, 1.0))));
  const std::string text = expect_throws<tutti::Error>([&] { client.gather(parts); },
                                                       "to rank 0, which may use 64.0 MB");
  expect(text.find("gather would bring " + std::to_string(workers.size() * 30) + ".0 MB") !=
         std::string::npos);
  expect_throws<tutti::Error>(
      [&] {
        client.gather(std::map<int, decltype(parts)>{{1, parts}});
      },
      "nothing was moved");
  expect_equal(parts.front().result().size(), 3'750'000u);
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    expect_ranks(client);
    maps_of_any_length(client);
    into_memory_of_the_caller(client);
    containers_keep_their_shape(client);
    what_failed_is_thrown_or_left_out(client);
    elements_come_together(client);
    threads_share_a_result(client);
    more_than_rank_0_may_hold(client);
    return exit_code();
  });
}

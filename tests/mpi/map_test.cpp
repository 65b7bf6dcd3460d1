// Maps over real ranks: zipped ranges, constants, futures, lengths, order, maps over maps.
//
// test ranks: 1 2 3 4 8
// test env: TUTTI_THREADS_PER_WORKER=2
// test timeout: 120

#include "support/expect.hpp"

#include <array>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <ranges>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Errors;
using tutti::Future;
using tutti::Futures;
using tutti::Status;

int square(int x) { return x * x; }

void order_is_kept(tutti::Client& client) {
  for (const int total : {1, 2, 3, 7, 100, 12345, 300000}) {
    const std::vector<int> values =
        client.gather(client.map([](int x) { return 3 * x; }, tutti::range(total)));
    expect_equal(static_cast<int>(values.size()), total);
    bool right = true;
    for (int i = 0; i < total; ++i) right = right && values[static_cast<std::size_t>(i)] == 3 * i;
    expect(right);
  }
  // Elements of very different cost.
  const auto uneven = [](int x) {
    volatile int spin = x % 97 == 0 ? 200000 : 10;
    while (spin > 0) spin = spin - 1;
    return x;
  };
  const std::vector<int> values = client.gather(client.map(uneven, tutti::range(2000)));
  for (int i = 0; i < 2000; ++i) expect_equal(values[static_cast<std::size_t>(i)], i);
}

void ranges_are_zipped(tutti::Client& client) {
  const std::vector<std::string> names{"a", "b", "c"};
  const std::list<int> numbers{1, 2, 3};
  const std::deque<double> halves{0.5, 1.5, 2.5};
  const auto join = [](const std::string& name, int number, double half) {
    return name + std::to_string(number) + std::to_string(static_cast<int>(2 * half));
  };
  expect(client.gather(client.map(join, names, numbers, halves)) ==
         std::vector<std::string>{"a11", "b23", "c35"});
  const std::array<int, 3> fixed{4, 5, 6};
  int plain[3] = {7, 8, 9};
  const auto add = [](int a, int b, int c) { return a + b + c; };
  expect(client.gather(client.map(add, fixed, plain, tutti::range(10, 40, 10))) ==
         std::vector<int>{21, 33, 45});
#if !defined(__clang__) || __clang_major__ >= 16  // earlier ones reject all views of this library
  const auto view = numbers | std::views::transform([](int x) { return 10 * x; });
  expect(client.gather(client.map(square, view)) == std::vector<int>{100, 400, 900});
#endif
  const std::set<int> ordered{3, 1, 2};
  expect(client.gather(client.map(square, ordered)) == std::vector<int>{1, 4, 9});
  const std::map<std::string, int> table{{"one", 1}, {"two", 2}};
  const auto value = [](const std::pair<const std::string, int>& each) {
    return each.first + std::to_string(each.second);
  };
  expect(client.gather(client.map(value, table)) == std::vector<std::string>{"one1", "two2"});
  const std::vector<bool> bits{true, false, true};
  expect(client.gather(client.map([](bool bit) { return bit ? 1 : 0; }, bits)) ==
         std::vector<int>{1, 0, 1});
  const auto flags = client.gather(client.map([](int x) { return x > 1; }, tutti::range(3)));
  expect(flags == std::vector<bool>{false, false, true});
  const std::vector<std::vector<int>> rows{{1}, {2, 3}, {}};
  const auto sizes =
      client.gather(client.map([](const std::vector<int>& row) { return row.size(); }, rows));
  expect(sizes == std::vector<std::size_t>{1, 2, 0});
}

void the_rest_is_constant(tutti::Client& client) {
  const std::vector<int> whole{1, 2, 3, 4, 5};
  const auto sum = [](int x, const std::vector<int>& all, const std::string& text, double factor) {
    return factor * (x + std::accumulate(all.begin(), all.end(), 0)) +
           static_cast<double>(text.size());
  };
  const auto values =
      client.gather(client.map(sum, tutti::range(100), tutti::constant(whole), "four", 0.5));
  expect_equal(values.size(), 100u);
  expect_equal(values[9], 16.0);
  const Future<int> future = client.submit(square, 5);
  const auto shifted = client.gather(
      client.map([](int offset, int x) { return offset + x; }, future, tutti::range(50)));
  expect_equal(shifted[49], 74);
  const Future<std::vector<int>> large = client.submit([] { return std::vector<int>(200000, 1); });
  const auto at = client.gather(client.map(
      [](const std::vector<int>& all, int i) { return all[static_cast<std::size_t>(i)] + i; },
      large, tutti::range(1000)));
  expect_equal(at[999], 1000);
  const std::vector<double> table(500'000, 2.0);
  const auto looked =
      client.gather(client.map([](std::size_t i, const std::vector<double>& all) { return all[i]; },
                               tutti::range(std::size_t{64}), tutti::constant(table)));
  expect_equal(std::accumulate(looked.begin(), looked.end(), 0.0), 128.0);
}

void lengths_must_agree(tutti::Client& client) {
  const auto add = [](int a, int b) { return a + b; };
  const std::string text = expect_throws<tutti::Error>(
      [&] {
        (void)client.map(add, std::vector<int>{1}, std::vector<int>{1, 2});
      },
      "was given ranges of unequal lengths (1, 2); they are zipped, so make them equally long, or "
      "wrap what goes whole to every call in "
      "tutti::constant()");
  expect(text.starts_with("map of "));
  expect_throws<tutti::Error>(
      [&] { (void)client.map(add, tutti::range(3), client.map(square, tutti::range(4))); },
      "(3, 4)");
  expect_throws<tutti::Error>([&] { (void)client.map(add, tutti::range(0), tutti::range(2)); },
                              "(0, 2)");
  // The client goes on.
  expect_equal(client.submit(square, 2).result(), 4);
}

void maps_of_nothing(tutti::Client& client) {
  const Futures<int> none = client.map(square, std::vector<int>{});
  expect(none.empty() && none.size() == 0 && none.begin() == none.end());
  expect(none.done() && none.status() == Status::finished);
  expect(client.gather(none).empty());
  expect(client.gather(client.map(square, none)).empty());
  client.gather(client.map([](int) {}, tutti::range(0)));
  tutti::wait(none);
  std::size_t number = 0;
  for (const auto& each : tutti::as_completed(none)) number += each.valid() ? 1 : 1;
  expect_equal(number, 0u);
  expect_throws<std::out_of_range>([&] { (void)none.at(0); },
                                   "this map has 0 elements; there is no element 0");
  const auto sum = [](const std::vector<int>& all) {
    return std::accumulate(all.begin(), all.end(), 7);
  };
  expect_equal(client.submit(sum, none).result(), 7);
  tutti::fire_and_forget(none);
}

void elements_are_futures(tutti::Client& client) {
  const Futures<int> map = client.map(square, tutti::range(1000));
  expect_equal(map[31].result(), 961);
  expect_equal(map.at(999).result(), 998001);
  int sum = 0;
  for (const Future<int>& each : map) sum += each.result() % 10;
  expect_equal(sum, 4500);
  expect_throws<std::out_of_range>([&] { (void)map.at(1000); },
                                   "this map has 1000 elements; there is no element 1000");
  expect_throws<tutti::Error>([&] { map[1000].result(); },
                              "element 1000 was asked for of a map with 1000 elements");
  expect_throws<tutti::Error>([&] { (void)client.submit(square, map[1000]); },
                              "of a map with 1000 elements");
  expect_equal(client.submit([](int a, int b) { return a - b; }, map[10], map[9]).result(), 19);
  std::vector<Future<int>> chosen{map[2], client.submit(square, 9), map[4]};
  expect(client.gather(chosen) == std::vector<int>{4, 81, 16});
  // An element lives on when its map is dropped.
  const Future<int> element = client.map(square, tutti::range(100))[50];
  expect_equal(element.result(), 2500);
}

void maps_feed_maps(tutti::Client& client) {
  auto values = client.map([](int x) { return x + 0.5; }, tutti::range(20000));
  for (int i = 0; i < 10; ++i) values = client.map([](double x) { return x + 1; }, values);
  const std::vector<double> all = client.gather(values);
  for (std::size_t i = 0; i < all.size(); ++i) expect_equal(all[i], static_cast<double>(i) + 10.5);
  const auto left = client.map([](int x) { return std::to_string(x); }, tutti::range(500));
  const auto right = client.map(square, tutti::range(500));
  const auto both = client.map(
      [](const std::string& text, int x, int y) { return text + ":" + std::to_string(x + y); },
      left, right, tutti::range(500));
  expect_equal(client.gather(both)[12], "12:156");
  expect_equal(
      client.submit([](const std::vector<std::string>& texts) { return texts.back(); }, both)
          .result(),
      "499:249500");
}

void many_maps_at_once(tutti::Client& client) {
  std::vector<Futures<int>> maps;
  for (int m = 0; m < 60; ++m)
    maps.push_back(client.map([](int a, int b) { return a * b; }, tutti::range(200), m));
  for (int m = 59; m >= 0; --m) {
    const std::vector<int> values = client.gather(maps[static_cast<std::size_t>(m)]);
    expect(values.size() == 200 && values[100] == 100 * m);
  }
  // Dropped before they ran.
  for (int m = 0; m < 60; ++m) (void)client.map(square, tutti::range(5000));
  expect_equal(client.gather(client.map(square, tutti::range(10)))[9], 81);
}

void ranges_of_numbers(tutti::Client& client) {
  expect(client.gather(client.map(square, tutti::range(5, 0, -2))) == std::vector<int>{25, 9, 1});
  expect(client.gather(client.map(square, tutti::range(-1))).empty());
  expect_throws<tutti::Error>([] { (void)tutti::range(0, 5, 0); },
                              "tutti::range was given a step of 0");
  const auto large =
      client.gather(client.map([](std::int64_t x) { return x; },
                               tutti::range(std::int64_t{1} << 40, (std::int64_t{1} << 40) + 3)));
  expect_equal(large[2], (std::int64_t{1} << 40) + 2);
}

void results_of_any_size(tutti::Client& client) {
  const auto texts = client.gather(client.map(
      [](int x) { return std::string(static_cast<std::size_t>(x), 'x'); }, tutti::range(3000)));
  for (std::size_t i = 0; i < texts.size(); ++i) expect_equal(texts[i].size(), i);
  const auto make = [](int x) { return std::vector<double>(100'000, x); };
  const auto arrays = client.map(make, tutti::range(40));
  expect_equal(arrays[17].result()[99'999], 17.0);
  const auto sums = client.gather(client.map(
      [](const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0); },
      arrays));
  expect_equal(sums[39], 3'900'000.0);
  expect_equal(client.gather(arrays)[5][0], 5.0);
}

void errors_of_elements(tutti::Client& client) {
  const auto odd = [](int x) {
    if (x % 2 == 0) throw std::invalid_argument("x is " + std::to_string(x));
    return x;
  };
  const auto map = client.map(odd, tutti::range(1000));
  expect_throws<tutti::TaskFailed>([&] { client.gather(map); }, "x is 0");
  const std::vector<int> good = client.gather({.errors = Errors::skip}, map);
  expect(good.size() == 500 && good[0] == 1 && good[499] == 999);
  expect(map.status() == Status::error && map[2].status() == Status::error &&
         map[3].status() == Status::finished);
  expect_equal(map[3].result(), 3);
  expect_equal(map[4].exception()->failure().message, "x is 4");
  expect(!map[5].exception());
  const auto texts = client.map([](int x) { return std::to_string(x); }, map);
  expect_equal(client.gather({.errors = Errors::skip}, texts).size(), 500u);
  expect_equal(texts[6].exception()->failure().message, "x is 6");
  expect_throws<tutti::TaskFailed>([&] { client.gather(texts); }, "x is 0");
  const auto voids = client.map(
      [](int x) {
        if (x == 7) throw std::runtime_error("seven");
      },
      tutti::range(10));
  expect_throws<tutti::TaskFailed>([&] { client.gather(voids); }, "seven");
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    expect_ranks(client);
    order_is_kept(client);
    ranges_are_zipped(client);
    the_rest_is_constant(client);
    lengths_must_agree(client);
    maps_of_nothing(client);
    elements_are_futures(client);
    maps_feed_maps(client);
    many_maps_at_once(client);
    ranges_of_numbers(client);
    results_of_any_size(client);
    errors_of_elements(client);
    return exit_code();
  });
}

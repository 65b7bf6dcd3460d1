// fold, map_reduce, whole maps as one argument, and order without data.
//
// test ranks: 1 2 4
// test env: TUTTI_THREADS_PER_WORKER=2

#include "support/expect.hpp"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <list>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Future;
using tutti::Futures;

double plus(double a, double b) { return a + b; }
double root(long x) { return std::sqrt(static_cast<double>(x)); }
std::string letter(int x) { return std::string(1, static_cast<char>('a' + x % 26)); }
std::string join(const std::string& a, const std::string& b) { return a + b; }
std::string bracket(const std::string& a, const std::string& b) { return "(" + a + b + ")"; }

std::string alphabet(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) text += letter(i);
  return text;
}

void folds_keep_the_order(tutti::Client& client) {
  for (const int n : {1, 2, 7, 8, 9, 64, 65, 1000}) {
    const auto letters = client.map(letter, tutti::range(n));
    expect_equal(client.fold(join, letters).result(), alphabet(n));
    expect_equal(client.fold({.split_every = 2, .chunk_size = 3}, join, letters, "> ").result(),
                 "> " + alphabet(n));
    const std::vector<Future<std::string>> singles(letters.begin(), letters.end());
    expect_equal(client.fold({.split_every = 3}, join, singles).result(), alphabet(n));
    expect_equal(client.map_reduce(letter, tutti::range(n), join).result(), alphabet(n));
  }
  const std::vector<Future<std::string>> two{client.submit(letter, 1), client.submit(letter, 0)};
  expect_equal(client.fold(join, two).result(), "ba");
  // Larger than what comes inside of a report.
  const auto vectors = client.map(
      [](int i) {
        std::vector<double> values(20'000, 0.0);
        values[static_cast<std::size_t>(i)] = i;
        return values;
      },
      tutti::range(100));
  const auto add = [](std::vector<double> a, const std::vector<double>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
    return a;
  };
  const std::vector<double> sum = client.fold(add, vectors).result();
  expect(sum.size() == 20'000u && sum[99] == 99.0 && sum[100] == 0.0);
  expect_equal(std::accumulate(sum.begin(), sum.end(), 0.0), 4950.0);
}

void the_shape_depends_on_the_number_alone(tutti::Client& client) {
  const auto letters = client.map(letter, tutti::range(11));
  expect_equal(client.fold({.split_every = 2, .chunk_size = 2}, bracket, letters).result(),
               "((((ab)(cd))((ef)(gh)))((ij)k))");
  expect_equal(client.fold({.split_every = 3}, bracket, letters, "0").result(),
               "(0(((((ab)c)((de)f))((gh)i))(jk)))");
  expect_equal(
      client.map_reduce({.split_every = 2, .chunk_size = 4}, letter, tutti::range(11), bracket)
          .result(),
      "(((((ab)c)d)(((ef)g)h))((ij)k))");
  // The same bits on any number of ranks.
  const double expected = 21'081'692.746151384;
  const double found = client.map_reduce(root, tutti::range(100'000L), plus).result();
  expect(std::abs(found / expected - 1) < 1e-3);
  const double again =
      client.fold({.chunk_size = 25}, plus, client.map(root, tutti::range(100'000L))).result();
  expect(found == again);
}

void map_reduce_takes_any_range(tutti::Client& client) {
  const auto square = [](std::int64_t x) { return x * x; };
  const auto add = [](std::int64_t a, std::int64_t b) { return a + b; };
  const std::int64_t sum = 333'332'833'333'500'000;
  expect_equal(client.map_reduce(square, tutti::range(std::int64_t{1'000'000}), add).result(),
               sum + 0);
  std::vector<std::int64_t> numbers(1'000'000);
  std::iota(numbers.begin(), numbers.end(), 0);
  expect_equal(client.map_reduce(square, numbers, add).result(), sum);
  expect_equal(client.map_reduce({.chunk_size = 1000}, square, numbers, add, 7).result(), sum + 7);
  const std::list<std::string> words{"map", "and", "reduce"};
  expect_equal(client
                   .map_reduce([](const std::string& word) { return word.size(); }, words,
                               [](std::size_t a, std::size_t b) { return a + b; })
                   .result(),
               12u);
  const auto other = client.map(square, tutti::range(std::int64_t{1000}));
  expect_equal(client.map_reduce([](std::int64_t x) { return x + 1; }, other, add).result(),
               332'833'500 + 1000);
  // Functions that bring something along.
  const std::int64_t factor = client.ranks() + 3 - client.ranks();
  expect_equal(client
                   .map_reduce([factor](std::int64_t x) { return factor * x; },
                               tutti::range(std::int64_t{5}), add)
                   .result(),
               30);
  const auto named =
      tutti::bind([](const std::string& name, int x) { return name + std::to_string(x); }, "n");
  expect_equal(client.map_reduce(named, tutti::range(3), join).result(), "n0n1n2");
}

void nothing_needs_an_initial_value(tutti::Client& client) {
  expect_equal(client.fold(plus, client.map(root, tutti::range(0L)), 2.5).result(), 2.5);
  expect_equal(client.map_reduce(root, std::vector<long>{}, plus, 1).result(), 1.0);
  expect_equal(client.fold(plus, std::vector<Future<double>>{}, 3).result(), 3.0);
  expect_throws<tutti::Error>([&] { (void)client.fold(plus, Futures<double>()); },
                              "there is nothing to combine");
  expect_throws<tutti::Error>([&] { (void)client.map_reduce(root, tutti::range(0L), plus); },
                              "need an initial value");
  expect_throws<tutti::Error>(
      [&] { (void)client.fold({.split_every = 1}, plus, Futures<double>(), 1.0); },
      "split_every is 1");
}

void failures_of_elements_are_failures_of_folds(tutti::Client& client) {
  const auto some = client.map(
      [](int x) -> double {
        if (x == 77) throw std::runtime_error("77");
        return x;
      },
      tutti::range(100));
  expect_throws<tutti::TaskFailed>([&] { client.fold(plus, some).result(); }, "77");
  expect_throws<tutti::TaskFailed>(
      [&] { client.submit([](const std::vector<double>&) {}, some).result(); }, "77");
  const auto bad = [](double, double) -> double { throw std::runtime_error("bad plus"); };
  expect_throws<tutti::TaskFailed>(
      [&] { client.map_reduce(root, tutti::range(10L), bad).result(); }, "bad plus");
}

void whole_maps_are_one_argument(tutti::Client& client) {
  const auto many =
      client.map([](std::int64_t x) { return x; }, tutti::range(std::int64_t{200'000}));
  const auto sum = [](const std::vector<std::int64_t>& all) {
    return std::accumulate(all.begin(), all.end(), std::int64_t{0});
  };
  expect_equal(client.submit(sum, many).result(), std::int64_t{199'999} * 100'000);
  const auto words = client.map(letter, tutti::range(3000));
  const auto size = [](const std::vector<std::string>& all, int more) {
    return static_cast<int>(all.size()) + all[27][0] + more;
  };
  expect_equal(client.submit(size, words, client.submit([] { return 1; })).result(), 3001 + 'b');
  const auto nothing = client.map(letter, tutti::range(0));
  expect_equal(
      client.submit([](const std::vector<std::string>& all) { return all.size(); }, nothing)
          .result(),
      0u);
  const auto scattered = client.scatter(std::vector<double>{1, 2, 3, 4, 5});
  expect_equal(client.submit([](std::vector<double> all) { return all[4]; }, scattered).result(),
               5.0);
  const auto constants = client.map(
      [](int x, const std::vector<std::string>& all) { return all[static_cast<std::size_t>(x)]; },
      tutti::range(50), tutti::constant(words));
  expect_equal(client.gather(constants)[49], letter(49));
}

void what_comes_after_waits(tutti::Client& client) {
  const Gate gate;
  const Gate second;
  const auto write =
      client.submit([](const std::string& path) { std::ofstream(path) << "open\n"; }, gate.path());
  const auto exists = [](const std::string& path) { return std::filesystem::exists(path); };
  expect(client.submit({.after = tutti::after(write)}, exists, gate.path()).result());
  const auto writes = client.map(
      [](int x, const std::string& path) {
        if (x == 19) std::ofstream(path) << "open\n";
      },
      tutti::range(20), second.path());
  const auto read = client.map(
      {.name = "reads", .after = tutti::after(write, std::vector{writes[19]}, Futures<int>())},
      [](int, const std::string& path) { return std::filesystem::exists(path); }, tutti::range(10),
      second.path());
  for (const bool each : client.gather(read)) expect(each);
  expect(tutti::delayed({.after = tutti::after(writes)}, exists)(second.path()).compute());
  tutti::Graph graph;
  const auto node = graph.add({.after = tutti::after(writes, write)}, exists, second.path());
  expect(std::get<0>(graph.compute(node)));
  // What fails is failed for those that come after.
  const auto bad = client.submit([] { throw std::runtime_error("first"); });
  expect_throws<tutti::TaskFailed>(
      [&] { client.submit({.after = tutti::after(write, bad)}, exists, "x").result(); }, "first");
  const auto later = client.map(
      {.after = tutti::after(bad)}, [](int x) { return x; }, tutti::range(3));
  expect_throws<tutti::TaskFailed>([&] { (void)client.gather(later); }, "first");
  expect_throws<tutti::Error>([&] { (void)tutti::after(Future<void>()); },
                              "an empty future was passed");
  if (is_serial()) return;
  const Gate third;
  const auto waits = client.submit(pass_gate, third.path(), 1);
  const auto next = client.submit({.after = tutti::after(waits)}, [] { return 2; });
  expect_throws<tutti::TimeoutError>([&] { next.result(0.02); }, "has not ended");
  third.open();
  expect_equal(next.result(30), 2);
}

/// Neither with its neighbours that fail, nor with those that wait.
void what_comes_after_an_element_waits_for_it(tutti::Client& client) {
  const auto mixed = client.map(
      [](int x) {
        if (x == 2) throw std::runtime_error("element 2");
      },
      tutti::range(5));
  const auto is_called = [] { return 1; };
  expect_equal(
      client.submit({.after = tutti::after(mixed[1], std::vector{mixed[3]})}, is_called).result(),
      1);
  expect_throws<tutti::TaskFailed>(
      [&] { client.submit({.after = tutti::after(mixed[2])}, is_called).result(); }, "element 2");
  expect_throws<tutti::TaskFailed>(
      [&] { client.submit({.after = tutti::after(mixed)}, is_called).result(); }, "element 2");
  expect_throws<tutti::Error>([&] { (void)tutti::after(mixed[5]); },
                              "after() was given element 5 of a map with 5 elements");
  if (is_serial()) return;
  const Gate gate;
  const auto some_wait =
      client.map([](int x, const std::string& path) { return x == 7 ? pass_gate(path, x) : x; },
                 tutti::range(8), gate.path());
  expect_equal(client.submit({.after = tutti::after(some_wait[0])}, is_called).result(30), 1);
  expect_equal(tutti::delayed({.after = tutti::after(some_wait[1])}, is_called)().compute(), 1);
  const auto mapped = client.map(
      {.after = tutti::after(some_wait[2])}, [](int x) { return x; }, tutti::range(3));
  expect_equal(client.gather(mapped)[2], 2);
  const auto last = client.submit({.after = tutti::after(some_wait[7])}, is_called);
  expect_throws<tutti::TimeoutError>([&] { last.result(0.02); }, "has not ended");
  gate.open();
  expect_equal(last.result(30), 1);
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    expect_ranks(client);
    folds_keep_the_order(client);
    the_shape_depends_on_the_number_alone(client);
    map_reduce_takes_any_range(client);
    nothing_needs_an_initial_value(client);
    failures_of_elements_are_failures_of_folds(client);
    whole_maps_are_one_argument(client);
    what_comes_after_waits(client);
    what_comes_after_an_element_waits_for_it(client);
    return exit_code();
  });
}

// Submits, maps, chains, failures, drops and several threads at random, compared with what a plain
// loop computes. TUTTI_TEST_SEED chooses another seed, TUTTI_TEST_SECONDS another length.
//
// test ranks: 1 4
// test timeout: 90
// test env: TUTTI_THREADS_PER_WORKER=2

#include "support/expect.hpp"

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Errors;
using tutti::Future;
using tutti::Futures;
using Number = std::int64_t;

/// Values that no task that ended well has.
constexpr Number failing = 1'000'003;

Number mix(Number a, Number b) { return (a * 31 + b * 17 + 7) % failing; }
Number work(Number a, Number b) {
  const Number value = mix(a, b);
  if (value % 13 == 5) throw std::runtime_error("value " + std::to_string(value));
  return value;
}
std::string text_of(Number a) {
  return std::string(static_cast<std::size_t>(a % 5000), static_cast<char>('a' + a % 26));
}
std::vector<Number> list_of(Number a) {
  return std::vector<Number>(static_cast<std::size_t>(a % 20'000), a);
}

/// A result as it must be: nothing when the task fails.
using Expected = std::optional<Number>;

Expected expected_work(const Expected& a, const Expected& b) {
  if (!a || !b) return std::nullopt;
  const Number value = mix(*a, *b);
  return value % 13 == 5 ? std::nullopt : Expected(value);
}

class Walker {
 public:
  Walker(tutti::Client& client, std::uint64_t seed) : client_(client), random_(seed) {}

  void walk(std::chrono::steady_clock::time_point end) {
    while (std::chrono::steady_clock::now() < end && failures == 0) {
      step();
      ++steps_;
    }
    for (const Known& each : known_) verify(each);
  }
  std::uint64_t steps() const { return steps_; }

 private:
  struct Known {
    Future<Number> future;
    Expected expected;
  };

  Number below(Number limit) {
    return static_cast<Number>(random_() % static_cast<std::uint64_t>(limit));
  }
  const Known& pick() {
    return known_[static_cast<std::size_t>(below(static_cast<Number>(known_.size())))];
  }
  void keep(Future<Number> future, Expected expected) {
    known_.push_back({std::move(future), expected});
    if (known_.size() <= 400) return;
    // Most are dropped unseen, pending or not.
    if (below(4) == 0) verify(known_.front());
    known_.pop_front();
  }

  void step() {
    switch (known_.empty() ? 0 : below(12)) {
      case 0:
      case 1:
        return plain();
      case 2:
      case 3:
        return chain();
      case 4:
        return map();
      case 5:
        return map_of_map();
      case 6:
        return fan_in();
      case 7:
        return large();
      case 8:
        return elements();
      case 9:
        return verify(pick());
      case 10:
        return drop();
      default:
        return data();
    }
  }

  void verify(const Known& each) {
    try {
      const Number value = each.future.result(60);
      if (!each.expected) return expect(false);
      expect_equal(value, *each.expected);
    } catch (const tutti::TaskFailed&) {
      expect(!each.expected.has_value());
    }
  }

  void plain() {
    const Number a = below(1000);
    const Number b = below(1000);
    keep(client_.submit(work, a, b), expected_work(a, b));
  }
  void chain() {
    const Known start = pick();
    Future<Number> future = start.future;
    Expected expected = start.expected;
    for (Number i = 0, length = below(30); i <= length; ++i) {
      const Known other = pick();
      if (below(3) == 0) {
        future = client_.submit(work, future, other.future);
        expected = expected_work(expected, other.expected);
      } else {
        future = client_.submit(work, future, i);
        expected = expected_work(expected, i);
      }
    }
    keep(future, expected);
  }
  Number any_size() {
    const Number limits[] = {3, 20, 500, 20'000};
    return below(limits[below(4)]);
  }
  void map() {
    const Number size = any_size();
    const Number b = below(1000);
    const Futures<Number> futures = client_.map(work, tutti::range(size), b);
    if (below(3) == 0) return;
    std::vector<Number> expected;
    for (Number i = 0; i < size; ++i) {
      if (const Expected each = expected_work(i, b)) expected.push_back(*each);
    }
    expect(client_.gather({.errors = Errors::skip}, futures) == expected);
  }
  void map_of_map() {
    const Number size = any_size();
    const Known constant = pick();
    const auto first = client_.map([](Number x) { return x % 1000; }, tutti::range(size));
    const auto second = client_.map(work, first, constant.future);
    std::vector<Number> expected;
    for (Number i = 0; i < size; ++i) {
      if (const Expected each = expected_work(i % 1000, constant.expected))
        expected.push_back(*each);
    }
    expect(client_.gather({.errors = Errors::skip}, second) == expected);
    if (size > 0) {
      const Number index = below(size);
      keep(second[static_cast<std::size_t>(index)], expected_work(index % 1000, constant.expected));
    }
  }
  void fan_in() {
    std::vector<Future<Number>> parts;
    Expected expected = 0;
    for (Number i = 0, count = below(20); i < count; ++i) {
      const Known each = pick();
      parts.push_back(each.future);
      expected = expected && each.expected ? Expected((*expected + *each.expected) % failing)
                                           : std::nullopt;
    }
    keep(client_.submit(
             [](const std::vector<Number>& all) {
               return std::accumulate(all.begin(), all.end(), Number{0}) % failing;
             },
             parts),
         expected);
  }
  void large() {
    const Number a = below(100'000);
    const auto text = client_.submit(text_of, a);
    const auto list = client_.submit(list_of, a);
    keep(client_.submit(
             [](const std::string& t, const std::vector<Number>& l) {
               return static_cast<Number>(t.size()) + (l.empty() ? 0 : l.back()) +
                      static_cast<Number>(l.size());
             },
             text, list),
         a % 5000 + (a % 20'000 == 0 ? 0 : a) + a % 20'000);
    if (below(3) == 0) expect_equal(text.result(60).size(), static_cast<std::size_t>(a % 5000));
  }
  void elements() {
    const Number size = 1 + any_size();
    const auto texts = client_.map(text_of, tutti::range(size));
    const Number index = below(size);
    expect(texts[static_cast<std::size_t>(index)].result(60) == text_of(index));
    keep(client_.submit([](const std::string& t) { return static_cast<Number>(t.size()); },
                        texts[static_cast<std::size_t>(size - 1)]),
         (size - 1) % 5000);
  }
  void drop() {
    for (Number i = 0, count = below(50); i < count; ++i) {
      const auto each = client_.submit([](Number x) { return x + 1; }, pick().future);
    }
  }
  void data() {
    std::vector<Number> values(static_cast<std::size_t>(any_size()));
    std::iota(values.begin(), values.end(), below(100));
    const Number sum = std::accumulate(values.begin(), values.end(), Number{0}) % failing;
    const auto total = [](const std::vector<Number>& all) {
      return std::accumulate(all.begin(), all.end(), Number{0}) % failing;
    };
    if (below(2) == 0) {
      keep(client_.submit(total, client_.broadcast(values)), sum);
    } else {
      const auto spread = client_.scatter(values);
      expect(client_.gather(client_.map([](Number x) { return x; }, spread)) == values);
    }
    for (const Number each : client_.run(total, values)) expect_equal(each, sum);
  }

  tutti::Client& client_;
  std::mt19937_64 random_;
  std::deque<Known> known_;
  std::uint64_t steps_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  bool at_end = false;
  const int code = tutti::run(argc, argv, [&at_end](tutti::Client& client) {
    expect_ranks(client);
    const char* given = std::getenv("TUTTI_TEST_SEED");
    const std::uint64_t seed =
        given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    const char* seconds = std::getenv("TUTTI_TEST_SECONDS");
    std::cout << "TUTTI_TEST_SEED=" << seed << std::endl;
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::seconds(seconds != nullptr ? std::atoi(seconds) : 12);
    std::vector<std::thread> threads;
    std::atomic<std::uint64_t> steps{0};
    for (std::uint64_t t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        try {
          Walker walker(client, seed * 3 + t);
          walker.walk(end);
          steps += walker.steps();
        } catch (const std::exception& exception) {
          fail(exception.what(), tutti::SourceLocation::current());
        }
      });
    }
    for (std::thread& each : threads) each.join();
    std::cout << steps << " steps" << std::endl;
    at_end = true;
    return exit_code();
  });
  // Failures that nobody looked at are meant here; they alone are no failure of the test.
  return at_end && failures == 0 ? 0 : code;
}

// Values over real ranks: kinds of arguments and results, large ones, scatter, broadcast, gather.
//
// test ranks: 1 2 3 4 8
// test env: TUTTI_THREADS_PER_WORKER=2
// test timeout: 120
//
// TUTTI_TEST_LARGE=1: values beyond 2 GiB too, which takes 14 GB of memory.

#include "support/expect.hpp"
#include "tutti/boost.hpp"

#include <boost/serialization/access.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include <algorithm>
#include <array>
#include <complex>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Future;
using tutti::Futures;

enum class Colour : std::uint8_t { red, green };

struct Keywords {
  double sigma = 1;
  bool flat = false;
  bool operator==(const Keywords&) const = default;
};

struct Record {
  int number = 0;
  std::string text;
  std::vector<double> values;
  std::optional<std::map<std::string, std::vector<int>>> table;
  bool operator==(const Record&) const = default;
};

/// As users of Boost.Serialization have them.
class Account {
 public:
  Account() = default;
  Account(std::string owner, std::vector<double> amounts)
      : owner_(std::move(owner)), amounts_(std::move(amounts)) {}
  bool operator==(const Account&) const = default;
  double sum() const { return std::accumulate(amounts_.begin(), amounts_.end(), 0.0); }

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& archive, const unsigned int) {
    archive& owner_;
    archive& amounts_;
  }
  std::string owner_;
  std::vector<double> amounts_;
};

/// Names its memory by Buffers.
class Image {
 public:
  Image() = default;
  explicit Image(std::size_t pixels, double value = 0) : pixels_(pixels, value) {}
  std::span<double> pixels() { return pixels_; }
  std::size_t size() const { return pixels_.size(); }
  bool operator==(const Image&) const = default;

 private:
  std::vector<double> pixels_;
};

}  // namespace

template <>
struct tutti::Buffers<Image> {
  static std::size_t shape(const Image& image) { return image.size(); }
  static Image make(std::size_t pixels) { return Image(pixels); }
  static std::span<double> buffers(Image& image) { return image.pixels(); }
};

namespace {

/// A value goes to a worker and comes back: as an argument, as a future's value, as a constant and
/// as an element.
template <class T>
void travels(tutti::Client& client, const T& value,
             tutti::SourceLocation where = tutti::SourceLocation::current()) {
  const auto echo = [](const T& each) { return each; };
  const Future<T> first = client.submit(echo, value);
  expect(first.result() == value, where);
  expect(client.submit(echo, first).result() == value, where);
  expect(client.submit([](const std::vector<T>& all) { return all.at(1); },
                       std::vector<Future<T>>{first, first})
                 .result() == value,
         where);
  const std::vector<T> elements(3, value);
  expect(client.gather(client.map(echo, elements)) == elements, where);
  const auto second =
      client.map([](int, const T& each) { return each; }, tutti::range(3), tutti::constant(value));
  expect(client.gather(second) == elements, where);
  expect(client.gather(client.map(echo, second)) == elements, where);
  expect(second[1].result() == value, where);
  expect(client.scatter(tutti::constant(value)).result() == value, where);
  const Future<T> everywhere = client.broadcast(value);
  expect(client.submit(echo, everywhere).result() == value, where);
  for (const T& each : client.run(echo, everywhere)) expect(each == value, where);
  expect(client.gather(client.scatter(elements)) == elements, where);
}

void plain_values(tutti::Client& client) {
  travels(client, 1);
  travels(client, 'c');
  travels(client, std::uint64_t{1} << 63);
  travels(client, -0.5f);
  travels(client, Colour::green);
  travels(client, Keywords{.sigma = 2, .flat = true});
  travels(client, std::array<double, 3>{1, 2, 3});
  travels(client, std::array<double, 5000>{1, 2, 3});
  travels(client, std::complex<double>(1, 2));
  travels(client, std::pair<int, double>(1, 2.5));
  travels(client, std::tuple<int, char, double>(1, 'b', 2.5));
  const auto scaled = [](int x, Keywords keywords) {
    return keywords.flat ? x * keywords.sigma : 0;
  };
  expect_equal(client.submit(scaled, 4, Keywords{.flat = true}).result(), 4.0);
}

void containers(tutti::Client& client) {
  travels(client, std::string("a text with \0 inside", 20));
  travels(client, std::string());
  travels(client, std::string(100'000, 'q'));
  travels(client, std::vector<int>{});
  travels(client, std::vector<double>(100'000, 1.5));
  travels(client, std::vector<bool>{true, false, true});
  travels(client, std::vector<std::string>{"a", "", std::string(20'000, 'x')});
  travels(client, std::vector<std::vector<int>>{{1}, {}, std::vector<int>(10'000, 3)});
  travels(client, std::deque<int>{1, 2, 3});
  travels(client, std::list<std::string>{"a", "b"});
  travels(client, std::map<std::string, int>{{"a", 1}, {"b", 2}});
  travels(client, std::unordered_map<int, std::string>{{1, "a"}, {2, "b"}});
  travels(client, std::set<int>{3, 1});
  travels(client, std::unordered_set<std::string>{"x"});
  travels(client, std::pair<std::string, std::vector<int>>("a", {1, 2}));
  travels(client, std::tuple<std::string, int, std::vector<bool>>("a", 1, {true}));
  travels(client, std::optional<std::string>("there"));
  travels(client, std::optional<int>());
  travels(client, std::variant<int, std::string>("text"));
  travels(client, std::filesystem::path("/a/b.txt"));
  travels(client, Record{1, "r", std::vector<double>(5000, 2.0),
                         std::map<std::string, std::vector<int>>{{"k", {1, 2}}}});
  travels(client, Account("owner", std::vector<double>(20'000, 0.25)));
  const Account account("other", {1, 2, 3});
  expect_equal(client.submit([](const Account& each) { return each.sum(); }, account).result(),
               6.0);
}

void owners(tutti::Client& client) {
  auto shared = client.submit([] { return std::make_shared<std::vector<int>>(5, 3); });
  expect_equal(
      client.submit([](const std::shared_ptr<std::vector<int>>& v) { return v->at(4); }, shared)
          .result(),
      3);
  expect_equal(shared.result()->size(), 5u);
  const auto unique = client.submit([](int x) { return std::make_unique<int>(x); }, 8);
  expect_equal(*unique.result(), 8);
  expect_equal(
      client.submit([](const std::unique_ptr<int>& each) { return *each; }, unique).result(), 8);
  const auto many = client.map([](int x) { return std::make_unique<int>(x); }, tutti::range(100));
  expect_equal(*many[60].result(), 60);
  expect_equal(
      client.gather(client.map([](const std::unique_ptr<int>& each) { return *each; }, many))[99],
      99);
  expect_equal(client
                   .submit([](std::unique_ptr<std::vector<double>> each) { return each->back(); },
                           std::make_unique<std::vector<double>>(100'000, 4.0))
                   .result(),
               4.0);
}

void large_values(tutti::Client& client) {
  const std::size_t count = 12'500'000;
  std::vector<double> large(count);
  std::iota(large.begin(), large.end(), 0.0);
  const auto sum = [](const std::vector<double>& v) {
    return std::accumulate(v.begin(), v.end(), 0.0);
  };
  const double expected = static_cast<double>(count) * static_cast<double>(count - 1) / 2;
  expect_equal(client.submit(sum, large).result(), expected);
  const auto made = client.submit(
      [](std::size_t n) {
        std::vector<double> v(n);
        std::iota(v.begin(), v.end(), 0.0);
        return v;
      },
      count);
  expect_equal(client.submit(sum, made).result(), expected);
  expect(made.result() == large);
  // A copy that is moved in.
  expect_equal(client.submit(sum, std::vector<double>(large)).result(), expected);
  travels(client, Image(1'000'000, 2.5));
}

void values_beyond_two_gibibytes(tutti::Client& client) {
  if (std::getenv("TUTTI_TEST_LARGE") == nullptr) return;
  const std::size_t count = (std::size_t{2} << 30) + 4097;
  std::vector<char> large(count, 'a');
  large.back() = 'z';
  const auto check = [](const std::vector<char>& v) {
    return v.size() == (std::size_t{2} << 30) + 4097 && v.back() == 'z' && v[1] == 'a';
  };
  expect(client.submit(check, large).result());
  const auto back = client.submit(
      [](std::size_t n) {
        std::vector<char> v(n, 'b');
        v.back() = 'y';
        return v;
      },
      count);
  expect(back.result().size() == count && back.result().back() == 'y');
  {
    const auto everywhere = client.broadcast(large);
    for (const bool each : client.run(check, everywhere)) expect(each);
  }
  // More elements than an int can count, spread and gathered.
  const auto spread = client.scatter({.hash = false}, large);
  {
    std::vector<char> same(count, 'q');
    client.gather_into(same, spread);
    expect(same == large);
  }
  std::vector<char>().swap(large);
  expect(client
             .submit([](char first, char last) { return first == 'a' && last == 'z'; }, spread[0],
                     spread[count - 1])
             .result());
  const auto next = client.map([](char c) { return static_cast<char>(c + 1); }, spread);
  const std::vector<char> gathered = client.gather(next);
  expect(gathered.size() == count && gathered.front() == 'b' && gathered.back() == '{');
}

void scattering(tutti::Client& client) {
  std::vector<double> values(10'007);
  std::iota(values.begin(), values.end(), 0.0);
  const Futures<double> spread = client.scatter(values);
  expect_equal(spread.size(), values.size());
  expect(client.gather(spread) == values);
  expect_equal(spread[5000].result(), 5000.0);
  expect_equal(client.gather(client.map([](double x) { return x + 1; }, spread))[10'006], 10'007.0);
  for (const std::size_t few : {0u, 1u, 2u, 3u, 5u}) {
    const std::vector<std::string> texts(few, "text");
    expect(client.gather(client.scatter(texts)) == texts);
    const auto sizes = client.gather(
        client.map([](const std::string& text) { return text.size(); }, client.scatter(texts)));
    expect(sizes == std::vector<std::size_t>(few, 4));
  }
  std::vector<Account> accounts(50, Account("a", {1, 2}));
  expect(client.gather(client.scatter(accounts)) == accounts);
  const Future<std::vector<double>> whole = client.scatter({.broadcast = true}, values);
  const auto sums = client.run([](const std::vector<double>& v) { return v.at(10); }, whole);
  expect_equal(static_cast<int>(sums.size()), client.ranks());
  for (const double each : sums) expect_equal(each, 10.0);
  const auto looked =
      client.map([](const std::vector<double>& all, std::size_t i) { return all[i]; }, whole,
                 tutti::range(std::size_t{100}));
  expect_equal(client.gather(looked)[99], 99.0);
  expect_equal(client
                   .submit([](const std::vector<double>& a,
                              const std::vector<double>& b) { return a[1] + b[2]; },
                           whole, whole)
                   .result(),
               3.0);
  const Future<std::string> text = client.scatter("text");
  expect_equal(text.result(), "text");
  expect_equal(client.submit([](const std::string& a) { return a + "s"; }, text).result(), "texts");
}

struct OnlyHere {
  OnlyHere() = default;
  explicit OnlyHere(int x) : value(new int(x)) {}
  OnlyHere(const OnlyHere&) = delete;
  OnlyHere(OnlyHere&& other) noexcept : value(std::exchange(other.value, nullptr)) {}
  OnlyHere& operator=(OnlyHere&&) = delete;
  ~OnlyHere() { delete value; }
  int* value = nullptr;
};

void results_that_stay(tutti::Client& client) {
  const auto make = [](int x) { return OnlyHere(x); };
  if (client.ranks() > 1) {
    const std::string text = expect_throws<tutti::Error>(
        [&] { (void)client.submit(make, 4); },
        "which cannot travel to another rank; return something that can, or run in one process");
    expect(text.starts_with("the result of "));
    expect(text.find("OnlyHere") != std::string::npos);
    expect_throws<tutti::Error>([&] { (void)client.map(make, tutti::range(3)); },
                                "cannot travel to another rank");
    return;
  }
  const auto here = client.submit(make, 4);
  expect_equal(*here.result().value, 4);
  expect_equal(client.submit([](const OnlyHere& each) { return *each.value + 1; }, here).result(),
               5);
  const auto many = client.map(make, tutti::range(50));
  expect_equal(*many[49].result().value, 49);
  expect_equal(
      client.gather(client.map([](const OnlyHere& each) { return *each.value; }, many))[20], 20);
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    expect_ranks(client);
    plain_values(client);
    containers(client);
    owners(client);
    scattering(client);
    results_that_stay(client);
    large_values(client);
    values_beyond_two_gibibytes(client);
    return exit_code();
  });
}

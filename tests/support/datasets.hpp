#pragma once

/// What named data sets promise, whatever core is behind the client.

#include "support/expect.hpp"

#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace tutti_test {

/// Nobody else holds the future: the result is there as long as it is published.
inline void a_published_future_stays(tutti::Client& client) {
  const auto make = [](int length) {
    return std::vector<int>(static_cast<std::size_t>(length), 7);
  };
  client.publish("large", client.submit(make, 100'000));
  client.publish("squares", client.map([](int i) { return i * i; }, tutti::range(100)));
  client.publish("nothing", client.map([](int i) { return i; }, std::vector<int>{}));
  const auto size = [](const std::vector<int>& values) { return values.size(); };
  for (int round = 0; round < 3; ++round) {
    const auto large = client.get_dataset<std::vector<int>>("large");
    expect_equal(client.submit(size, large).result(), std::size_t{100'000});
    expect_equal(client.get_dataset<std::vector<int>>("large").result().back(), 7);
  }
  const auto squares = client.get_dataset<tutti::Futures<int>>("squares");
  expect_equal(squares.size(), std::size_t{100});
  const std::vector<int> all = client.gather(squares);
  expect_equal(std::accumulate(all.begin(), all.end(), 0), 328'350);
  expect(client.get_dataset<tutti::Futures<int>>("nothing").empty());
  client.publish("third", squares[3]);
  expect_equal(client.get_dataset<int>("third").result(), 9);
  expect(client.list_datasets() ==
         std::vector<std::string>({"large", "nothing", "squares", "third"}));
  for (const std::string& name : client.list_datasets()) expect(client.unpublish(name));
  expect(client.list_datasets().empty());
  expect_equal(squares[5].result(), 25);  // what was got stays
  expect(!client.unpublish("large"));
}

/// It is let go of then: nothing is held any more when nobody has a future.
inline void unpublished_results_are_released(tutti::Client& client) {
  client.publish("here", client.submit([] { return std::vector<double>(1000, 1.0); }));
  client.get_dataset<std::vector<double>>("here").result();
  if (is_serial()) return;  // there nothing is counted
  expect(client.nbytes() >= 8000);
  client.unpublish("here");
  // The next call hands on what was let go of.
  client.submit([] { return 1; }).result();
  expect(client.nbytes() < 8000);
}

inline void it_is_one_future(tutti::Client& client) {
  const auto future = client.submit([] { return 1; });
  client.publish("one", future);
  expect(client.get_dataset<int>("one") == future);
  const auto failing = client.submit([]() -> int { throw std::runtime_error("no"); });
  client.publish({.override = true}, "one", failing);
  expect_throws<tutti::TaskFailed>([&] { client.get_dataset<int>("one").result(); }, "no");
  std::thread other([&] { client.publish("other", future); });
  other.join();
  expect_equal(client.get_dataset<int>("other").result(), 1);
  const auto nothing = client.submit([] {});
  client.publish("void", nothing);
  client.get_dataset<void>("void").result();
  for (const std::string& name : client.list_datasets()) client.unpublish(name);
}

inline void wrong_use_of_datasets(tutti::Client& client) {
  using tutti::Error;
  expect_throws<Error>([&] { (void)client.get_dataset<int>("b"); },
                       "there is no data set 'b'; nothing is published");
  const auto future = client.submit([] { return 1.5; });
  client.publish("a", future);
  client.publish("z", future);
  expect_throws<Error>([&] { (void)client.get_dataset<double>("b"); },
                       "there is no data set 'b'; published: 'a', 'z'");
  expect_throws<Error>([&] { (void)client.get_dataset<int>("a"); },
                       "the data set 'a' is Future<double>, and get_dataset was asked for "
                       "Future<int>");
  expect_throws<Error>([&] { (void)client.get_dataset<tutti::Futures<double>>("a"); },
                       "asked for Futures<double>");
  expect_throws<Error>([&] { client.publish("a", future); },
                       "the data set 'a' is published already, as Future<double>");
  expect_throws<Error>([&] { client.publish("", future); }, "an empty name");
  expect_throws<Error>([&] { client.publish("c", tutti::Future<int>()); }, "an empty future");
  const auto inside =
      client.submit([] { return tutti::client().get_dataset<double>("a").result(); });
  expect_throws<tutti::TaskFailed>([&] { (void)inside.result(); }, "get_dataset() was called");
  client.unpublish("a");
  client.unpublish("z");
}

inline void check_datasets(tutti::Client& client) {
  a_published_future_stays(client);
  unpublished_results_are_released(client);
  it_is_one_future(client);
  wrong_use_of_datasets(client);
  // The run ends while something is published.
  client.publish("left", client.submit([] { return std::string("left"); }));
}

}  // namespace tutti_test

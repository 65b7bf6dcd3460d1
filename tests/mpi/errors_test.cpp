// Failures over real ranks: what a task that threw tells, what follows for those that need it, and
// futures after the end.
//
// test ranks: 1 2 3 4 8
// test env: TUTTI_THREADS_PER_WORKER=2

#include "support/expect.hpp"
#include "tutti/boost.hpp"

#include <boost/serialization/access.hpp>

#include <cstdlib>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Errors;
using tutti::Future;
using tutti::Futures;
using tutti::Status;

int fails(int x) { throw std::out_of_range("x is " + std::to_string(x)); }

struct NoException {
  int code = 0;
};
class OwnException : public std::exception {
 public:
  const char* what() const noexcept override { return "an own exception"; }
};

void a_failure_tells_all(tutti::Client& client) {
  const Future<int> failed = client.submit(fails, 3);
  const std::string text =
      expect_throws<tutti::TaskFailed>([&] { failed.result(); }, "std::out_of_range: x is 3");
  expect(text.find("on rank") != std::string::npos);
  const auto failure = failed.exception()->failure();
  expect_equal(failure.type, "std::out_of_range");
  expect_equal(failure.message, "x is 3");
  expect(failure.function.find("int") != std::string::npos);
  expect(!failure.task.empty() && !failure.host.empty() && !failure.story.empty());
  expect(failure.rank >= 0 && failure.rank < client.ranks());
  expect(client.ranks() == 1 || std::getenv("TUTTI_RANK0_WORKS") != nullptr || failure.rank != 0);
  expect_equal(failure.attempt, 1);
  expect(failed.status() == Status::error && failed.done() && !failed.cancelled());
  // It can be asked again.
  expect_throws<tutti::TaskFailed>([&] { failed.result(); }, "x is 3");
  expect_throws<tutti::TaskFailed>([&] { (void)client.submit(fails, 4).result(); }, "x is 4");
}

void all_that_can_be_thrown(tutti::Client& client) {
  const auto kind = [](int which) -> int {
    switch (which) {
      case 0:
        throw 42;
      case 1:
        throw NoException{3};
      case 2:
        throw OwnException();
      case 3:
        throw std::string("text");
      case 4:
        throw "literal";
      case 5:
        throw tutti::Error(tutti::ErrorCode::io, "a file is missing");
      case 6:
        throw std::bad_alloc();
      default:
        return which;
    }
  };
  const std::vector<std::string> types{"int",           "NoException", "OwnException",
                                       "std::string",   "char const*", "tutti::Error",
                                       "std::bad_alloc"};
  for (int which = 0; which < 7; ++which) {
    const auto failure = client.submit(kind, which).exception();
    expect(failure.has_value());
    if (!failure) continue;
    const auto& known = failure->failure();
    if (known.type.find(types[static_cast<std::size_t>(which)]) == std::string::npos) {
      std::cout << "type of " << which << ": " << known.type << "\n";
      expect(false);
    }
    expect(!known.message.empty());
  }
  expect_equal(client.submit(kind, 2).exception()->failure().message, "an own exception");
  expect_equal(client.submit(kind, 5).exception()->failure().message, "a file is missing");
  expect_equal(client.gather({.errors = Errors::skip}, client.map(kind, tutti::range(10))).size(),
               3u);
  expect_equal(client.submit(kind, 9).result(), 9);
}

void dependents_have_the_same_origin(tutti::Client& client) {
  const Future<int> origin = client.submit({.name = "origin"}, fails, 1);
  const auto add = [](int a, int b) { return a + b; };
  std::vector<Future<int>> chain{client.submit(add, origin, 1)};
  for (int i = 0; i < 50; ++i) chain.push_back(client.submit(add, i, chain.back()));
  const Future<int> last = chain.back();
  expect_equal(last.exception()->failure().task, "origin");
  expect_equal(last.exception()->failure().message, "x is 1");
  expect_throws<tutti::TaskFailed>([&] { last.result(); }, "x is 1");
  const Future<int> good = client.submit(add, 1, 2);
  const auto sum = [](const std::vector<int>& all) {
    return std::accumulate(all.begin(), all.end(), 0);
  };
  expect_equal(
      client.submit(sum, std::vector<Future<int>>{good, origin, good}).exception()->failure().task,
      "origin");
  const Futures<int> map = client.map(add, tutti::range(100), origin);
  expect(map[0].exception().has_value());
  expect_equal(map[99].exception()->failure().task, "origin");
  expect(client.gather({.errors = Errors::skip}, map).empty());
  expect(map.status() == Status::error);
  expect_equal(client.submit(sum, map).exception()->failure().task, "origin");
  // Submitted after the failure is known.
  expect(origin.status() == Status::error);
  expect_equal(client.submit(add, origin, origin).exception()->failure().task, "origin");
  expect_throws<tutti::TaskFailed>([&] { (void)client.run(add, origin, 1); }, "x is 1");
  // An element of a map that failed in places.
  const auto odd = client.map([](int x) { return x % 2 == 1 ? x : fails(x); }, tutti::range(200));
  expect_equal(client.submit(add, odd[7], 1).result(), 8);
  expect_equal(client.submit(add, odd[8], 1).exception()->failure().message, "x is 8");
  expect_equal(client.submit(sum, odd).exception()->failure().type, "std::out_of_range");
  tutti::wait(odd);
  expect(odd.status() == Status::error);
  tutti::wait(chain);
  for (const Future<int>& each : chain) expect(each.status() == Status::error);
}

/// To estimate its size is to write it.
struct Unwritable {
  int x = 0;
  std::vector<int> more = {};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    if (!Archive::is_loading::value && x % 2 == 1)
      throw std::domain_error("cannot write " + std::to_string(x));
    archive& x;
  }
};

void results_that_cannot_be_kept(tutti::Client& client) {
  if (is_serial()) return;
  const auto make = [](int x) { return Unwritable{x}; };
  expect_equal(client.submit(make, 4).result().x, 4);
  const auto known = client.submit(make, 3).exception();
  expect(known && known->failure().type == "std::domain_error" &&
         known->failure().message == "cannot write 3");
  const Futures<Unwritable> map = client.map(make, tutti::range(1, 20));
  expect_throws<tutti::TaskFailed>([&] { client.gather(map); }, "std::domain_error: cannot write");
  expect_equal(map[2].exception()->failure().type, "std::domain_error");
  expect_equal(map[2].exception()->failure().message, "cannot write 3");
  // The neighbours of those that cannot be kept can.
  for (int i = 1; i < 19; i += 2) expect_equal(map[static_cast<std::size_t>(i)].result().x, i + 1);
  expect_equal(client.gather({.errors = Errors::skip}, map).size(), 9u);
  expect_equal(client.gather(client.map(make, tutti::range(0, 20, 2)))[9].x, 18);
  expect_throws<tutti::TaskFailed>([&] { (void)client.run(make, 5); }, "cannot write 5");
  expect_equal(client.submit([] { return 1; }).result(), 1);
}

/// Set where the client runs; values that are read anywhere else throw.
bool is_client = false;
struct Unreadable {
  int x = 0;
  std::vector<int> more = {};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& x;
    if (Archive::is_loading::value && !is_client && x % 2 == 1)
      throw std::domain_error("cannot read " + std::to_string(x));
  }
};
struct Image {
  std::vector<double> pixels;
};

}  // namespace

template <>
struct tutti::Buffers<Image> {
  static std::size_t shape(const Image& image) { return image.pixels.size(); }
  static Image make(std::size_t size) {
    if (!is_client) throw std::length_error("cannot make " + std::to_string(size));
    return {std::vector<double>(size)};
  }
  static std::span<double> buffers(Image& image) { return image.pixels; }
};

namespace {

/// By broadcasts and scatters, with streams, buffers, and buffers in the memory of the node.
void values_that_cannot_be_read(tutti::Client& client) {
  if (client.ranks() == 1 || is_serial()) return;
  const auto refused = [](const auto& place, const std::string& why) {
    const std::string text = expect_throws<tutti::Error>(place, why);
    expect(text.find("a value could not be placed on rank 1: reading a value of type ") !=
           std::string::npos);
  };
  refused([&] { (void)client.broadcast(Unreadable{1}); }, "threw std::domain_error: cannot read 1");
  expect_equal(
      client.submit([](const Unreadable& each) { return each.x; }, client.broadcast(Unreadable{2}))
          .result(),
      2);
  refused([&] { (void)client.scatter(std::vector<Unreadable>(20, Unreadable{3})); },
          "cannot read 3");
  for (const std::size_t size : {10u, 3'000u, 1'000'000u})
    refused([&] { (void)client.broadcast(Image{std::vector<double>(size)}); },
            "threw std::length_error: cannot make " + std::to_string(size));
  // Nothing of it stays behind: the same call says the same again, and others go on.
  refused([&] { (void)client.broadcast(Unreadable{1}); }, "cannot read 1");
  expect_equal(client.gather(client.scatter(std::vector<int>(1000, 3)))[999], 3);
}

/// Throws when it is sent, while its size is told without writing it.
struct Unsendable {
  int x = 0;
  std::vector<double> more = {};
};

/// Throws where the client reads it.
struct UnreadableHere {
  int x = 0;
  std::string more = {};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& x& more;
    if (Archive::is_loading::value && is_client && x % 10 == 3)
      throw std::domain_error("cannot read " + std::to_string(x));
  }
};

}  // namespace

template <>
struct tutti::Buffers<Unsendable> {
  static std::pair<int, std::size_t> shape(const Unsendable& value) {
    if (value.x % 10 == 3) throw std::domain_error("cannot send " + std::to_string(value.x));
    return {value.x, value.more.size()};
  }
  static Unsendable make(const std::pair<int, std::size_t>& shape) {
    return {shape.first, std::vector<double>(shape.second)};
  }
  static std::span<double> buffers(Unsendable& value) { return value.more; }
};

namespace {

/// What rank 0 computes itself is not read.
bool results_travel(const tutti::Client& client) {
  return client.ranks() != 1 && !is_serial() && std::getenv("TUTTI_RANK0_WORKS") == nullptr;
}

/// One result of a map does not arrive; all the others do, by whatever way they are asked for.
template <class Make>
void neighbours_arrive(tutti::Client& client, Make make, const std::string& why) {
  const auto all = client.map({.name = "neighbours"}, make, tutti::range(40));
  tutti::wait(all);
  if (all[3].status() == Status::finished) {
    const std::string text = expect_throws<tutti::Error>([&] { (void)all[3].result(); }, why);
    expect(text.find("the result of task 'neighbours[3]' could not be brought to rank 0: ") == 0);
    expect_throws<tutti::Error>([&] { (void)client.gather(all); }, why);
    std::vector<std::decay_t<decltype(all[0])>> some{all[4], all[13], all[5]};
    expect_throws<tutti::Error>([&] { (void)client.gather(some); }, why);
  } else {
    // Where its size could not be told it was not kept.
    expect_throws<tutti::TaskFailed>([&] { (void)all[3].result(); }, why);
  }
  std::vector<std::decay_t<decltype(all[0])>> good;
  for (int i = 0; i < 40; ++i) {
    if (i % 10 != 3) good.push_back(all[static_cast<std::size_t>(i)]);
  }
  const auto arrived = client.gather(good);
  expect_equal(arrived.size(), 36u);
  expect_equal(arrived[3].x, 4);
  expect_equal(arrived.back().x, 39);
  const auto again = client.map({.name = "neighbours"}, make, tutti::range(40));
  for (int i = 0; i < 40; ++i) {
    if (i % 10 != 3) expect_equal(again[static_cast<std::size_t>(i)].result().x, i);
  }
}

void neighbours_of_what_does_not_travel(tutti::Client& client) {
  if (!results_travel(client)) return;
  neighbours_arrive(
      client, [](int x) { return UnreadableHere{x}; }, "threw std::domain_error: cannot read ");
  neighbours_arrive(
      client, [](int x) { return Unsendable{x}; }, "cannot send ");
}

/// Small results come inside of the report and are read when somebody asks.
void small_results_that_cannot_be_read(tutti::Client& client) {
  if (!results_travel(client)) return;
  const auto make = [](int x, std::size_t more) {
    return UnreadableHere{x, std::string(more, 'x')};
  };
  for (const std::size_t more : {0u, 100'000u}) {
    const auto bad = client.submit({.name = "a bad one"}, make, 3, more);
    for (int again = 0; again < 2; ++again) {
      const std::string text = expect_throws<tutti::Error>(
          [&] { (void)bad.result(); }, "threw std::domain_error: cannot read 3");
      expect(text.find("the result of task 'a bad one' could not be brought to rank 0: reading a "
                       "value of type ") == 0);
      expect(text.find("UnreadableHere") != std::string::npos);
    }
    expect_throws<tutti::Error>([&] { (void)client.gather(std::vector{bad}); }, "cannot read 3");
    // Where it can be read it can be used.
    const auto get = [](const UnreadableHere& each) { return each.x; };
    expect_equal(client.submit(get, bad).result(), 3);
    expect_equal(client.submit(make, 4, more).result().x, 4);
  }
}

void gathering_failures(tutti::Client& client) {
  std::vector<Future<int>> futures;
  for (int i = 0; i < 100; ++i)
    futures.push_back(i % 10 == 5 ? client.submit(fails, i)
                                  : client.submit([](int x) { return x; }, i));
  expect_throws<tutti::TaskFailed>([&] { client.gather(futures); }, "x is 5");
  const std::vector<int> good = client.gather({.errors = Errors::skip}, futures);
  expect(good.size() == 90 && good[5] == 6 && good[89] == 99);
  int failed = 0;
  for (const auto& future : tutti::as_completed(futures))
    failed += future.status() == Status::error ? 1 : 0;
  expect_equal(failed, 10);
  std::vector<Future<void>> voids{client.submit([] {}),
                                  client.submit([] { throw std::logic_error("void"); })};
  expect_throws<tutti::TaskFailed>([&] { client.gather(voids); }, "void");
}

void bad_options_of_calls(tutti::Client& client) {
  if (is_serial()) return;
  expect_throws<tutti::Error>(
      [&] { (void)client.submit({.priority = 40000}, [] { return 1; }); },
      "the priority 40000 of a task is out of range; it must lie between -32768 and 32767");
}

/// The end comes while futures and a client are still held.
void after_the_end(tutti::Client& client) {
  const Future<int> future = client.submit([] { return 1; });
  const Futures<int> map = client.map([](int x) { return x; }, tutti::range(10));
  future.result();
  if (is_serial()) return;
  const Gate gate;
  const Future<int> pending = client.submit(pass_gate, gate.path(), 1);
  gate.open();
  tutti::wait(map);
  client.shutdown();
  const char* sentence =
      "a future was used after the end of the run that made it; take results before shutdown";
  expect_throws<tutti::Error>([&] { future.result(); }, sentence);
  expect_throws<tutti::Error>([&] { (void)pending.status(); }, sentence);
  expect_throws<tutti::Error>([&] { (void)map[3].result(); }, sentence);
  expect_throws<tutti::Error>([&] { client.gather(map); }, sentence);
  expect_throws<tutti::Error>([&] { (void)client.submit([] { return 1; }); },
                              "submit() was called outside of a run");
  expect_throws<tutti::Error>([&] { (void)client.map([](int x) { return x; }, tutti::range(2)); },
                              "map() was called outside of a run");
}

}  // namespace

int main(int argc, char** argv) {
  expect_throws<tutti::Error>(
      [] { (void)tutti::client(); },
      "tutti::client() was called outside of a run; call it inside tutti::run(argc, argv, "
      "[](tutti::Client& "
      "client) {...}), or after tutti::setup(argc, argv) returned true, on rank 0");
  expect_throws<tutti::Error>([] { (void)tutti::get_worker(); },
                              "get_worker() was called outside of a run");
  Future<int> kept;
  const int code = tutti::run(argc, argv, [&kept](tutti::Client& client) {
    expect_ranks(client);
    a_failure_tells_all(client);
    all_that_can_be_thrown(client);
    dependents_have_the_same_origin(client);
    results_that_cannot_be_kept(client);
    is_client = true;
    values_that_cannot_be_read(client);
    neighbours_of_what_does_not_travel(client);
    small_results_that_cannot_be_read(client);
    gathering_failures(client);
    bad_options_of_calls(client);
    kept = client.submit([] { return 5; });
    kept.result();
    after_the_end(client);
    return exit_code();
  });
  if (kept.valid()) {
    expect_throws<tutti::Error>(
        [&] { kept.result(); },
        "a future was used after the end of the run that made it; take results before shutdown");
    expect_throws<tutti::Error>([&] { (void)tutti::client(); }, "outside of a run");
  }
  return failures == 0 ? code : 1;
}

// Who gets the stored value itself, and who a copy of it.
//
// test ranks: 1 2 4
// test env: TUTTI_THREADS_PER_WORKER=2

#include "support/expect.hpp"
#include "tutti/boost.hpp"

#include <boost/serialization/access.hpp>
#include <boost/serialization/vector.hpp>

#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Future;

constexpr std::size_t length = 20'000;

/// Knows how many copies lie between it and the object that was made. Moved from, it is empty.
class Counted {
 public:
  Counted() = default;
  explicit Counted(double value) : values(length, value) {}
  Counted(const Counted& other) : values(other.values), copies(other.copies + 1) {}
  Counted(Counted&& other) noexcept = default;
  Counted& operator=(const Counted& other) {
    values = other.values;
    copies = other.copies + 1;
    return *this;
  }
  Counted& operator=(Counted&& other) noexcept = default;
  ~Counted() = default;

  std::vector<double> values;
  int copies = 0;

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& values& copies;
  }
};

Counted make(double value) { return Counted(value); }

/// The copies, or -1 when it does not hold what was made.
int copies_of(const Counted& value, double expected = 7) {
  return value.values == std::vector<double>(length, expected) ? value.copies : -1;
}
int by_value(Counted value) { return copies_of(value); }
int by_reference(const Counted& value) { return copies_of(value); }
using Both = std::array<int, 2>;

struct Functor {
  int operator()(const Counted value) const { return copies_of(value); }
};

/// The copies that functions see of a value that nobody holds any more, or that the client holds.
template <class... Function>
std::vector<int> copies_seen(tutti::Client& client, bool client_holds,
                             const Function&... functions) {
  const Gate gate;
  const auto opened = client.submit(pass_gate, gate.path(), 1);
  Future<Counted> value = client.submit(make, 7.0);
  // Order keeps the calls on rank 0 until the client has released the value.
  const std::vector<Future<int>> seen{
      client.submit({.after = tutti::after(opened)}, functions, value)...};
  if (!client_holds) value.release();
  client.submit([] {}).result();
  gate.open();
  return client.gather(seen);
}

using Copies = std::vector<int>;

void the_last_user_gets_the_value(tutti::Client& client) {
  expect(copies_seen(client, false, by_value) == Copies{0});
  expect(copies_seen(client, false, [](Counted value) noexcept { return copies_of(value); }) ==
         Copies{0});
  expect(copies_seen(client, false, Functor()) == Copies{0});
  const auto second = [](int, Counted value) { return copies_of(value); };
  expect(copies_seen(client, false, tutti::bind(second, 1)) == Copies{0});
  const auto third = [](int, int, Counted value) { return copies_of(value); };
  expect(copies_seen(client, false, tutti::bind(tutti::bind(third, 1), 2)) == Copies{0});
  expect(copies_seen(client, false, by_reference) == Copies{0});
}

void all_others_get_copies(tutti::Client& client) {
  expect(copies_seen(client, true, by_value) == Copies{1});
  expect(copies_seen(client, true, by_reference) == Copies{0});
  expect(copies_seen(client, false, by_value, by_value) == Copies({1, 1}));
  expect(copies_seen(client, false, by_value, by_reference) == Copies({1, 0}));
  // Of a template nobody knows what it takes.
  expect(copies_seen(client, false, [](auto value) { return copies_of(value); }) == Copies{1});
  const auto mapped = client.map(make, std::vector{7.0, 7.0});
  expect_equal(client.submit(by_value, mapped[1]).result(), 1);
  expect_equal(client.submit(by_value, mapped[1]).result(), 1);
}

/// As copies_seen, of a call that takes several values.
template <class Function, class Arguments>
auto seen_by(tutti::Client& client, const Function& function, Arguments&& arguments) {
  const Gate gate;
  const auto opened = client.submit(pass_gate, gate.path(), 1);
  auto seen = std::apply(
      [&](const auto&... each) {
        return client.submit({.after = tutti::after(opened)}, function, each...);
      },
      std::exchange(arguments, {}));
  client.submit([] {}).result();
  gate.open();
  return seen.result();
}

void a_value_twice_in_one_call_is_copied(tutti::Client& client) {
  const auto two = [](Counted one, Counted other) { return Both{one.copies, copies_of(other)}; };
  const Future<Counted> value = client.submit(make, 7.0);
  std::tuple<Future<Counted>, Future<Counted>> same{value, value};
  expect(client.submit(two, value, value).result() == Both{1, 1});
  same = {client.submit(make, 7.0), {}};
  std::get<1>(same) = std::get<0>(same);
  expect(seen_by(client, two, same) == Both{1, 1});
  same = {client.submit(make, 7.0), client.submit(make, 7.0)};
  expect(seen_by(client, two, same) == Both{0, 0});
  const auto pair = [](const std::pair<Counted, Counted>& both) {
    return Both{copies_of(both.first), copies_of(both.second)};
  };
  std::tuple<std::pair<Future<Counted>, Future<Counted>>> nested;
  std::get<0>(nested).first = client.submit(make, 7.0);
  std::get<0>(nested).second = std::get<0>(nested).first;
  expect(seen_by(client, pair, nested) == Both{1, 1});
}

void values_inside_are_moved_into_place(tutti::Client& client) {
  const auto all = [](const std::vector<Counted>& values) {
    Both copies{0, 0};
    for (std::size_t index = 0; index < values.size(); ++index)
      copies[index % 2] += copies_of(values[index], static_cast<double>(index));
    return copies;
  };
  std::tuple<std::vector<Future<Counted>>> values;
  for (int i = 0; i < 6; ++i) std::get<0>(values).push_back(client.submit(make, i));
  const auto held = std::get<0>(values)[1];
  expect(seen_by(client, all, values) == Both{0, 1});
  expect_equal(copies_of(held.result(), 1), 0);
}

void large_literals_belong_to_their_call(tutti::Client& client) {
  expect_equal(client.submit(by_value, Counted(7)).result(), 0);
  const Counted mine(7);
  expect_equal(client.submit(by_value, mine).result(), 1);
  expect_equal(copies_of(mine), 0);
  // A graph may be computed again, and keeps what it was given.
  tutti::Graph graph;
  const auto node = graph.add(by_value, Counted(7));
  for (int time = 0; time < 2; ++time) {
    const int copies = std::get<0>(graph.compute(node));
    expect(copies == 0 || copies == 1);
  }
}

void chains_pass_one_value_on(tutti::Client& client) {
  const auto step = [](Counted value) { return value; };
  tutti::Delayed<Counted> value = tutti::delayed(make)(7.0);
  for (int i = 0; i < 20; ++i) value = tutti::delayed(step)(value);
  const int copies = tutti::delayed(by_value)(value).compute();
  expect(copies >= 0);
  if (!is_serial()) expect_equal(copies, 0);
  const auto join = [](Counted a, const Counted& b) {
    a.values.at(1) += b.values.at(1);
    return a;
  };
  std::vector<Future<Counted>> many;
  for (int i = 0; i < 20; ++i) many.push_back(client.submit(make, 1.0));
  expect_equal(client.fold(join, many).result().values.at(1), 20.0);
  expect_equal(many[0].result().values.at(1), 1.0);
}

void a_task_that_throws_has_had_its_value(tutti::Client& client) {
  const auto fails = [](Counted value) -> int {
    throw std::out_of_range(value.values.empty() ? "empty" : "full");
  };
  std::tuple<Future<Counted>> value{client.submit(make, 7.0)};
  expect_throws<tutti::TaskFailed>([&] { seen_by(client, fails, value); }, "full");
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    expect_ranks(client);
    large_literals_belong_to_their_call(client);
    chains_pass_one_value_on(client);
    if (is_serial()) return exit_code();
    the_last_user_gets_the_value(client);
    all_others_get_copies(client);
    a_value_twice_in_one_call_is_copied(client);
    values_inside_are_moved_into_place(client);
    a_task_that_throws_has_had_its_value(client);
    return exit_code();
  });
}

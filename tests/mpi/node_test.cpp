// Values that lie once on a node: broadcasts, transfers between workers, results that are made
// there, and their end.
//
// test ranks: 1 2 3 4
// test env: TUTTI_THREADS_PER_WORKER=2
// test labels: san
// test timeout: 120
//
// With TUTTI_NODE_STORE=0 all the same holds, but that each rank has a copy (node_off_test.sh).

#include "support/expect.hpp"
#include "tutti/node_vector.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Future;
using Numbers = std::vector<double>;

constexpr std::size_t many = (std::size_t{1} << 20) / sizeof(double);

/// Whether an address lies in memory that the node shares.
bool on_node(const void* data) {
  const auto address = reinterpret_cast<std::uintptr_t>(data);
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    std::size_t end = 0;
    const std::uintptr_t first = std::stoull(line, &end, 16);
    const std::uintptr_t last = std::stoull(line.substr(end + 1), nullptr, 16);
    if (address >= first && address < last) return line.find("tutti-node") != std::string::npos;
  }
  return false;
}

/// By rank: 1 where others of its host share memory with it.
std::vector<int> sharing_ranks(tutti::Client& client) {
  const auto hosts = client.run([] { return tutti::get_worker().hostname(); });
  const char* const setting = std::getenv("TUTTI_NODE_STORE");
  const bool on =
      (setting == nullptr || std::string(setting) != "0") && tutti::detail::can_adopt<Numbers>;
  std::vector<int> result;
  for (const std::string& host : hosts)
    result.push_back(on && std::ranges::count(hosts, host) > 1 ? 1 : 0);
  return result;
}
bool all_share(tutti::Client& client) {
  const auto hosts = client.run([] { return tutti::get_worker().hostname(); });
  return std::ranges::count(hosts, hosts.front()) == client.ranks() &&
         sharing_ranks(client).front() == 1;
}

Numbers counted(std::size_t size, double first) {
  Numbers result(size);
  std::iota(result.begin(), result.end(), first);
  return result;
}
bool is_counted(const Numbers& numbers, std::size_t size, double first) {
  return numbers.size() == size &&
         (size == 0 || (numbers.front() == first && numbers[size / 2] == first + double(size / 2) &&
                        numbers.back() == first + static_cast<double>(size) - 1));
}

void a_broadcast_lies_once_on_a_node(tutti::Client& client) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, many - 1, many, many + 1, 5 * many}) {
    const auto future = client.broadcast(counted(size, 3));
    const auto look = [size](const Numbers& numbers) {
      return is_counted(numbers, size, 3) ? (on_node(numbers.data()) ? 1 : 0) : -1;
    };
    std::vector<int> expected = sharing_ranks(client);
    if (size < many) expected.assign(expected.size(), 0);
    expect(client.run(look, future) == expected);
    expect(is_counted(future.result(), size, 3));
    // It can be had by value, and stays as it is.
    auto changed = future.result();
    changed.assign(changed.size(), 0);
    expect(client.run(look, future) == expected);
  }
}

struct Model {
  std::string name;
  std::map<std::string, Numbers> tables;
  std::vector<std::vector<float>> rows;
  bool operator==(const Model&) const = default;
};

void nested_vectors_too(tutti::Client& client) {
  Model model{"m", {{"a", counted(many, 1)}, {"b", counted(3, 2)}}, {}};
  model.rows.assign(20, std::vector<float>(many / 4, 2.5f));
  const auto future = client.broadcast(model);
  const auto look = [](const Model& read) {
    return is_counted(read.tables.at("a"), many, 1) && is_counted(read.tables.at("b"), 3, 2) &&
                   read.rows.back() == std::vector<float>(many / 4, 2.5f)
               ? (on_node(read.tables.at("a").data()) ? 1 : 0)
               : -1;
  };
  expect(client.run(look, future) == sharing_ranks(client));
  expect(future.result() == model);
}

void large_constants_are_broadcast(tutti::Client& client) {
  const Numbers table = counted(3 * many, 5);
  const auto look = [](int, const Numbers& numbers) {
    return is_counted(numbers, 3 * many, 5) ? (on_node(numbers.data()) ? 1 : 0) : -1;
  };
  const auto found = client.gather(client.map(look, tutti::range(40), tutti::constant(table)));
  for (const int each : found) expect(each == 1 || (each == 0 && !all_share(client)));
  const auto here = [](const Numbers& numbers) { return is_counted(numbers, 3 * many, 5); };
  for (const bool each : client.run(here, table)) expect(each);
  // Fewer elements than ranks.
  expect(client.gather(client.map(look, tutti::range(1), tutti::constant(table))).at(0) >= 0);
  const Numbers captured = counted(many, 1);
  const auto with_capture =
      tutti::bind([](const Numbers& numbers, int) { return numbers.size(); }, captured);
  for (const std::size_t size : client.gather(client.map(with_capture, tutti::range(10))))
    expect_equal(size, many);
}

void transfers_between_workers(tutti::Client& client) {
  const auto make = [](std::size_t size) { return counted(size, 1); };
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, many - 1, many, many + 1, 3 * many}) {
    std::vector<Future<Numbers>> made;
    for (int each = 0; each < 6; ++each) made.push_back(client.submit(make, size));
    // All ranks read all of them, some of which are elsewhere; twice.
    for (int turn = 0; turn < 2; ++turn) {
      for (const auto& future : made) {
        const auto look = [size](const Numbers& numbers) { return is_counted(numbers, size, 1); };
        for (const bool good : client.run(look, future)) expect(good);
      }
    }
    for (auto& future : made) expect(is_counted(std::move(future).result(), size, 1));
  }
}

void results_are_made_on_the_node(tutti::Client& client) {
  const auto make = [](std::size_t size) {
    tutti::node_vector<int> result(size, 7);
    return result;
  };
  const auto future = client.submit(make, 2 * many);
  const auto look = [](const tutti::node_vector<int>& numbers) {
    return numbers == tutti::node_vector<int>(2 * many, 7) ? (on_node(numbers.data()) ? 1 : 0) : -1;
  };
  for (const int found : client.run(look, future))
    expect(found == 1 || (found == 0 && !all_share(client)));
  expect(future.result().size() == 2 * many);

  // Results of a map, also as slices of other tasks.
  const auto squares = client.map([](std::size_t x) { return static_cast<double>(x); },
                                  tutti::range(std::size_t{4} * many));
  const auto gathered = client.gather(squares);
  expect(is_counted(gathered, 4 * many, 0));
  const auto again = client.gather(client.map([](double x) { return 2 * x; }, squares));
  expect_equal(again.back(), 2.0 * static_cast<double>(4 * many - 1));
  const auto sum = client.submit(
      [](const Numbers& all) { return std::accumulate(all.begin(), all.end(), 0.0); }, squares);
  const double n = static_cast<double>(4 * many);
  expect_equal(sum.result(), n * (n - 1) / 2);
}

/// A function that takes its parameter by value may change it; nobody else sees that.
void what_others_read_is_never_moved(tutti::Client& client) {
  const auto spoil = [](Numbers numbers) {
    numbers.assign(numbers.size(), -1);
    return numbers.back();
  };
  const auto spoil_node = [](tutti::node_vector<double> numbers) {
    numbers.assign(numbers.size(), -1);
    return numbers.back();
  };
  const auto make = [](double value) { return Numbers(many, value); };
  const auto make_node = [](double value) { return tutti::node_vector<double>(many, value); };
  const auto is = [](const auto& numbers, double value) {
    return numbers.size() == many && numbers.front() == value && numbers.back() == value;
  };
  for (int turn = 0; turn < 10; ++turn) {
    auto plain = client.submit(make, 1.0 + turn);
    auto node = client.submit(make_node, 2.0 + turn);
    const auto look = [is](const Numbers& a, const tutti::node_vector<double>& b, double value) {
      return is(a, value) && is(b, value + 1);
    };
    for (const bool good : client.run(look, plain, node, 1.0 + turn)) expect(good);
    std::vector<Future<double>> spoilt;
    for (int each = 0; each < 4; ++each) {
      spoilt.push_back(client.submit(spoil, plain));
      spoilt.push_back(client.submit(spoil_node, node));
    }
    for (const bool good : client.run(look, plain, node, 1.0 + turn)) expect(good);
    for (auto& each : spoilt) expect_equal(each.result(), -1.0);
    auto mine = std::move(plain).result();
    expect(is(mine, 1.0 + turn));
    mine.assign(many, 0);
    auto last = client.submit(spoil_node, std::move(node));
    expect_equal(last.result(), -1.0);
  }
}

/// Memory is used again at once by the next values; each must keep what it has until it ends.
void recycling_under_stress(tutti::Client& client) {
  std::uint64_t state = 7;
  const auto next = [&state](std::uint64_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % bound;
  };
  std::vector<std::pair<Future<Numbers>, double>> held;
  std::vector<Future<bool>> checks;
  for (int turn = 0; turn < 120; ++turn) {
    const std::size_t size = many / 2 + next(2 * many);
    const double first = turn;
    if (next(4) == 0) {
      held.emplace_back(client.broadcast(counted(size, first)), first);
    } else {
      held.emplace_back(client.submit([size, first] { return counted(size, first); }), first);
    }
    const auto look = [](const Numbers& numbers, double value) {
      return is_counted(numbers, numbers.size(), value);
    };
    for (int each = 0; each < 3; ++each) {
      const auto& [future, value] = held[next(held.size())];
      checks.push_back(client.submit(look, future, value));
    }
    if (held.size() > 5) held.erase(held.begin() + static_cast<std::ptrdiff_t>(next(held.size())));
  }
  for (auto& each : checks) expect(each.result());
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    expect_ranks(client);
    a_broadcast_lies_once_on_a_node(client);
    nested_vectors_too(client);
    large_constants_are_broadcast(client);
    transfers_between_workers(client);
    results_are_made_on_the_node(client);
    what_others_read_is_never_moved(client);
    recycling_under_stress(client);
    return exit_code();
  });
}

#include "client/placement.hpp"

#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace tutti::client_module {
namespace {

using Ranks = std::vector<std::int32_t>;

const std::vector<WorkerPlace> four{{1, "a"}, {2, "a"}, {3, "b"}, {4, "b"}};

std::string problem(const std::vector<WorkerName>& names) {
  try {
    (void)choose_workers(names, four, 5);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::bad_argument);
    return error.what();
  }
  return "";
}

TEST_CASE("no name means all workers, a rank one, a host all of its workers; ascending") {
  CHECK(choose_workers({}, four, 5) == Ranks{1, 2, 3, 4});
  CHECK(choose_workers({4, 1}, four, 5) == Ranks{1, 4});
  CHECK(choose_workers({"b", 1}, four, 5) == Ranks{1, 3, 4});
}

TEST_CASE("a name that means nobody, or somebody twice, is an error that says who there is") {
  CHECK_EQ(problem({9}), "there is no rank 9; the workers are 1, 2, 3, 4");
  CHECK_EQ(problem({0}),
           "rank 0 only schedules and holds no data for tasks; the workers are 1, 2, 3, 4");
  CHECK_EQ(problem({"c"}), "no worker runs on a host 'c'; the hosts of this run are a, b");
  CHECK_EQ(problem({2, "a"}),
           "worker 2 is named twice; name each worker once, by its rank or by its host");
}

TEST_CASE("of very many workers the first and the last are named") {
  std::vector<WorkerPlace> many;
  for (int rank = 1; rank <= 100; ++rank) many.push_back({rank, "host" + std::to_string(rank)});
  CHECK_THROWS_WITH_AS(choose_workers({200}, many, 101),
                       "there is no rank 200; the workers are 1 to 100 (100 workers)", Error);
}

TEST_CASE("the number of copies lies between one and the number of workers") {
  CHECK_NOTHROW(check_copies({}, 3));
  CHECK_NOTHROW(check_copies({.n = 3}, 3));
  CHECK_THROWS_AS(check_copies({.n = 0}, 3), Error);
  CHECK_THROWS_AS(check_copies({.n = 4}, 3), Error);
}

TEST_CASE("a copy of elements needs nobody's memory, whether they are plain or not") {
  std::vector<double> numbers(2000, 0.5);
  numbers[1999] = 7;
  detail::ValuePtr plain(new detail::Elements<double>(std::span<const double>(numbers)));
  const detail::ValuePtr part = copy_elements(*plain, 1000, 1000);
  numbers.assign(2000, -1);
  const auto& copied = static_cast<const detail::Elements<double>&>(*part);
  CHECK_EQ(copied.at(1999), 7);
  CHECK_EQ(copied.begin, 1000);
  std::vector<double> room(2000, 0);
  copy_plain_elements(copied, 1000, 1000,
                      {reinterpret_cast<std::byte*>(room.data()), room.size() * sizeof(double)});
  CHECK_EQ(room[999], 0);
  CHECK_EQ(room[1999], 7);
  const std::vector<std::string> words{"a", std::string(9000, 'b'), "c"};
  detail::ValuePtr texts(new detail::Elements<std::string>(std::span<const std::string>(words)));
  const detail::ValuePtr two = copy_elements(*texts, 1, 2);
  CHECK_EQ(static_cast<const detail::Elements<std::string>&>(*two).at(1), words[1]);
}

}  // namespace
}  // namespace tutti::client_module

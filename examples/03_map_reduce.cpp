/// Map and reduce: parts of a large sum are computed anywhere and added up where they are.
///
/// Futures are arguments like any other: a task that takes them starts when they are there, and
/// their values go from worker to worker. Only the last number comes to the client.

#include <tutti/tutti.hpp>

#include <cmath>
#include <cstdint>
#include <functional>
#include <iostream>
#include <numbers>
#include <vector>

/// How many points of one row of a square grid lie within the circle.
std::int64_t points_inside(std::int64_t row, std::int64_t rows) {
  const double y = (static_cast<double>(row) + 0.5) / static_cast<double>(rows);
  return std::llround(std::sqrt(1 - y * y) * static_cast<double>(rows));
}

std::int64_t sum(const std::vector<std::int64_t>& parts) {
  std::int64_t total = 0;
  for (std::int64_t part : parts) total += part;
  return total;
}

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    const std::int64_t rows = 100'000;
    auto counts = client.map(points_inside, tutti::range(rows), rows);  // map: a task for each row

    // Reduce, first way: one task takes all parts.
    const std::int64_t at_once = client.submit(sum, counts).result();

    // Second way, for parts that are large or very many: combined where they are, then as a tree.
    const std::int64_t by_tree = client.fold(std::plus<>(), counts).result();

    // Third way, when nobody wants the parts: both in one, and a row's count is kept nowhere.
    const auto inside = [rows](std::int64_t row) { return points_inside(row, rows); };
    const std::int64_t in_one =
        client.map_reduce(inside, tutti::range(rows), std::plus<>()).result();

    const double all = static_cast<double>(rows) * static_cast<double>(rows);
    const double pi = 4 * static_cast<double>(at_once) / all;
    const bool agree = at_once == by_tree && at_once == in_one;
    std::cout << "pi is about " << pi << ", all ways agree: " << agree << "\n";
    return agree && std::abs(pi - std::numbers::pi) < 1e-4 ? 0 : 1;
  });
}

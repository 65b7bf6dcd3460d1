/// Map and reduce: parts of a large sum are computed anywhere and added up where they are.
///
/// Futures are arguments like any other: a task that takes them starts when they are there, and
/// their values go from worker to worker. Only the last number comes to the client.

#include <tutti/tutti.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <numbers>
#include <span>

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

    // Second way, for parts that are large: a tree, eight at a time.
    std::vector<tutti::Future<std::int64_t>> level(counts.begin(), counts.end());
    while (level.size() > 1) {
      std::vector<tutti::Future<std::int64_t>> next;
      for (std::size_t i = 0; i < level.size(); i += 8) {
        const auto eight = std::span(level).subspan(i, std::min<std::size_t>(8, level.size() - i));
        next.push_back(client.submit(sum, std::vector(eight.begin(), eight.end())));
      }
      level = std::move(next);
    }
    const std::int64_t by_tree = level[0].result();

    const double all = static_cast<double>(rows) * static_cast<double>(rows);
    const double pi = 4 * static_cast<double>(at_once) / all;
    std::cout << "pi is about " << pi << ", both ways agree: " << (at_once == by_tree) << "\n";
    return at_once == by_tree && std::abs(pi - std::numbers::pi) < 1e-4 ? 0 : 1;
  });
}

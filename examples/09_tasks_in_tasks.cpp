/// Tasks in tasks: work that finds out while it runs how much there is to do.
///
/// A task gets a client of its own and waits for tasks that it submits; meanwhile its thread runs
/// others, so one slot is enough. Random numbers belong to the task, not to the rank: the result is
/// the same wherever and with whatever company it runs.

#include <tutti/tutti.hpp>

#include <cmath>
#include <iostream>
#include <numbers>
#include <numeric>
#include <vector>

/// The integral of sqrt(1 - x^2) from a to b, halved until the halves agree.
double integral(double a, double b) {
  const auto height = [](double x) { return std::sqrt(1 - x * x); };
  const double middle = (a + b) / 2;
  const double whole = (b - a) * (height(a) + 4 * height(middle) + height(b)) / 6;
  const double left =
      (middle - a) * (height(a) + 4 * height((a + middle) / 2) + height(middle)) / 6;
  const double right =
      (b - middle) * (height(middle) + 4 * height((middle + b) / 2) + height(b)) / 6;
  if (std::abs(left + right - whole) < 1e-9) return left + right;

  auto client = tutti::get_worker().client();
  auto first = client.submit(integral, a, middle);
  auto second = client.submit(integral, middle, b);
  return first.result() + second.result();
}

/// The share of random points of a square that lie within the circle, estimated by ten tasks.
double share_inside(int points) {
  const auto count = [points](int) {
    tutti::Random& random = tutti::get_worker().random();
    int inside = 0;
    for (int point = 0; point < points / 10; ++point)
      inside += std::hypot(random.uniform(), random.uniform()) < 1 ? 1 : 0;
    return inside;
  };
  auto client = tutti::get_worker().client();
  const std::vector<int> counts = client.gather(client.map(count, tutti::range(10)));
  return static_cast<double>(std::accumulate(counts.begin(), counts.end(), 0)) / points;
}

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    const double quarter = client.submit(integral, 0.0, 1.0).result();
    const double share = client.submit(share_inside, 1'000'000).result();
    std::cout << "pi is " << 4 * quarter << " by halving, and about " << 4 * share
              << " by chance, the same chance each time\n";
    const bool good = std::abs(4 * quarter - std::numbers::pi) < 1e-5;
    return good && std::abs(4 * share - std::numbers::pi) < 0.01 ? 0 : 1;
  });
}

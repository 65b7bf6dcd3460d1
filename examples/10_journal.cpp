// A journal: work that has a name is recorded on disk, and a run that finds it there does not
// compute it again. Start this twice with a name for the journal, `10_journal results`: the second
// run computes nothing, and results.h5 has all numbers.

#include <tutti/tutti.hpp>

#include <cstdio>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

namespace {

/// Something that takes long.
std::vector<double> simulate(int seed, double step) {
  std::printf("simulating %d\n", seed);
  std::vector<double> values(100);
  double value = seed;
  for (double& each : values) each = value = 0.9 * value + step;
  return values;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

int main(int argc, char** argv) {
  tutti::Options options;
  if (argc > 1) options.journal = argv[1];  // the environment variable TUTTI_JOURNAL does the same
  return tutti::run(argc, argv, options, [](tutti::Client& client) {
    // Each element is recorded by itself: with other arguments only what is new is computed, and
    // with another `.version` everything.
    auto runs = client.map({.name = "simulation", .version = "1"}, simulate, tutti::range(20),
                           tutti::constant(0.5));
    // What follows from recorded work is found by what it follows from.
    auto means = client.map({.name = "mean"}, mean, runs);
    double sum = 0;
    for (const double each : client.gather(means)) sum += each;
    std::cout << "sum of means " << sum << "\n";
  });
}

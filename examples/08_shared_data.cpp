/// Data that every worker needs: one copy per node, or one per worker?
///
/// A program that gives each worker its own copy of a table multiplies its memory by the number of
/// workers. broadcast() puts a large value once on each node, and all tasks there read that one.
/// This program shows the memory of all ranks both ways. It counts memory that ranks share in equal
/// parts ("proportional set size"), so that the sum over the ranks is what the node really holds.

#include <tutti/tutti.hpp>

#include <fstream>
#include <iostream>
#include <numeric>
#include <string>

using Table = std::vector<double>;

/// Memory of this process in MB.
double resident_megabytes() {
  std::ifstream file("/proc/self/smaps_rollup");
  std::string word;
  while (file >> word) {
    if (word != "Pss:") continue;
    double kilobytes = 0;
    file >> kilobytes;
    return kilobytes / 1000;
  }
  return 0;
}

double sum_of(const Table& table) { return std::accumulate(table.begin(), table.end(), 0.0); }

/// What programs do that know no better: each process keeps a copy.
Table own_copy;
double copy_and_sum(const Table& table) {
  own_copy = table;
  return sum_of(own_copy);
}

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    const std::size_t elements = 8'000'000;
    const double megabytes = elements * sizeof(double) / 1e6;
    const auto memory_of_all = [&client] {
      const std::vector<double> each = client.run(resident_megabytes);
      return std::accumulate(each.begin(), each.end(), 0.0);
    };
    const double before = memory_of_all();

    const auto table = client.broadcast(Table(elements, 1.0));
    const std::vector<double> sums = client.run(sum_of, table);
    const double shared = memory_of_all() - before;

    const std::vector<double> other_sums = client.run(copy_and_sum, table);
    const double copied = memory_of_all() - before - shared;

    std::cout << "a table of " << megabytes << " MB on " << client.ranks() << " rank(s)\n"
              << "  read where broadcast() put it: " << shared << " MB in all\n"
              << "  copied by each rank:           " << copied << " MB more\n";
    return sums == other_sums && sums.front() == static_cast<double>(elements) ? 0 : 1;
  });
}

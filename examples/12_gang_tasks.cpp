// Tasks that are parallel themselves: several ranks run one together, with a communicator of their
// own, beside tasks that run alone. Here systems of equations are solved by conjugate gradients; of
// each system every member of its gang has a part.

#include <boost/mpi/collectives.hpp>
#include <boost/mpi/communicator.hpp>
#include <tutti/gang.hpp>
#include <tutti/tutti.hpp>

#include <cstddef>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

namespace {

using boost::mpi::communicator;

/// A rod that is held at both ends and carries a load: 2 u_i - u_(i-1) - u_(i+1) = load.
class Rod {
 public:
  Rod(communicator& members, int points)
      : members_(members),
        begin_(points * members.rank() / members.size()),
        end_(points * (members.rank() + 1) / members.size()) {}

  std::size_t own_points() const { return static_cast<std::size_t>(end_ - begin_); }

  double dot(const std::vector<double>& a, const std::vector<double>& b) const {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return boost::mpi::all_reduce(members_, sum, std::plus<>());
  }

  std::vector<double> apply(const std::vector<double>& u) const {
    const double left = from_neighbour(u.back(), members_.rank() + 1, members_.rank() - 1);
    const double right = from_neighbour(u.front(), members_.rank() - 1, members_.rank() + 1);
    std::vector<double> result(u.size());
    for (std::size_t i = 0; i < u.size(); ++i) {
      const double before = i == 0 ? left : u[i - 1];
      const double after = i + 1 == u.size() ? right : u[i + 1];
      result[i] = 2 * u[i] - before - after;
    }
    return result;
  }

 private:
  /// Sends `own` to one neighbour and gives what the other one sends; 0 where there is none.
  double from_neighbour(double own, int to, int from) const {
    double value = 0;
    boost::mpi::request sent;
    if (to >= 0 && to < members_.size()) sent = members_.isend(to, 0, own);
    if (from >= 0 && from < members_.size()) members_.recv(from, 0, value);
    if (to >= 0 && to < members_.size()) sent.wait();
    return value;
  }

  communicator& members_;
  int begin_;
  int end_;
};

/// Runs on all members at once; gives the energy of the rod.
double solve(communicator& members, int points, double load) {
  const Rod rod(members, points);
  const std::vector<double> right_side(rod.own_points(), load);
  std::vector<double> u(rod.own_points(), 0.0);
  std::vector<double> residual = right_side;
  std::vector<double> direction = residual;
  double square = rod.dot(residual, residual);
  for (int iteration = 0; iteration < points && square > 1e-16; ++iteration) {
    const std::vector<double> image = rod.apply(direction);
    const double step = square / rod.dot(direction, image);
    for (std::size_t i = 0; i < u.size(); ++i) {
      u[i] += step * direction[i];
      residual[i] -= step * image[i];
    }
    const double before = square;
    square = rod.dot(residual, residual);
    for (std::size_t i = 0; i < u.size(); ++i)
      direction[i] = residual[i] + square / before * direction[i];
  }
  return rod.dot(u, right_side);
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    // Loads come from tasks that run alone.
    auto loads = client.map([](int number) { return 1.0 + 0.5 * number; }, tutti::range(4));

    // As many members as there are ranks that run tasks, two at most.
    const int size = client.ranks() > 2 ? 2 : 1;
    std::vector<tutti::Future<double>> energies;
    for (std::size_t number = 0; number < loads.size(); ++number) {
      energies.push_back(client.submit({.name = "rod " + std::to_string(number)}, tutti::gang(size),
                                       solve, 100, loads[number]));
    }
    // Meanwhile others run on ranks that have no member.
    auto sum = client.submit([](int a, int b) { return a + b; }, 40, 2);

    for (std::size_t number = 0; number < energies.size(); ++number)
      std::cout << "rod " << number << ": energy " << energies[number].result() << "\n";
    std::cout << "and a task by itself: " << sum.result() << "\n";
  });
}

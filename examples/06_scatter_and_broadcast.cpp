/// Scatter and broadcast: data is put on the workers once, and tasks go where it is.
///
/// scatter deals the elements of a vector out to the workers; broadcast puts one value on every
/// rank. Both give futures, which are used like the results of tasks.

#include <tutti/tutti.hpp>

#include <cmath>
#include <iostream>
#include <set>

using Row = std::vector<double>;

double product(const Row& row, const Row& vector) {
  double sum = 0;
  for (std::size_t i = 0; i < row.size(); ++i) sum += row[i] * vector[i];
  return sum;
}

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    const std::size_t size = 300;
    std::vector<Row> matrix(size, Row(size, 1.0));
    for (std::size_t i = 0; i < size; ++i) matrix[i][i] = static_cast<double>(i);

    // The matrix stays where it is put; each step sends only a vector.
    auto rows = client.scatter(matrix);
    Row vector(size, 1.0);
    double eigenvalue = 0;
    for (int step = 0; step < 200; ++step) {
      auto everywhere = client.broadcast(vector);
      vector = client.gather(client.map(product, rows, everywhere));
      eigenvalue = std::sqrt(product(vector, vector));
      for (double& component : vector) component /= eigenvalue;
    }

    // Where are the rows? A task runs where its data is.
    const auto place = [](const Row&) { return tutti::get_worker().rank(); };
    const auto ranks = client.gather(client.map(place, rows));
    std::cout << "largest eigenvalue " << eigenvalue << ", rows lie on "
              << std::set<int>(ranks.begin(), ranks.end()).size() << " rank(s)\n";

    Row image(size);
    for (std::size_t i = 0; i < size; ++i) image[i] = product(matrix[i], vector);
    for (std::size_t i = 0; i < size; ++i) image[i] -= eigenvalue * vector[i];
    return std::sqrt(product(image, image)) < 0.01 * eigenvalue ? 0 : 1;
  });
}

/// A graph of tasks: calls that depend on each other are put together first and computed in one
/// pass.
///
/// A ring of cells exchanges heat. The new value of a cell is made from the old values of itself
/// and of its two neighbours, so that each step of each cell is a task that waits for three others,
/// and for nothing else: no step waits for the whole ring.

#include <tutti/tutti.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iostream>
#include <numeric>
#include <utility>
#include <vector>

double start_value(std::size_t cell) { return cell == 0 ? 1000.0 : 0.0; }
double step(double left, double here, double right) {
  return 0.25 * left + 0.5 * here + 0.25 * right;
}
double sum(const std::vector<double>& all) { return std::accumulate(all.begin(), all.end(), 0.0); }
double largest(const std::vector<double>& all) {
  double most = all[0];
  for (double each : all) most = std::max(most, each);
  return most;
}

constexpr std::size_t cells = 40;
constexpr std::size_t steps = 50;

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client&) {
    // First way: delayed calls. Each is a value that can be copied, kept and passed on.
    std::vector<tutti::Delayed<double>> row;
    for (std::size_t i = 0; i < cells; ++i) row.push_back(tutti::delayed(start_value)(i));
    for (std::size_t n = 0; n < steps; ++n) {
      std::vector<tutti::Delayed<double>> next;
      for (std::size_t i = 0; i < cells; ++i)
        next.push_back(
            tutti::delayed(step)(row[(i + cells - 1) % cells], row[i], row[(i + 1) % cells]));
      row = std::move(next);
    }
    auto total = tutti::delayed(sum)(row);
    auto share = tutti::delayed(largest)(row) / total;  // operators are delayed calls as well
    auto [heat, most] = tutti::compute(total, share);   // what both need is computed once
    std::cout << "heat " << heat << ", the warmest cell has " << 100 * most << " % of it\n";

    // Second way, for very many calls: a Graph, in which a call is a few words.
    tutti::Graph graph;
    std::vector<tutti::GraphNode<double>> nodes;
    for (std::size_t i = 0; i < cells; ++i) nodes.push_back(graph.add(start_value, i));
    for (std::size_t n = 0; n < steps; ++n) {
      std::vector<tutti::GraphNode<double>> next;
      for (std::size_t i = 0; i < cells; ++i)
        next.push_back(
            graph.add(step, nodes[(i + cells - 1) % cells], nodes[i], nodes[(i + 1) % cells]));
      nodes = std::move(next);
    }
    auto [again] = graph.compute(graph.add(sum, nodes));
    std::cout << graph.size() << " calls in the graph, heat " << again << "\n";

    // A picture of a small one: dot -Tsvg task_graph.dot > task_graph.svg
    auto a = tutti::delayed(start_value)(std::size_t{0});
    std::cout << tutti::delayed(step)(a, a, tutti::delayed(start_value)(std::size_t{1})).to_dot();
    return heat == again && std::abs(heat - 1000.0) < 1e-9 ? 0 : 1;
  });
}

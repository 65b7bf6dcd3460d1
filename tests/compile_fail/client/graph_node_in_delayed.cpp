// Nodes belong to their graph.
// expect: a node of a Graph is an argument of other nodes only: add this call to the graph

#include <tutti/tutti.hpp>

auto call(const tutti::GraphNode<int>& node) {
  return tutti::delayed([](int x) { return x; })(node);
}

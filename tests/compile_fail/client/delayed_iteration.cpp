// Nor how many there are.
// expect: a Delayed cannot be iterated before it is computed

#include <tutti/tutti.hpp>

#include <vector>

int call(const tutti::Delayed<std::vector<int>>& lazy) {
  for (int each : lazy) return each;
  return 0;
}

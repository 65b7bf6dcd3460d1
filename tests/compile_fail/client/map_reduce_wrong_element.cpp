// The function takes one element.
// expect: this function cannot be called with one element

#include <tutti/tutti.hpp>

#include <string>
#include <vector>

auto call(tutti::Client& client, const std::vector<std::string>& words) {
  return client.map_reduce([](int x) { return x; }, words, [](int a, int b) { return a + b; });
}

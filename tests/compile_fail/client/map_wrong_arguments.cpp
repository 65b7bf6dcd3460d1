// Elements of another type than the parameter.
// expect: this function cannot be called with one element of each range and the constants.

#include <tutti/tutti.hpp>

#include <string>
#include <vector>

auto call(tutti::Client& client, const std::vector<std::string>& words) {
  return client.map([](int x) { return x; }, words);
}

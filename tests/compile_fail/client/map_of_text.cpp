// Text is no range.
// expect: map needs at least one range among its arguments: a vector, tutti::range(n), or the futures of another map. A string is no range

#include <tutti/tutti.hpp>

#include <string>
#include <vector>

auto call(tutti::Client& client, const std::string& text) {
  return client.map([](const std::string& each) { return each.size(); }, text);
}

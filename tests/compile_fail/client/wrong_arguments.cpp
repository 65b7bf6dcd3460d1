// The arguments do not fit the function.
// expect: this function cannot be called with these arguments. Futures stand for their results

#include <tutti/tutti.hpp>

#include <string>
#include <vector>

auto call(tutti::Client& client) {
  return client.submit([](const std::vector<int>& x) { return x.size(); }, "text");
}

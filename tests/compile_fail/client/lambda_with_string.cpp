// A lambda that captures text cannot travel.
// expect: this lambda captures a value that is not plain bytes (std::string, std::vector, ...), and C++ cannot look inside a lambda.

#include <tutti/tutti.hpp>

#include <string>
#include <vector>

auto call(tutti::Client& client, const std::string& text) {
  return client.submit([text](int x) { return text.size() + static_cast<std::size_t>(x); }, 1);
}

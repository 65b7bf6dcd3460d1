// A map takes the futures of another map.
// expect: map takes the futures of another map (Futures), not a range that holds single futures; wrap it in tutti::constant()

#include <tutti/tutti.hpp>

#include <string>
#include <vector>

auto call(tutti::Client& client, const std::vector<tutti::Future<int>>& futures) {
  return client.map([](int x) { return x; }, futures);
}

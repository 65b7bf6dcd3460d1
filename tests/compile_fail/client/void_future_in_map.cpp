// Nor is one the constant of a map.
// expect: the future of a void task carries no value that a call could take

#include <tutti/tutti.hpp>

auto call(tutti::Client& client, const tutti::Future<void>& done) {
  return client.map([](int x, int y) { return x + y; }, tutti::range(3), done);
}

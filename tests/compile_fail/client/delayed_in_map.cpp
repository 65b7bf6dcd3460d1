// Nor of a map.
// expect: a Delayed is an argument of delayed calls only: make this call delayed as well

#include <tutti/tutti.hpp>

auto call(tutti::Client& client, const tutti::Delayed<int>& lazy) {
  return client.map([](int x, int y) { return x + y; }, tutti::range(3), lazy);
}

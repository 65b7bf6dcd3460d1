// What combines must not give more than the results can hold.
// expect: and no wider one, which would be cut off

#include <tutti/tutti.hpp>

auto call(tutti::Client& client, const tutti::Futures<int>& futures) {
  return client.fold([](long a, long b) { return a + b; }, futures);
}

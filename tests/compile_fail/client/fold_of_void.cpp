// Nothing cannot be combined.
// expect: tasks that return nothing have no results to combine

#include <tutti/tutti.hpp>

auto call(tutti::Client& client, const tutti::Futures<void>& futures) {
  return client.fold([](int a, int b) { return a + b; }, futures);
}

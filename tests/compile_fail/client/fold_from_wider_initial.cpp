// An initial value is one of the results.
// expect: the initial value of a fold has another type than the results

#include <tutti/tutti.hpp>

auto call(tutti::Client& client, const tutti::Futures<int>& futures) {
  return client.fold([](int a, int b) { return a + b; }, futures, 0.5);
}

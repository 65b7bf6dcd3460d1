// What a pointer points to lies on one rank.
// expect: a task cannot return a view or pointer

#include <tutti/tutti.hpp>

auto call(tutti::Client& client) {
  return client.map([](int number) { return number == 0 ? "zero" : "more"; }, tutti::range(3));
}

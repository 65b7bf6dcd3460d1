// Futures stay in the task that made them.
// expect: a task cannot return a future: futures stay with the task that made them

#include <tutti/tutti.hpp>

int square(int x) { return x * x; }

auto call(tutti::Client& client) {
  return client.submit([](int x) { return tutti::client().submit(square, x); }, 5);
}

// Nor do they leave the elements of a map, inside of a container either.
// expect: a task cannot return a future: futures stay with the task that made them

#include <tutti/tutti.hpp>

int square(int x) { return x * x; }

auto call(tutti::Client& client) {
  return client.map([](int x) { return std::vector{tutti::client().submit(square, x)}; },
                    tutti::range(5));
}

// The same for run().
// expect: this function cannot be called with these arguments; they arrive as const&

#include <tutti/tutti.hpp>

#include <string>
#include <vector>

auto call(tutti::Client& client) {
  return client.run([](int& x) { return x; }, 1);
}

// The calls of a map share the function.
// expect: a lambda must not be mutable

#include <tutti/tutti.hpp>

#include <string>
#include <vector>

auto call(tutti::Client& client) {
  int count = 0;
  return client.map([count](int x) mutable { return x + ++count; }, tutti::range(3));
}

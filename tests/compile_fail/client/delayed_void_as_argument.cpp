// A delayed call that returns nothing has no value.
// expect: the future of a void task carries no value that a call could take

#include <tutti/tutti.hpp>

auto call(const tutti::Delayed<void>& done) {
  return tutti::delayed([](int x) { return x; })(done);
}

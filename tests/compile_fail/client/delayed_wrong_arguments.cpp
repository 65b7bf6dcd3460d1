// The arguments do not fit the function.
// expect: this function cannot be called with these arguments. Futures stand for their results

#include <tutti/tutti.hpp>

#include <string>

auto call(const tutti::Delayed<int>& lazy) {
  return tutti::delayed([](const std::string& x) { return x.size(); })(lazy);
}

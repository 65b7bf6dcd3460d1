// A future of void has no value.
// expect: the future of a void task carries no value that a call could take

#include <tutti/tutti.hpp>

#include <string>
#include <vector>

auto call(tutti::Client& client, const tutti::Future<void>& done) {
  return client.submit([](int x) { return x; }, done);
}

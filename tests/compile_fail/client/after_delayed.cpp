// What is not submitted has no order yet.
// expect: after() takes futures of calls that were submitted

#include <tutti/tutti.hpp>

auto call(tutti::Client& client, const tutti::Delayed<int>& lazy) {
  return client.submit({.after = tutti::after(lazy)}, [] { return 1; });
}

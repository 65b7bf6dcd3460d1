// A delayed call is no argument of a call that is made now.
// expect: a Delayed is an argument of delayed calls only: make this call delayed as well

#include <tutti/tutti.hpp>

#include <vector>

auto call(tutti::Client& client, const std::vector<tutti::Delayed<int>>& lazy) {
  return client.submit([](const std::vector<int>& x) { return x.size(); }, lazy);
}

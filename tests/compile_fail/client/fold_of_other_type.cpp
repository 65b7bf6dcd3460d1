// What combines two results gives a result of the same type.
// expect: the function that combines takes two results and gives one of the same type

#include <tutti/tutti.hpp>

#include <string>

auto call(tutti::Client& client, const tutti::Futures<int>& futures) {
  return client.fold([](int a, int) { return std::to_string(a); }, futures);
}

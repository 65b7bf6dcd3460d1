// What a view shows ends with the task.
// expect: a task cannot return a view or pointer

#include <tutti/tutti.hpp>

#include <span>
#include <vector>

auto call(tutti::Client& client) {
  return client.submit([](const std::vector<int>& v) { return std::span<const int>(v); },
                       std::vector<int>{1, 2, 3});
}

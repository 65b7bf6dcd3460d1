// expect: They arrive as const&, so a parameter must be a value or a const reference
#include <tutti/tutti.hpp>

void use(tutti::Client& client) {
  auto rows = client.scatter(std::vector<std::string>{"a", "b"});
  (void)client.map([](std::string& row) { row += "."; }, rows);
}

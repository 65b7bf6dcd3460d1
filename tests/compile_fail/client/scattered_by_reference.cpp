// expect: large values arrive as const&, so a parameter must be a value or a const reference
#include <tutti/tutti.hpp>

/// What was scattered is read by many: nobody may write to it.
void scale(std::vector<double>& values) {
  for (double& each : values) each *= 2;
}

void use(tutti::Client& client) {
  auto data = client.scatter({.broadcast = true}, std::vector<double>(1000, 1.0));
  (void)client.submit(scale, data);
}

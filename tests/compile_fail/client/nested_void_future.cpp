// A future of void has no value, wherever it is.
// expect: the future of a void task carries no value that a call could take

#include <tutti/tutti.hpp>

#include <map>
#include <string>
#include <vector>

auto call(tutti::Client& client,
          const std::map<std::string, std::vector<tutti::Future<void>>>& done) {
  return client.submit([](const std::map<std::string, std::vector<int>>& x) { return x.size(); },
                       done);
}

// A map's function travels as that of a single call does.
// expect: this lambda captures a value that is not plain bytes

#include <tutti/tutti.hpp>

#include <string>

auto call(tutti::Client& client, const std::string& text) {
  return client.map([text](int x) { return text.size() + static_cast<std::size_t>(x); },
                    tutti::range(3));
}

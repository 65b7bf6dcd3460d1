#include "client/repeated_constants.hpp"

#include "client/content_key.hpp"
#include "tutti/detail/value_ops.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace tutti::client_module {
namespace {

using Numbers = std::vector<double>;
constexpr std::size_t large = 1 << 18;  // 2 MiB

/// How many warnings there are in so many calls.
int warnings(std::size_t length, int calls, bool changes) {
  RepeatedConstants constants;
  int warned = 0;
  for (int call = 0; call < calls; ++call) {
    const auto value = detail::make_value<Numbers>(Numbers(length, changes ? call : 1.0));
    const std::string text = constants.note(*value, value->ops().nbytes(*value));
    if (text.empty()) continue;
    ++warned;
    CHECK(text.find("std::vector<double") != std::string::npos);
    CHECK(text.find("2.1 MB") != std::string::npos);
  }
  return warned;
}

TEST_CASE("a large constant that comes again and again is named once") {
  CHECK_EQ(warnings(large, 100, false), 1);
}

TEST_CASE("few calls, small constants and contents that change are worth no warning") {
  CHECK_EQ(warnings(large, 6, false), 0);
  CHECK_EQ(warnings(1000, 100, false), 0);
  CHECK_EQ(warnings(large, 100, true), 0);
}

TEST_CASE("equal contents have equal hashes, other contents and other types others") {
  const auto hash = [](auto value) { return hash_of(*detail::make_value<decltype(value)>(value)); };
  CHECK(hash(Numbers(5000, 1.0)) == hash(Numbers(5000, 1.0)));
  Numbers other(5000, 1.0);
  other[4000] = 2;
  CHECK(hash(Numbers(5000, 1.0)) != hash(other));
  CHECK(hash(Numbers(5000, 1.0)) != hash(Numbers(5001, 1.0)));
  CHECK(hash(1) != hash(1u));
  CHECK(hash(std::string("a")) != hash(std::string("b")));
}

}  // namespace
}  // namespace tutti::client_module

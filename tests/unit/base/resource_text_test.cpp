#include "base/resource_text.hpp"

#include <doctest/doctest.h>

namespace tutti::base {
namespace {

TEST_CASE("names and amounts are read") {
  CHECK(parse_resources("").value().empty());
  const auto some = parse_resources(" gpu = 2, license=0.5 ").value();
  CHECK_EQ(some.at("gpu"), 2);
  CHECK_EQ(some.at("license"), 0.5);
}

TEST_CASE("anything else is refused") {
  for (const char* text : {"gpu", "gpu=", "=1", "gpu=0", "gpu=-1", "gpu=x", "gpu=1,", "gpu=1,gpu=2",
                           "gpu=inf", "gpu=1;a=2"}) {
    INFO(text);
    CHECK_FALSE(parse_resources(text));
  }
}

}  // namespace
}  // namespace tutti::base

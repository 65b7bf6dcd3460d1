#include "base/nearest_name.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string_view>

using tutti::base::edit_distance;
using tutti::base::nearest_name;

TEST_CASE("the distance of two names counts changed, missing and swapped letters") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("pin", "pin") == 0);
  CHECK(edit_distance("pin", "pni") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("ca", "abc") == 3);
}

TEST_CASE("the nearest name is found without regard to case, and nothing when no name is similar") {
  constexpr std::array<std::string_view, 3> known{"threads", "memory", "pin"};
  CHECK(nearest_name("THRAEDS", known) == "threads");
  CHECK(nearest_name("memroy", known) == "memory");
  CHECK(nearest_name("directory_of_spill", known).empty());
  CHECK(nearest_name("threads", {}).empty());
}

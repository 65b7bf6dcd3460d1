#include "memory/policy.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace tutti::memory {
namespace {

constexpr std::uint64_t everything = std::numeric_limits<std::uint64_t>::max();

TEST_CASE("values above the target are spilled down to it") {
  const Levels levels;
  CHECK_EQ(bytes_to_spill(levels, {.limit = 100, .managed = 60}), 0);
  CHECK_EQ(bytes_to_spill(levels, {.limit = 100, .managed = 75}), 15);
  CHECK_EQ(bytes_to_spill(levels, {.limit = 100, .managed = 75, .leaving = 10}), 5);
  CHECK_EQ(bytes_to_spill(levels, {.limit = 100, .managed = 75, .leaving = 20}), 0);
}

TEST_CASE("what is about to come needs room as well") {
  const Levels levels;
  CHECK_EQ(bytes_to_spill(levels, {.limit = 100, .managed = 50, .coming = 20}), 10);
  CHECK(has_room(levels, {.limit = 100, .managed = 50}, 10));
  CHECK_FALSE(has_room(levels, {.limit = 100, .managed = 50}, 11));
  CHECK_FALSE(has_room(levels, {.limit = 100, .managed = 50, .coming = 10}, 1));
  CHECK(may_serve(levels, {.limit = 100, .managed = 70}, 10));
  CHECK_FALSE(may_serve(levels, {.limit = 100, .managed = 70}, 11));
  CHECK_FALSE(may_serve(levels, {.limit = 100, .managed = 70, .coming = 10}, 1));
}

TEST_CASE("a process above its level spills down to the target, but no more than there is") {
  const Levels levels;
  CHECK_EQ(bytes_to_spill(levels, {.limit = 100, .managed = 40, .process = 70}), 0);
  CHECK_EQ(bytes_to_spill(levels, {.limit = 100, .managed = 40, .process = 71}), 11);
  CHECK_EQ(bytes_to_spill(levels, {.limit = 100, .managed = 5, .process = 99}), 5);
  CHECK_EQ(bytes_to_spill(levels, {.limit = 100, .managed = 40, .leaving = 4, .process = 71}), 7);
}

TEST_CASE("without a limit, or with levels of 0, nothing is spilled and nobody pauses") {
  const Levels off{.target = 0, .spill = 0, .pause = 0};
  const Fill full{.limit = 100, .managed = 1000, .process = 1000};
  CHECK_EQ(bytes_to_spill(off, full), 0);
  CHECK_FALSE(should_pause(off, full, false));
  CHECK_FALSE(should_trim(off, full));
  const Fill unlimited{.limit = 0, .managed = 1000, .process = 1000};
  CHECK_EQ(bytes_to_spill({}, unlimited), 0);
  CHECK_FALSE(should_pause({}, unlimited, true));
  CHECK(has_room({}, unlimited, everything / 2));
  CHECK(may_serve({}, unlimited, everything / 2));
  CHECK_EQ(level_bytes(unlimited, 0.5), everything);
}

TEST_CASE("without a target only the process counts, down to its own level") {
  const Levels levels{.target = 0, .spill = 0.7, .pause = 0.8};
  CHECK_EQ(bytes_to_spill(levels, {.limit = 100, .managed = 65, .process = 66}), 0);
  CHECK_EQ(bytes_to_spill(levels, {.limit = 100, .managed = 80, .process = 90}), 20);
}

TEST_CASE("a rank pauses above the level and goes on clearly below it") {
  const Levels levels;
  CHECK_FALSE(should_pause(levels, {.limit = 100, .managed = 80}, false));
  CHECK(should_pause(levels, {.limit = 100, .managed = 81}, false));
  CHECK(should_pause(levels, {.limit = 100, .process = 81}, false));
  CHECK(should_pause(levels, {.limit = 100, .managed = 78}, true));
  CHECK_FALSE(should_pause(levels, {.limit = 100, .managed = 75}, true));
}

TEST_CASE("free memory is given back when the process has much that is no value") {
  const Levels levels;
  CHECK(should_trim(levels, {.limit = 100, .managed = 10, .process = 71}));
  CHECK_FALSE(should_trim(levels, {.limit = 100, .managed = 10, .process = 70}));
  CHECK_FALSE(should_trim(levels, {.limit = 100, .managed = 69, .process = 71}));
}

}  // namespace
}  // namespace tutti::memory

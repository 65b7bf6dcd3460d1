#include "memory/file_space.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace tutti::memory {
namespace {

constexpr std::uint64_t block = FileSpace::block_bytes;

TEST_CASE("places are whole blocks, one behind the other") {
  FileSpace space;
  CHECK(space.take(1) == Extent{0, block});
  CHECK(space.take(block + 1) == Extent{block, 2 * block});
  CHECK_EQ(space.used_bytes(), 3 * block);
  CHECK_EQ(space.end(), 3 * block);
}

TEST_CASE("the smallest gap that is large enough is used again") {
  FileSpace space;
  const Extent large = space.take(4 * block);
  space.take(block);
  const Extent small = space.take(2 * block);
  space.take(block);
  space.release(large);
  space.release(small);
  CHECK(space.take(2 * block) == small);
  CHECK(space.take(3 * block) == Extent{0, 3 * block});
  CHECK(space.take(block) == Extent{3 * block, block});
  CHECK_EQ(space.gaps(), 0);
}

TEST_CASE("gaps that touch are one, and one at the end makes the file shorter") {
  FileSpace space;
  const Extent first = space.take(block);
  const Extent second = space.take(block);
  const Extent third = space.take(block);
  const Extent fourth = space.take(block);
  space.release(first);
  CHECK(space.release(third) == third);
  CHECK_EQ(space.gaps(), 2);
  CHECK(space.release(second) == Extent{0, 3 * block});
  CHECK_EQ(space.gaps(), 1);
  CHECK(space.release(fourth) == Extent{0, 4 * block});
  CHECK_EQ(space.gaps(), 0);
  CHECK_EQ(space.end(), 0);
  CHECK_EQ(space.used_bytes(), 0);
}

TEST_CASE("places never overlap, whatever comes and goes") {
  std::mt19937 random(7);
  FileSpace space;
  std::vector<Extent> taken;
  for (int step = 0; step < 5000; ++step) {
    if (taken.empty() || random() % 5 < 3) {
      const Extent extent = space.take(1 + random() % (20 * block));
      for (const Extent& other : taken) {
        const bool apart = extent.offset + extent.bytes <= other.offset ||
                           other.offset + other.bytes <= extent.offset;
        REQUIRE(apart);
      }
      REQUIRE(extent.offset + extent.bytes <= space.end());
      taken.push_back(extent);
    } else {
      std::swap(taken[random() % taken.size()], taken.back());
      space.release(taken.back());
      taken.pop_back();
    }
    if (taken.size() > 200) {
      for (const Extent& each : taken) space.release(each);
      taken.clear();
      REQUIRE_EQ(space.end(), 0);
      REQUIRE_EQ(space.gaps(), 0);
    }
  }
}

}  // namespace
}  // namespace tutti::memory

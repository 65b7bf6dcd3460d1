#include "memory/process_memory.hpp"

#include "support/sanitizers.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <sys/mman.h>
#include <vector>

namespace tutti::memory {
namespace {

constexpr std::size_t megabyte = 1 << 20;

TEST_CASE("what is resident without what is shared is read from statm") {
  CHECK_EQ(private_bytes_of("1000 300 100 5 0 200 0\n", 4096), 200 * 4096);
  CHECK_FALSE(private_bytes_of("1000 300", 4096));
  CHECK_FALSE(private_bytes_of("", 4096));
  CHECK_FALSE(private_bytes_of("1 2 x", 4096));
}

TEST_CASE("memory of this process counts when it is touched, shared memory does not") {
  const std::uint64_t before = private_bytes();
  CHECK(before > 0);
  const std::vector<char> own(64 * megabyte, 'x');
  const std::uint64_t with_own = private_bytes();
  CHECK(with_own >= before + 60 * megabyte);
  void* shared =
      ::mmap(nullptr, 64 * megabyte, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(shared != MAP_FAILED);
  std::memset(shared, 1, 64 * megabyte);
  CHECK(private_bytes() < with_own + 8 * megabyte);
  ::munmap(shared, 64 * megabyte);
  CHECK(own.back() == 'x');
}

TEST_CASE("what the heap keeps for later can be given back" *
          doctest::skip(testing::memory_is_watched)) {
  // Small pieces with one in between that stays: the heap cannot shrink by itself.
  std::vector<std::unique_ptr<char[]>> pieces;
  std::vector<std::unique_ptr<char[]>> kept;
  for (int index = 0; index < 20'000; ++index) {
    pieces.push_back(std::make_unique<char[]>(4096));
    std::memset(pieces.back().get(), 1, 4096);
    if (index % 100 == 99) kept.push_back(std::make_unique<char[]>(64));
  }
  pieces.clear();
  const std::uint64_t before = private_bytes();
  give_back_free_memory();
  const std::uint64_t after = private_bytes();
  MESSAGE("before " << before << " bytes, after " << after);
  CHECK(after <= before);
  CHECK(kept.size() == 200);
}

}  // namespace
}  // namespace tutti::memory

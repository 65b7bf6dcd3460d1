#include "transport/huge_pages.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

using tutti::transport::prefer_huge_pages;

TEST_CASE("memory that prefers huge pages keeps what it holds, wherever it begins and ends") {
  constexpr std::size_t megabyte = std::size_t{1} << 20;
  std::vector<std::byte> memory(12 * megabyte, std::byte{7});
  for (const std::size_t offset : {std::size_t{0}, std::size_t{1}, 2 * megabyte - 1}) {
    for (const std::size_t size : {std::size_t{0}, megabyte, 4 * megabyte, 9 * megabyte + 3}) {
      prefer_huge_pages({memory.data() + offset, size});
    }
  }
  CHECK(std::ranges::count(memory, std::byte{7}) == static_cast<std::ptrdiff_t>(memory.size()));
}

#include "base/huge_pages.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using tutti::base::prefer_huge_pages;

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

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

/// The flags of the mapping that `address` lies in, as /proc/self/smaps tells them.
std::string mapping_flags(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/smaps");
  bool is_inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " ", &begin, &end) == 2)
      is_inside = begin <= wanted && wanted < end;
    if (is_inside && line.starts_with("VmFlags:")) return line + " ";
  }
  return {};
}

}  // namespace

TEST_CASE("large memory of containers is asked for in huge pages, unless the option is off") {
  constexpr std::size_t size = std::size_t{64} << 20;
  if (!std::filesystem::exists("/sys/kernel/mm/transparent_hugepage")) return;
  const std::vector<char> with(size);
  CHECK(mapping_flags(with.data() + size / 2).find(" hg ") != std::string::npos);
  tutti::base::huge_pages_wanted = false;
  const std::vector<char> without(size);
  tutti::base::huge_pages_wanted = true;
  CHECK(mapping_flags(without.data() + size / 2).find(" hg ") == std::string::npos);
}

#endif

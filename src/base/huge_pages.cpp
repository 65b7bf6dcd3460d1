#include "base/huge_pages.hpp"

#include <cstdint>
#include <sys/mman.h>

namespace tutti::base {

constinit std::atomic<bool> huge_pages_wanted{true};

void prefer_huge_pages(MutableBuffer memory) noexcept {
  // What is smaller is mostly memory that was used before. The pages are those of x86 and, as far
  // as they are used, of other processors; a range that does not fit is refused and stays as it
  // was.
  constexpr std::size_t bytes_min = std::size_t{4} << 20;
  constexpr std::uintptr_t page_bytes = std::uintptr_t{2} << 20;
  if (memory.size < bytes_min || !huge_pages_wanted.load(std::memory_order_relaxed)) return;
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data);
  const std::uintptr_t first = (address + page_bytes - 1) / page_bytes * page_bytes;
  const std::uintptr_t last = (address + memory.size) / page_bytes * page_bytes;
  madvise(memory.data + (first - address), last - first, MADV_HUGEPAGE);
}

}  // namespace tutti::base

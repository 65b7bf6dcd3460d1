#include "base/huge_pages.hpp"

#include <cstdint>
#include <sys/mman.h>

namespace tutti::base {

constinit std::atomic<bool> huge_pages_wanted{true};

void ask_for_huge_pages(MutableBuffer memory) noexcept {
  // The pages are those of x86 and, as far as they are used, of other processors; a range that does
  // not fit is refused and stays as it was.
  constexpr std::uintptr_t page_bytes = std::uintptr_t{2} << 20;
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data);
  const std::uintptr_t first = (address + page_bytes - 1) / page_bytes * page_bytes;
  const std::uintptr_t last = (address + memory.size) / page_bytes * page_bytes;
  madvise(memory.data + (first - address), last - first, MADV_HUGEPAGE);
}

}  // namespace tutti::base

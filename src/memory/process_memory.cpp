#include "memory/process_memory.hpp"

#include <array>
#include <charconv>
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

namespace tutti::memory {

std::optional<std::uint64_t> private_bytes_of(std::string_view statm, std::uint64_t page_bytes) {
  // Pages of: address space, resident, resident and shared, then others.
  std::array<std::uint64_t, 3> pages{};
  const char* place = statm.data();
  const char* const end = place + statm.size();
  for (std::uint64_t& each : pages) {
    while (place != end && *place == ' ') ++place;
    const auto result = std::from_chars(place, end, each);
    if (result.ec != std::errc{}) return std::nullopt;
    place = result.ptr;
  }
  if (pages[1] < pages[2]) return std::nullopt;
  return (pages[1] - pages[2]) * page_bytes;
}

std::uint64_t private_bytes() {
  // Without a stream: this must not allocate, and is called several times a second.
  std::array<char, 256> text{};
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t size = ::read(file, text.data(), text.size());
  ::close(file);
  if (size <= 0) return 0;
  static const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return private_bytes_of({text.data(), static_cast<std::size_t>(size)}, page_bytes).value_or(0);
}

void give_back_free_memory() {
  // Pages in the middle of a heap as well, since glibc 2.8.
  ::malloc_trim(0);
}

}  // namespace tutti::memory

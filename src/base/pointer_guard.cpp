#include "base/pointer_guard.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <mutex>
#include <pthread.h>
#include <string_view>
#include <utility>
#include <vector>

namespace tutti::base {
namespace {

constexpr std::uint64_t lowest_address = std::uint64_t{1} << 32;
constexpr std::uint64_t address_end = std::uint64_t{1} << 48;
// Larger mappings belong to tools (the shadow memory of sanitizers), not to the program.
constexpr std::uint64_t region_bytes_max = std::uint64_t{1} << 40;

struct Region {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool readable = false;
  bool executable = false;
  std::string name;
};

/// The next field of a line of /proc/self/maps, which ends at a space or at `end`.
std::string_view take_field(std::string_view& line, char end = ' ') {
  const std::size_t size = std::min(line.find(end), line.size());
  const std::string_view field = line.substr(0, size);
  line.remove_prefix(std::min(size + 1, line.size()));
  return field;
}

std::uint64_t hexadecimal(std::string_view digits) {
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return number;
}

/// Reads "7f01-7f02 r-xp OFFSET DEVICE INODE    NAME".
Region read_region(std::string_view line) {
  Region region;
  region.begin = hexadecimal(take_field(line, '-'));
  region.end = hexadecimal(take_field(line));
  const std::string_view rights = take_field(line);
  region.readable = rights.starts_with('r');
  region.executable = rights.size() > 2 && rights[2] == 'x';
  for (int skipped = 0; skipped < 3; ++skipped) take_field(line);
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  region.name = line;
  return region;
}

std::vector<Region> read_regions() {
  std::vector<Region> regions;
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    Region region = read_region(line);
    const bool searched =
        region.end > lowest_address && region.end - region.begin <= region_bytes_max;
    if (region.readable && searched) regions.push_back(std::move(region));
  }
  return regions;
}

/// The readable mappings of this process, read again when an address is not among them.
class Regions {
 public:
  std::optional<Region> find(std::uint64_t address) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::optional<Region> found = look_up(address);
    if (found) return found;
    regions_ = read_regions();
    return look_up(address);
  }

 private:
  std::optional<Region> look_up(std::uint64_t address) const {
    auto after = std::upper_bound(
        regions_.begin(), regions_.end(), address,
        [](std::uint64_t value, const Region& region) { return value < region.begin; });
    if (after == regions_.begin()) return std::nullopt;
    --after;
    if (address >= after->end) return std::nullopt;
    return *after;
  }

  std::mutex mutex_;
  std::vector<Region> regions_;
};

/// Two small integers side by side, as in (7, 32767).
bool is_like_two_integers(std::uint64_t word) {
  constexpr std::uint32_t small = 1u << 20;
  const auto low = static_cast<std::uint32_t>(word);
  return low < small || low > ~small;
}

/// At most five letters and zeros, as in a short array of char. Six letters are not told from an
/// address of a program: one heap pointer in fifty would pass for text.
bool is_like_text(std::uint64_t word) {
  if (word >= std::uint64_t{1} << 40) return false;
  for (; word != 0; word >>= 8) {
    const std::uint64_t letter = word & 0xff;
    if (letter != 0 && (letter < 0x20 || letter > 0x7e)) return false;
  }
  return true;
}

bool can_be_pointer(std::uint64_t word) {
  return word >= lowest_address && word < address_end && !is_like_two_integers(word) &&
         !is_like_text(word);
}

bool is_on_stack(std::uint64_t address) {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return false;
  void* begin = nullptr;
  std::size_t size = 0;
  const bool known = pthread_attr_getstack(&attributes, &begin, &size) == 0;
  pthread_attr_destroy(&attributes);
  const auto first = reinterpret_cast<std::uintptr_t>(begin);
  return known && address >= first && address - first < size;
}

std::string describe(std::uint64_t address, const Region& region) {
  if (is_on_stack(address) || region.name == "[stack]") {
    return "point into the stack, as a reference or pointer to a local variable does";
  }
  if (region.name == "[heap]") return "point into the heap";
  if (region.name.empty() || region.name.starts_with("[anon") || region.name.starts_with("/dev/")) {
    return "point into memory that this process allocated (the heap, or the stack of a thread)";
  }
  const std::string file = region.name.substr(region.name.rfind('/') + 1);
  if (region.executable) {
    return "point to code of " + file +
           "; a pointer to a function must be passed as an argument, not captured";
  }
  return "point to static data of " + file + ", such as a string literal or a global variable";
}

}  // namespace

std::optional<std::string> find_pointer(std::span<const std::byte> closure, Padding padding) {
  static auto* const regions = new Regions;
  std::optional<std::string> first;
  for (std::size_t position = 0; position + sizeof(std::uint64_t) <= closure.size();
       position += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, closure.data() + position, sizeof(word));
    const std::optional<Region> region = can_be_pointer(word) ? regions->find(word) : std::nullopt;
    if (!region) {
      if (padding == Padding::unknown) return std::nullopt;
      continue;
    }
    if (first) continue;
    first = "the 8 bytes at position " + std::to_string(position) + " " + describe(word, *region);
    if (padding == Padding::cleared) break;
  }
  return first;
}

}  // namespace tutti::base

#pragma once

/// What disk, memory and network of this allocation can do, see Client::benchmark_hardware().

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace tutti {

/// What benchmark_hardware() measures.
struct HardwareOptions {
  /// Sizes of what is written, copied and sent at a time, in bytes, each at least 1.
  std::vector<std::uint64_t> sizes = {1 << 10, 64 << 10, 1 << 20, 16 << 20, 64 << 20};
  /// Measurements of each size, of which the median counts; at least 1.
  unsigned repetitions = 5;
  /// Pairs of ranks that are measured, spread over all; at least 1.
  unsigned pairs_max = 16;
};

/// Bandwidth at one size over ranks (disk, memory) or pairs of ranks (network), in bytes per
/// second.
struct Bandwidth {
  std::uint64_t bytes = 0;  ///< at a time
  double slowest = 0;
  double median = 0;
  double fastest = 0;
};

struct HardwareFigures {
  /// Into a file in the rank's local directory, each size followed by fdatasync.
  std::vector<Bandwidth> disk_write = {};
  /// Back from there, after the system was asked to drop its copy.
  std::vector<Bandwidth> disk_read = {};
  /// A copy from memory to memory by one thread of a rank; all ranks copy at once.
  std::vector<Bandwidth> memory_copy = {};
  /// A value from rank to rank, one pair at a time, from the question until it is there. Empty in a
  /// run of one rank.
  std::vector<Bandwidth> network = {};
  /// Where the disk was measured, by rank; the reason when a rank could not write there.
  std::vector<std::string> directories = {};
};

/// A table: a line a size.
std::ostream& operator<<(std::ostream& out, const HardwareFigures& figures);

}  // namespace tutti

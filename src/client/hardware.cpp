// Client::benchmark_hardware(): what disk, memory and network of the ranks can do.

#include "client/hardware.hpp"

#include "memory/local_directory.hpp"
#include "tutti/client.hpp"
#include "tutti/error.hpp"
#include "tutti/worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <numeric>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace tutti {
namespace {

using client_module::fetch_seconds;
using client_module::local_directory_here;
using Clock = std::chrono::steady_clock;
using Sizes = std::vector<std::uint64_t>;
/// By size, bytes per second.
using Speeds = std::vector<double>;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double speed(std::uint64_t bytes, unsigned repetitions, const std::function<double()>& seconds) {
  std::vector<double> samples;
  for (unsigned sample = 0; sample < repetitions; ++sample) samples.push_back(seconds());
  return static_cast<double>(bytes) / std::max(median(std::move(samples)), 1e-9);
}

struct DiskSpeeds {
  std::string directory;  ///< or the reason why there are no speeds
  Speeds write;
  Speeds read;
};

/// One call that moves everything, or a reason to stop measuring.
template <class Call>
void move_all(std::vector<std::byte>& data, Call call) {
  std::size_t done = 0;
  while (done < data.size()) {
    const ssize_t moved = call(data.data() + done, data.size() - done, static_cast<off_t>(done));
    if (moved <= 0 && errno == EINTR) continue;
    if (moved <= 0) throw Error(ErrorCode::io, std::strerror(moved < 0 ? errno : EIO));
    done += static_cast<std::size_t>(moved);
  }
}

void measure_disk(int file, const Sizes& sizes, unsigned repetitions, DiskSpeeds& speeds) {
  for (const std::uint64_t size : sizes) {
    std::vector<std::byte> data(static_cast<std::size_t>(size), std::byte{1});
    speeds.write.push_back(speed(size, repetitions, [&] {
      const auto start = Clock::now();
      move_all(data, [file](std::byte* place, std::size_t left, off_t offset) {
        return ::pwrite(file, place, left, offset);
      });
      ::fdatasync(file);
      return seconds_since(start);
    }));
    speeds.read.push_back(speed(size, repetitions, [&] {
      ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
      const auto start = Clock::now();
      move_all(data, [file](std::byte* place, std::size_t left, off_t offset) {
        return ::pread(file, place, left, offset);
      });
      return seconds_since(start);
    }));
  }
}

DiskSpeeds disk_of_this_rank(const Sizes& sizes, unsigned repetitions) {
  DiskSpeeds speeds;
  int file = -1;
  try {
    speeds.directory = local_directory_here();
    file = memory::open_unnamed_file(speeds.directory, get_worker().rank());
    measure_disk(file, sizes, repetitions, speeds);
  } catch (const std::exception& error) {
    speeds = {error.what(), Speeds(sizes.size(), 0), Speeds(sizes.size(), 0)};
  }
  if (file >= 0) ::close(file);
  return speeds;
}

Speeds memory_of_this_rank(const Sizes& sizes, unsigned repetitions) {
  Speeds speeds;
  for (const std::uint64_t size : sizes) {
    const auto bytes = static_cast<std::size_t>(size);
    const std::vector<std::byte> from(bytes, std::byte{1});
    std::vector<std::byte> to(bytes, std::byte{2});
    // Short copies are measured in company: a clock costs as much as they do.
    const std::size_t copies = std::max<std::size_t>(1, (std::size_t{1} << 20) / bytes);
    speeds.push_back(speed(size * copies, repetitions, [&] {
      const auto start = Clock::now();
      for (std::size_t copy = 0; copy < copies; ++copy) {
        std::memcpy(to.data(), from.data(), bytes);
        // The compiler must not see that the next copy overwrites this one.
        asm volatile("" : : "r"(to.data()) : "memory");
      }
      return seconds_since(start);
    }));
  }
  return speeds;
}

std::vector<std::byte> buffer_of(std::uint64_t bytes) {
  return std::vector<std::byte>(static_cast<std::size_t>(bytes), std::byte{3});
}

std::vector<Bandwidth> rows(const Sizes& sizes, const std::vector<Speeds>& all) {
  std::vector<Bandwidth> result;
  for (std::size_t size = 0; size < sizes.size(); ++size) {
    std::vector<double> column;
    for (const Speeds& each : all) {
      if (each[size] > 0) column.push_back(each[size]);
    }
    if (column.empty()) continue;
    const auto [slowest, fastest] = std::ranges::minmax(column);
    result.push_back({sizes[size], slowest, median(column), fastest});
  }
  return result;
}

/// Neighbours, spread over all ranks: which rank asks which.
std::vector<std::pair<int, int>> pairs_of(int ranks, unsigned pairs_max) {
  std::vector<std::pair<int, int>> pairs;
  const int count = std::min(ranks, static_cast<int>(std::min(pairs_max, 1u << 20)));
  for (int pair = 0; pair < count; ++pair) {
    const int asks = static_cast<int>(static_cast<std::int64_t>(pair) * ranks / count);
    pairs.emplace_back(asks, (asks + 1) % ranks);
  }
  return pairs;
}

void check_options(const HardwareOptions& options) {
  const bool good = !options.sizes.empty() && options.repetitions != 0 && options.pairs_max != 0 &&
                    std::ranges::find(options.sizes, std::uint64_t{0}) == options.sizes.end();
  if (!good) {
    throw Error(ErrorCode::bad_argument,
                "benchmark_hardware() needs at least one size, no size of 0 bytes, and at least "
                "one repetition and one pair");
  }
}

std::string table(const std::string& title, const std::vector<Bandwidth>& rows) {
  std::string text;
  for (const Bandwidth& row : rows) {
    text += fmt::format("{:<12} {:>12} {:>12.1f} {:>12.1f} {:>12.1f}\n", title, row.bytes,
                        row.slowest / 1e6, row.median / 1e6, row.fastest / 1e6);
  }
  return text;
}

}  // namespace

HardwareFigures Client::benchmark_hardware(const HardwareOptions& options) {
  check_options(options);
  HardwareFigures figures;
  const Sizes& sizes = options.sizes;
  const unsigned repetitions = options.repetitions;
  std::vector<Speeds> writes;
  std::vector<Speeds> reads;
  for (DiskSpeeds& each : run(disk_of_this_rank, sizes, repetitions)) {
    writes.push_back(std::move(each.write));
    reads.push_back(std::move(each.read));
    figures.directories.push_back(std::move(each.directory));
  }
  figures.disk_write = rows(sizes, writes);
  figures.disk_read = rows(sizes, reads);
  figures.memory_copy = rows(sizes, run(memory_of_this_rank, sizes, repetitions));
  if (ranks() == 1) return figures;
  const auto pairs = pairs_of(ranks(), options.pairs_max);
  std::vector<Speeds> network(pairs.size());
  for (const std::uint64_t size : sizes) {
    using Call = detail::RunCall<decltype(&buffer_of), std::uint64_t>;
    detail::CallBuilder& builder = detail::call_builder();
    Call::write(builder, buffer_of, std::uint64_t{size});
    const Futures<std::vector<std::byte>> buffers(
        core("benchmark_hardware()").run(Call::ops(), builder));
    wait(buffers);
    const std::uint64_t id = buffers.handle()->id.bits();
    for (std::size_t pair = 0; pair < pairs.size(); ++pair) {
      const auto [asks, holds] = pairs[pair];
      const std::vector<double> seconds = run(fetch_seconds, id, asks, holds, repetitions);
      network[pair].push_back(static_cast<double>(size) /
                              std::max(seconds[static_cast<std::size_t>(asks)], 1e-9));
    }
  }
  figures.network = rows(sizes, network);
  return figures;
}

std::ostream& operator<<(std::ostream& out, const HardwareFigures& figures) {
  out << fmt::format("{:<12} {:>12} {:>12} {:>12} {:>12}\n", "MB/s", "bytes", "slowest", "median",
                     "fastest")
      << table("disk write", figures.disk_write) << table("disk read", figures.disk_read)
      << table("memory copy", figures.memory_copy) << table("network", figures.network);
  for (std::size_t rank = 0; rank < figures.directories.size(); ++rank) {
    if (rank != 0 && figures.directories[rank] == figures.directories[rank - 1]) continue;
    out << fmt::format("disk from rank {} on: {}\n", rank, figures.directories[rank]);
  }
  return out;
}

}  // namespace tutti

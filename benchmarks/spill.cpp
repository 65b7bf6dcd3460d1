/// Spilling: how fast values go to disk and come back, beside dd in the same directory.

#include "bench.hpp"
#include "memory/local_directory.hpp"
#include "memory/spill_file.hpp"
#include "tutti/detail/value_ops.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace bench {
namespace {

using tutti::detail::ValuePtr;
using tutti::memory::SpilledPtr;
using tutti::memory::SpillFile;

std::string directory() {
  const auto lookup = [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  const char* option = std::getenv("TUTTI_LOCAL_DIRECTORY");
  return tutti::memory::local_directory(option == nullptr ? "" : option, lookup);
}

/// Seconds of a command of the shell.
double command(const std::string& line) {
  const auto start = Clock::now();
  if (std::system(line.c_str()) != 0) throw std::runtime_error("spill: failed: " + line);
  return seconds_since(start);
}

struct Seconds {
  double write = 0;
  double read = 0;
  double read_new = 0;  ///< into new memory for each value
};

Seconds by_spilling(const std::string& where, const std::vector<ValuePtr>& values) {
  SpillFile file({.directory = where}, nullptr);
  std::vector<SpilledPtr> spilled;
  Seconds seconds;
  auto start = Clock::now();
  for (const ValuePtr& value : values) spilled.push_back(file.write(*value));
  seconds.write = seconds_since(start);
  start = Clock::now();
  for (const SpilledPtr& each : spilled) {
    const ValuePtr back = file.read(*each);
    if (tutti::detail::value_cast<std::vector<double>>(*back).back() != 1.0)
      throw std::runtime_error("spill: other values came back");
  }
  seconds.read = seconds_since(start);
  return seconds;
}

/// What a value that comes back cannot do without: memory of its own, which std::vector clears, and
/// one call that reads into it. (dd reads into one buffer again and again.)
double read_into_new_vectors(const std::string& name, std::size_t bytes_each) {
  const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw std::runtime_error("spill: cannot open " + name);
  const auto start = Clock::now();
  for (;;) {
    std::vector<double> value(bytes_each / sizeof(double));
    const ssize_t bytes = ::read(file, value.data(), bytes_each);
    if (bytes < 0) throw std::runtime_error("spill: cannot read " + name);
    if (bytes == 0) break;
  }
  const double seconds = seconds_since(start);
  ::close(file);
  return seconds;
}

Seconds by_dd(const std::string& where, std::size_t megabytes, std::size_t bytes_each) {
  const std::string name = where + "/tutti-bench-dd-" + std::to_string(::getpid());
  const std::string quiet = " bs=1M 2>/dev/null";
  Seconds seconds;
  seconds.write =
      command("dd if=/dev/zero of=" + name + " count=" + std::to_string(megabytes) + quiet);
  seconds.read = command("dd if=" + name + " of=/dev/null" + quiet);
  seconds.read_new = read_into_new_vectors(name, bytes_each);
  (void)command("rm " + name);
  return seconds;
}

}  // namespace

/// Megabytes a second of values of one size (16 MiB), to the local directory and back, by one
/// thread; and of dd with blocks of 1 MiB, by turns; and of reading into a new vector for each
/// value, which is the limit of coming back. All write to the page cache and read from there:
/// nobody waits for the disk, or both do when the cache is full.
std::vector<Figure> spill(tutti::Client&, const Settings& settings) {
  const std::uint64_t bytes = settings.bytes != 0 ? settings.bytes : std::uint64_t{16} << 20;
  const std::uint64_t count = count_or(settings, 64, 8);
  std::vector<ValuePtr> values;
  for (std::uint64_t index = 0; index < count; ++index)
    values.push_back(tutti::detail::make_value<std::vector<double>>(bytes / sizeof(double), 1.0));
  const std::string where = directory();
  const std::uint64_t total = bytes * count;
  std::vector<Figure> figures;
  for (const char* name : {"spill_write", "spill_read", "dd_write", "dd_read", "read_new"}) {
    figures.push_back({name, 0, "MB/s", nlohmann::ordered_json::object(), {}});
    figures.back().parameters["bytes"] = bytes;
    figures.back().parameters["total_bytes"] = total;
    figures.back().parameters["directory"] = where;
  }
  const double megabytes = static_cast<double>(total) / 1e6;
  for (int repetition = -1; repetition < settings.repetitions; ++repetition) {
    const Seconds own = by_spilling(where, values);
    const Seconds other = by_dd(where, total >> 20, bytes);
    if (repetition < 0) continue;
    figures[0].samples.push_back(megabytes / own.write);
    figures[1].samples.push_back(megabytes / own.read);
    figures[2].samples.push_back(megabytes / other.write);
    figures[3].samples.push_back(megabytes / other.read);
    figures[4].samples.push_back(megabytes / other.read_new);
  }
  for (Figure& each : figures) each.value = median(each.samples);
  return figures;
}

}  // namespace bench

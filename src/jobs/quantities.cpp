#include "jobs/quantities.hpp"

#include "base/options.hpp"
#include "tutti/error.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace tutti::jobs {
namespace {

constexpr std::uint64_t seconds_per_minute = 60;
constexpr std::uint64_t seconds_per_hour = 3600;
constexpr std::uint64_t seconds_per_day = 86'400;
// Ten years: more is a slip of the pen, and sums stay far from overflow.
constexpr std::uint64_t longest_seconds = 3650 * seconds_per_day;

/// The number that `text` is, of at most 9 digits.
std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  if (text.empty() || text.size() > 9) return std::nullopt;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The numbers between colons, or nothing when one of them is none.
std::optional<std::vector<std::uint64_t>> clock_parts(std::string_view text) {
  std::vector<std::uint64_t> parts;
  for (;;) {
    const std::size_t colon = text.find(':');
    const std::optional<std::uint64_t> part = number(text.substr(0, colon));
    if (!part) return std::nullopt;
    parts.push_back(*part);
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

/// "D-HH", "D-HH:MM", "D-HH:MM:SS", "HH:MM:SS", "MM:SS".
std::optional<std::uint64_t> clock_seconds(std::string_view text) {
  const std::size_t dash = text.find('-');
  const bool has_days = dash != std::string_view::npos;
  std::uint64_t days = 0;
  if (has_days) {
    const std::optional<std::uint64_t> given = number(text.substr(0, dash));
    if (!given) return std::nullopt;
    days = *given;
    text.remove_prefix(dash + 1);
  }
  std::optional<std::vector<std::uint64_t>> parts = clock_parts(text);
  if (!parts || parts->size() > 3 || (!has_days && parts->size() < 2)) return std::nullopt;
  if (!has_days && parts->size() == 2) parts->insert(parts->begin(), 0);
  parts->resize(3);
  for (std::size_t i = 1; i < 3; ++i) {
    if ((*parts)[i] >= 60) return std::nullopt;
  }
  if (has_days && (*parts)[0] >= 24) return std::nullopt;
  return days * seconds_per_day + (*parts)[0] * seconds_per_hour +
         (*parts)[1] * seconds_per_minute + (*parts)[2];
}

/// "90m", "1h30m", "2d".
std::optional<std::uint64_t> unit_seconds(std::string_view text) {
  static constexpr std::string_view units = "dhms";
  static constexpr std::array<std::uint64_t, 4> factors{seconds_per_day, seconds_per_hour,
                                                        seconds_per_minute, 1};
  std::uint64_t seconds = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    const std::size_t letter = text.find_first_not_of("0123456789");
    const std::optional<std::uint64_t> value = number(text.substr(0, letter));
    if (!value || letter == std::string_view::npos) return std::nullopt;
    const std::size_t unit = units.find(text[letter], next_unit);
    if (unit == std::string_view::npos) return std::nullopt;
    seconds += *value * factors[unit];
    next_unit = unit + 1;
    text.remove_prefix(letter + 1);
  }
  return seconds;
}

/// `bytes` in the largest of `units`, each 1024 times the one before, that holds it exactly.
std::string exact(std::uint64_t bytes, const std::array<std::string_view, 4>& units) {
  std::uint64_t count = bytes / 1024 + (bytes % 1024 != 0 ? 1 : 0);
  std::size_t unit = 0;
  while (unit + 1 < units.size() && count % 1024 == 0) {
    count /= 1024;
    ++unit;
  }
  return fmt::format("{}{}", count, units[unit]);
}

}  // namespace

std::uint64_t memory_bytes(std::string_view option, std::string_view text) {
  std::uint64_t bytes = 0;
  const bool has_unit = !text.empty() && (text.back() < '0' || text.back() > '9');
  if (has_unit && base::parse_size(text, bytes) && bytes > 0) return bytes;
  throw Error(
      ErrorCode::bad_argument,
      fmt::format("the option {} is '{}', but must be a size above 0 with its unit, such as 192GB "
                  "(10^9 bytes each) or 192GiB (2^30 bytes each); bare numbers are refused, as "
                  "Slurm takes them for megabytes and PBS for bytes",
                  option, text));
}

std::string slurm_memory(std::uint64_t bytes) { return exact(bytes, {"K", "M", "G", "T"}); }

std::string pbs_memory(std::uint64_t bytes) { return exact(bytes, {"kb", "mb", "gb", "tb"}); }

std::uint64_t walltime_seconds(std::string_view option, std::string_view text) {
  std::optional<std::uint64_t> seconds = clock_seconds(text);
  if (!seconds) seconds = unit_seconds(text);
  if (seconds && *seconds > 0 && *seconds <= longest_seconds) return *seconds;
  throw Error(ErrorCode::bad_argument,
              fmt::format("the option {} is '{}', but must be a time above 0 and up to ten years: "
                          "HH:MM:SS, MM:SS, D-HH:MM:SS, or with units 90m, 1h30m, 2d; bare numbers "
                          "are refused, as Slurm takes them for minutes and PBS for seconds",
                          option, text));
}

std::string slurm_walltime(std::uint64_t seconds) {
  const std::uint64_t days = seconds / seconds_per_day;
  const std::string clock = pbs_walltime(seconds % seconds_per_day);
  return days == 0 ? clock : fmt::format("{}-{}", days, clock);
}

std::string pbs_walltime(std::uint64_t seconds) {
  return fmt::format("{:02}:{:02}:{:02}", seconds / seconds_per_hour,
                     seconds % seconds_per_hour / seconds_per_minute, seconds % seconds_per_minute);
}

}  // namespace tutti::jobs

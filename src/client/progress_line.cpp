#include "client/progress_line.hpp"

#include <cmath>
#include <cstdio>

namespace tutti::client_module {

namespace {

template <class... Numbers>
std::string text_of(const char* format, Numbers... numbers) {
  char text[64];
  std::snprintf(text, sizeof text, format, numbers...);
  return text;
}

/// 95, 8.3, 0.25: two digits that count.
std::string short_number(double value) {
  if (value >= 9.95) return text_of("%.0f", value);
  return text_of(value >= 0.995 ? "%.1f" : "%.2f", value);
}

}  // namespace

std::string duration_text(double seconds) {
  if (seconds < 9.95) return text_of("%.1f s", seconds);
  if (seconds < 59.5) return text_of("%.0f s", seconds);
  const double limit = 365.0 * 86400;
  const auto whole = static_cast<long long>(std::llround(std::fmin(seconds, limit)));
  if (seconds > limit) return "more than a year";
  if (whole < 3600) return text_of("%lld min %02lld s", whole / 60, whole % 60);
  if (whole < 86400) return text_of("%lld h %02lld min", whole / 3600, whole % 3600 / 60);
  return text_of("%lld d %02lld h", whole / 86400, whole % 86400 / 3600);
}

std::string rate_text(double per_second) {
  if (per_second >= 999'500) return short_number(per_second / 1e6) + " million/s";
  if (per_second < 999.5) return short_number(per_second) + "/s";
  // Three digits that count, and a comma where English has one.
  double digits = 1;
  while (per_second / digits >= 1000) digits *= 10;
  const auto whole = static_cast<long long>(std::round(per_second / digits) * digits);
  return text_of("%lld,%03lld/s", whole / 1000, whole % 1000);
}

std::string progress_line(const std::string& name, const ProgressCount& count) {
  std::string line = name.empty() ? "" : name + ": ";
  line += std::to_string(count.done) + "/" + std::to_string(count.total);
  const std::uint64_t measured = count.done - count.done_at_start;
  const double rate = count.seconds > 0 ? static_cast<double>(measured) / count.seconds : 0;
  if (measured > 0 && rate > 0) line += ", " + rate_text(rate);
  if (count.done == count.total) {
    line += ", took " + duration_text(count.seconds);
  } else if (rate > 0) {
    line += ", " + duration_text(static_cast<double>(count.total - count.done) / rate) + " left";
  }
  if (count.failed > 0) line += ", " + std::to_string(count.failed) + " failed";
  return line;
}

}  // namespace tutti::client_module

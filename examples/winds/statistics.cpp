#include "statistics.hpp"

#include "tutti/error.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <numbers>

namespace winds {

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

using BandSums = std::array<Mean, band_count>;

BandMeans values_of(const BandSums& sums) {
  BandMeans means{};
  std::ranges::transform(sums, means.begin(), &Mean::value);
  return means;
}

/// Sums over months, for each surface and band.
struct MonthSums {
  BandSums all;
  BandSums sea;
  BandSums land;

  void add(const MonthMeans& means) {
    for (std::size_t band = 0; band < band_count; ++band) {
      all[band].add(means.all[band]);
      sea[band].add(means.sea[band]);
      land[band].add(means.land[band]);
    }
  }
  MonthMeans means() const { return {values_of(all), values_of(sea), values_of(land)}; }
};

double seconds_of_unit(const std::string& name) {
  if (name.starts_with("second")) return 1;
  if (name.starts_with("minute")) return 60;
  if (name.starts_with("hour")) return 3600;
  if (name.starts_with("day")) return 86400;
  return 0;
}

}  // namespace

void Mean::add(double value, double weight) {
  if (std::isnan(value)) return;
  sum_ += weight * value;
  weights_ += weight;
}

double Mean::value() const { return weights_ > 0 ? sum_ / weights_ : not_a_number; }

std::size_t band_of(double latitude) {
  const double band = std::floor((latitude + 90.0) / band_degrees);
  return static_cast<std::size_t>(std::clamp(band, 0.0, static_cast<double>(band_count - 1)));
}

double area_weight(double latitude) { return std::cos(latitude * std::numbers::pi / 180.0); }

MonthMeans month_means(const Field& speed, std::size_t month, const Grid& grid,
                       std::span<const double> land) {
  MonthSums sums;
  for (std::size_t row = 0; row < speed.rows; ++row) {
    const double weight = area_weight(grid.latitudes[row]);
    const std::size_t band = band_of(grid.latitudes[row]);
    const std::span<const double> values = speed.row(month, row);
    for (std::size_t column = 0; column < values.size(); ++column) {
      const double share = land[row * values.size() + column];
      sums.all[band].add(values[column], weight);
      sums.sea[band].add(values[column], weight * (1.0 - share));
      sums.land[band].add(values[column], weight * share);
    }
  }
  return sums.means();
}

CellStatistics statistics_of(std::span<const double> monthly_values) {
  constexpr double months_per_decade = 120.0;
  Mean mean_value;
  Mean mean_time;
  for (std::size_t month = 0; month < monthly_values.size(); ++month) {
    if (std::isnan(monthly_values[month])) continue;
    mean_value.add(monthly_values[month]);
    mean_time.add(static_cast<double>(month) / months_per_decade);
  }
  double covariance = 0;
  double variance = 0;
  for (std::size_t month = 0; month < monthly_values.size(); ++month) {
    if (std::isnan(monthly_values[month])) continue;
    const double time = static_cast<double>(month) / months_per_decade - mean_time.value();
    covariance += time * (monthly_values[month] - mean_value.value());
    variance += time * time;
  }
  return {mean_value.value(), variance > 0 ? covariance / variance : not_a_number};
}

int calendar_month(double time, const std::string& units) {
  const std::size_t since = units.find(" since ");
  const double unit = since == std::string::npos ? 0 : seconds_of_unit(units);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const char* date = unit > 0 ? units.c_str() + since + std::strlen(" since ") : "";
  const int found =
      std::sscanf(date, "%d-%d-%d%*1[ T]%d:%d:%d", &year, &month, &day, &hour, &minute, &second);
  const std::chrono::year_month_day start{std::chrono::year(year),
                                          std::chrono::month(static_cast<unsigned>(month)),
                                          std::chrono::day(static_cast<unsigned>(day))};
  if (found < 3 || !start.ok() || !std::isfinite(time)) {
    throw tutti::Error(
        tutti::ErrorCode::corrupt_data,
        "the units of time should read like 'hours since 1980-01-14 14:00:00', not '" + units +
            "'");
  }
  const double seconds = std::floor(time * unit) + hour * 3600.0 + minute * 60.0 + second;
  const std::chrono::sys_seconds instant =
      std::chrono::sys_days(start) + std::chrono::seconds(static_cast<std::int64_t>(seconds));
  const std::chrono::year_month_day date_of(std::chrono::floor<std::chrono::days>(instant));
  return static_cast<int>(static_cast<unsigned>(date_of.month()));
}

std::vector<MonthMeans> climatology(std::span<const MonthMeans> months, const Grid& grid) {
  std::array<MonthSums, 12> sums;
  for (std::size_t i = 0; i < months.size(); ++i) {
    const int month = calendar_month(grid.times.at(i), grid.time_units);
    sums[static_cast<std::size_t>(month - 1)].add(months[i]);
  }
  std::vector<MonthMeans> means;
  for (const MonthSums& each : sums) means.push_back(each.means());
  return means;
}

MonthMeans overall(std::span<const MonthMeans> months) {
  MonthSums sums;
  for (const MonthMeans& month : months) sums.add(month);
  return sums.means();
}

}  // namespace winds

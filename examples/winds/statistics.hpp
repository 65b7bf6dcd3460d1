#pragma once

/// What the winds example computes: pure functions of numbers.
///
/// Every number comes from one loop over its own values in a fixed order, so results are the same
/// to the bit however months and rows of cells are dealt out to tasks.

#include "fields.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace winds {

/// Bands of 30 degrees of latitude, from the south pole to the north pole.
inline constexpr std::size_t band_count = 6;
inline constexpr double band_degrees = 30.0;

/// One mean per band; not a number where a band has no data.
using BandMeans = std::array<double, band_count>;

/// Mean wind speed of one month, or of one calendar month.
struct MonthMeans {
  BandMeans all;
  BandMeans sea;   ///< cells count with their share of sea
  BandMeans land;  ///< cells count with their share of land
};

/// Mean and linear trend of the wind speed of one grid cell.
struct CellStatistics {
  double mean = 0;
  double trend_per_decade = 0;  ///< by least squares; not a number below two values
};

/// The mean of what is a number. The order of calls is the order of the sum.
class Mean {
 public:
  void add(double value, double weight = 1.0);
  double value() const;  ///< not a number without values

 private:
  double sum_ = 0;
  double weights_ = 0;
};

/// The band of a latitude: its southern edge belongs to it; the north pole is in the last.
std::size_t band_of(double latitude);

/// What a cell counts: the cosine of its latitude.
double area_weight(double latitude);

/// Means of one month of a field that has all rows of the grid. `land`: the share of each cell.
MonthMeans month_means(const Field& speed, std::size_t month, const Grid& grid,
                       std::span<const double> land);

/// Mean and trend of evenly spaced monthly values; missing ones (not a number) are left out.
CellStatistics statistics_of(std::span<const double> monthly_values);

/// Calendar month, 1 to 12, of a time in units such as "hour since 1980-01-14 14:00:00" (seconds,
/// minutes, hours or days).
int calendar_month(double time, const std::string& units);

/// Means of each calendar month over the years.
std::vector<MonthMeans> climatology(std::span<const MonthMeans> months, const Grid& grid);

/// Means over all months.
MonthMeans overall(std::span<const MonthMeans> months);

}  // namespace winds

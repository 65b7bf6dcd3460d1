#pragma once

/// What the winds example computes, as functions of a file's name and a part of the data.
///
/// Every number comes from one loop over its own values in a fixed order, so results are the same
/// to the bit however months (or rows of cells) are dealt out to tasks.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace winds {

/// Bands of 30 degrees of latitude, from the south pole to the north pole.
inline constexpr std::size_t band_count = 6;
inline constexpr double band_degrees = 30.0;

/// One mean wind speed per band; not a number where a band has no data.
using BandMeans = std::array<double, band_count>;

/// Mean and linear trend of the wind speed of one grid cell.
struct CellStatistics {
  double mean = 0;  ///< in the units of the data
  double trend_per_decade =
      0;  ///< slope of the line of least squares; not a number below two values
};

/// What there is in the file.
struct Grid {
  std::int64_t months = 0;
  std::vector<double> latitudes;   ///< in degrees north
  std::vector<double> longitudes;  ///< in degrees east
  std::vector<double> times;       ///< one per month, in `time_units`
  std::string time_units;          ///< "hour since 1980-01-14 14:00:00"
  std::string speed_units;
};

/// Values of one variable, [month][latitude][longitude]; missing ones are not a number.
struct Field {
  std::size_t months = 0;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> values;

  std::span<const double> row(std::size_t month, std::size_t row) const {
    return std::span(values).subspan((month * rows + row) * columns, columns);
  }
};

/// A part of the grid: months [first_month, first_month + months) of rows [first_row, first_row +
/// rows).
struct Part {
  std::int64_t first_month = 0;
  std::int64_t months = 0;
  std::int64_t first_row = 0;
  std::int64_t rows = 0;
};

/// Reads coordinates and units, and checks that both wind components lie on the same grid.
Grid read_grid(const std::string& path);

/// Reads a part of a variable, applies `scale_factor` and `add_offset`, and marks what equals
/// `_FillValue` or `missing_value`.
Field read_field(const std::string& path, const std::string& variable, const Part& part);

/// Wind speed from the two components, sqrt(u^2 + v^2).
Field read_speed(const std::string& path, const Part& part);

/// The band of a latitude: its southern edge belongs to it; the north pole is in the last.
std::size_t band_of(double latitude);

/// Mean of one month of a field over each band; cells count with the cosine of their latitude.
BandMeans band_means(const Field& speed, std::size_t month, std::span<const double> latitudes);

/// Band means of months [first, last) of the file, as far as it has them, month after month.
std::vector<BandMeans> month_means(const std::string& path, std::int64_t first, std::int64_t last);

/// The task of the example: block number `block` of `months_per_task` months. Band after band,
/// month after month.
std::vector<double> block_means(std::int64_t block, const std::string& path,
                                std::int64_t months_per_task);

/// Mean and trend of evenly spaced monthly values; missing ones (not a number) are left out.
CellStatistics statistics_of(std::span<const double> monthly_values);

/// The same for each cell of rows [first_row, last_row) over all months, row after row.
std::vector<CellStatistics> cell_statistics(const std::string& path, std::int64_t first_row,
                                            std::int64_t last_row);

/// Calendar month, 1 to 12, of a time in units such as "hour since 1980-01-14 14:00:00" (seconds,
/// minutes, hours or days).
int calendar_month(double time, const std::string& units);

/// Mean of each calendar month over the years, left out where there is no data.
std::array<BandMeans, 12> climatology(std::span<const BandMeans> months, const Grid& grid);

/// Whether two lists hold the same numbers, to the last bit.
bool identical(std::span<const double> left, std::span<const double> right);

/// Writes the means with their coordinates, as ncdump and xarray read them.
void write_result(const std::string& path, const Grid& grid, std::span<const BandMeans> months);

}  // namespace winds

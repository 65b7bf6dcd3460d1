#pragma once

/// What the winds example reads: parts of netCDF-4 files, which are HDF5 files.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace winds {

/// The grid of the wind. As an aggregate of values it travels to other ranks as it is.
struct Grid {
  std::int64_t months = 0;
  std::vector<double> latitudes;   ///< in degrees north, rising
  std::vector<double> longitudes;  ///< in degrees east, evenly spaced around the earth
  std::vector<double> times;       ///< one per month, in `time_units`
  std::string time_units;          ///< "hour since 1980-01-14 14:00:00"
  std::string speed_units;

  std::int64_t rows() const { return static_cast<std::int64_t>(latitudes.size()); }
  std::size_t columns() const { return longitudes.size(); }
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

/// Months [first_month, first_month + months) of the rows [first_row, first_row + rows).
struct Part {
  std::int64_t first_month = 0;
  std::int64_t months = 0;
  std::int64_t first_row = 0;
  std::int64_t rows = 0;
};

/// Reads coordinates and units of the wind, and checks that both components lie on the same grid.
Grid read_grid(const std::string& path);

/// Reads wind speed, sqrt(u^2 + v^2).
Field read_speed(const std::string& path, const Part& part);

/// For each cell of one row of the grid the share of its area that lies above the level of the sea,
/// 0 to 1, from a file of heights on a finer grid.
std::vector<double> read_land_shares(const std::string& path, const Grid& grid, std::int64_t row);

}  // namespace winds

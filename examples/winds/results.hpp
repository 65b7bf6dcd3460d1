#pragma once

/// The results of the winds example: compared, written, printed.

#include "fields.hpp"
#include "statistics.hpp"

#include <string>
#include <vector>

namespace winds {

struct Results {
  std::vector<double> land;           ///< share of land of each cell, row after row
  std::vector<MonthMeans> months;     ///< one per month
  std::vector<CellStatistics> cells;  ///< one per cell, row after row
};

/// Whether both hold the same numbers, to the last bit.
bool identical(const Results& left, const Results& right);

/// Writes an HDF5 file with coordinates as dimension scales, as ncdump and xarray read it.
void write_results(const std::string& path, const Grid& grid, const Results& results);

/// The means of the calendar months, and of all over land and sea.
std::string table_text(const Grid& grid, const Results& results);

/// A map of the mean speed, north at the top.
std::string map_text(const Grid& grid, const Results& results);

}  // namespace winds

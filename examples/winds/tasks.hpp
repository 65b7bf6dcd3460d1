#pragma once

/// The tasks of the winds example: plain functions of names, numbers and a part of the data. None
/// knows that it runs as a task, and the serial computation calls the same ones.

#include "fields.hpp"
#include "statistics.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace winds {

/// A list that was dealt out in blocks of `size`.
struct Blocks {
  std::int64_t total = 0;
  std::int64_t size = 1;

  std::int64_t count() const { return (total + size - 1) / size; }
  std::int64_t begin(std::int64_t block) const { return block * size; }
  std::int64_t end(std::int64_t block) const { return std::min(total, (block + 1) * size); }
};

/// Shares of land of one block of rows, cell after cell.
std::vector<double> land_shares(std::int64_t block, const Blocks& rows, const std::string& path,
                                const Grid& grid);

/// Means of one block of months. `land`: the share of each cell.
std::vector<MonthMeans> means_of_months(std::int64_t block, const Blocks& months,
                                        const std::string& path, const Grid& grid,
                                        const std::vector<double>& land);

/// Mean and trend of each cell of one block of rows, cell after cell.
std::vector<CellStatistics> statistics_of_rows(std::int64_t block, const Blocks& rows,
                                               const std::string& path, const Grid& grid);

/// The blocks as one list.
template <class T>
std::vector<T> joined(const std::vector<std::vector<T>>& blocks) {
  std::vector<T> list;
  for (const std::vector<T>& block : blocks) list.insert(list.end(), block.begin(), block.end());
  return list;
}

}  // namespace winds

#include "tasks.hpp"

namespace winds {

std::vector<double> land_shares(std::int64_t block, const Blocks& rows, const std::string& path,
                                const Grid& grid) {
  std::vector<double> shares;
  for (std::int64_t row = rows.begin(block); row < rows.end(block); ++row) {
    const std::vector<double> more = read_land_shares(path, grid, row);
    shares.insert(shares.end(), more.begin(), more.end());
  }
  return shares;
}

std::vector<MonthMeans> means_of_months(std::int64_t block, const Blocks& months,
                                        const std::string& path, const Grid& grid,
                                        const std::vector<double>& land) {
  const Field speed = read_speed(path, {.first_month = months.begin(block),
                                        .months = months.end(block) - months.begin(block),
                                        .first_row = 0,
                                        .rows = grid.rows()});
  std::vector<MonthMeans> means;
  for (std::size_t month = 0; month < speed.months; ++month) {
    means.push_back(month_means(speed, month, grid, land));
  }
  return means;
}

std::vector<CellStatistics> statistics_of_rows(std::int64_t block, const Blocks& rows,
                                               const std::string& path, const Grid& grid) {
  const Field speed = read_speed(path, {.first_month = 0,
                                        .months = grid.months,
                                        .first_row = rows.begin(block),
                                        .rows = rows.end(block) - rows.begin(block)});
  std::vector<CellStatistics> statistics;
  std::vector<double> values(speed.months);
  for (std::size_t row = 0; row < speed.rows; ++row) {
    for (std::size_t column = 0; column < speed.columns; ++column) {
      for (std::size_t month = 0; month < speed.months; ++month) {
        values[month] = speed.row(month, row)[column];
      }
      statistics.push_back(statistics_of(values));
    }
  }
  return statistics;
}

}  // namespace winds

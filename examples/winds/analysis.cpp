#include "analysis.hpp"

#include "tutti/error.hpp"
#include "tutti/hdf5.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <numbers>

namespace winds {

namespace {

namespace hdf5 = tutti::hdf5;

constexpr const char* eastward_name = "UWND";
constexpr const char* northward_name = "VWND";
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Adds what is a number. The order of calls is the order of the sum.
class Mean {
 public:
  void add(double value, double weight = 1.0) {
    if (std::isnan(value)) return;
    sum_ += weight * value;
    weights_ += weight;
  }
  double value() const { return weights_ > 0 ? sum_ / weights_ : not_a_number; }

 private:
  double sum_ = 0;
  double weights_ = 0;
};

hdf5::Dataset open_coordinate(const hdf5::File& file, const hdf5::Dataset& variable,
                              std::size_t dimension) {
  const std::string name = variable.dimension_names().at(dimension);
  if (name.empty()) {
    throw tutti::Error(tutti::ErrorCode::corrupt_data,
                       "dimension " + std::to_string(dimension) + " of '" + variable.name() +
                           "' in '" + file.path().string() + "' has no coordinates");
  }
  return file.dataset(name);
}

void require_same_grid(const hdf5::File& file, const hdf5::Dataset& eastward,
                       const hdf5::Dataset& northward) {
  if (eastward.shape().size() == 3 && eastward.shape() == northward.shape()) return;
  throw tutti::Error(tutti::ErrorCode::corrupt_data,
                     "'" + eastward.name() + "' and '" + northward.name() + "' in '" +
                         file.path().string() +
                         "' should both have a month, a latitude and a longitude");
}

BandMeans none() {
  BandMeans means;
  means.fill(not_a_number);
  return means;
}

std::vector<double> flat(std::span<const BandMeans> rows) {
  std::vector<double> values;
  for (const BandMeans& row : rows) values.insert(values.end(), row.begin(), row.end());
  return values;
}

double seconds_of_unit(const std::string& name) {
  if (name.starts_with("second")) return 1;
  if (name.starts_with("minute")) return 60;
  if (name.starts_with("hour")) return 3600;
  if (name.starts_with("day")) return 86400;
  return 0;
}

Grid read_grid(const hdf5::File& file) {
  const hdf5::Dataset eastward = file.dataset(eastward_name);
  require_same_grid(file, eastward, file.dataset(northward_name));
  const hdf5::Dataset time = open_coordinate(file, eastward, 0);
  Grid grid;
  grid.months = static_cast<std::int64_t>(eastward.shape()[0]);
  grid.times = time.read<double>();
  grid.latitudes = open_coordinate(file, eastward, 1).read<double>();
  grid.longitudes = open_coordinate(file, eastward, 2).read<double>();
  grid.time_units = time.attributes().find_string("units").value_or("");
  grid.speed_units = eastward.attributes().find_string("units").value_or("");
  return grid;
}

Field read_field(const hdf5::File& file, const std::string& variable, const Part& part) {
  const hdf5::Dataset dataset = file.dataset(variable);
  const hdf5::Box box{.offset = {static_cast<std::uint64_t>(part.first_month),
                                 static_cast<std::uint64_t>(part.first_row), 0},
                      .count = {static_cast<std::uint64_t>(part.months),
                                static_cast<std::uint64_t>(part.rows), dataset.shape().at(2)}};
  Field field{box.count[0], box.count[1], box.count[2], dataset.read<double>(box)};
  const hdf5::Attributes attributes = dataset.attributes();
  const double fill = attributes.find_number("_FillValue").value_or(not_a_number);
  const double missing = attributes.find_number("missing_value").value_or(not_a_number);
  const double factor = attributes.find_number("scale_factor").value_or(1.0);
  const double offset = attributes.find_number("add_offset").value_or(0.0);
  for (double& value : field.values) {
    value = value == fill || value == missing ? not_a_number : value * factor + offset;
  }
  return field;
}

Field read_speed(const hdf5::File& file, const Part& part) {
  Field speed = read_field(file, eastward_name, part);
  const Field northward = read_field(file, northward_name, part);
  for (std::size_t i = 0; i < speed.values.size(); ++i) {
    const double u = speed.values[i];
    const double v = northward.values[i];
    speed.values[i] = std::sqrt(u * u + v * v);
  }
  return speed;
}

}  // namespace

Grid read_grid(const std::string& path) { return read_grid(hdf5::File::open(path)); }

Field read_field(const std::string& path, const std::string& variable, const Part& part) {
  return read_field(hdf5::File::open(path), variable, part);
}

Field read_speed(const std::string& path, const Part& part) {
  return read_speed(hdf5::File::open(path), part);
}

std::size_t band_of(double latitude) {
  const double band = std::floor((latitude + 90.0) / band_degrees);
  return static_cast<std::size_t>(std::clamp(band, 0.0, static_cast<double>(band_count - 1)));
}

BandMeans band_means(const Field& speed, std::size_t month, std::span<const double> latitudes) {
  std::array<Mean, band_count> means;
  for (std::size_t row = 0; row < speed.rows; ++row) {
    const double weight = std::cos(latitudes[row] * std::numbers::pi / 180.0);
    Mean& mean = means[band_of(latitudes[row])];
    for (const double value : speed.row(month, row)) mean.add(value, weight);
  }
  BandMeans result;
  std::transform(means.begin(), means.end(), result.begin(),
                 [](const Mean& mean) { return mean.value(); });
  return result;
}

std::vector<BandMeans> month_means(const std::string& path, std::int64_t first, std::int64_t last) {
  const hdf5::File file = hdf5::File::open(path);
  const Grid grid = read_grid(file);
  const Part part{.first_month = first,
                  .months = std::min(last, grid.months) - first,
                  .first_row = 0,
                  .rows = static_cast<std::int64_t>(grid.latitudes.size())};
  const Field speed = read_speed(file, part);
  std::vector<BandMeans> means;
  for (std::size_t month = 0; month < speed.months; ++month) {
    means.push_back(band_means(speed, month, grid.latitudes));
  }
  return means;
}

std::vector<double> block_means(std::int64_t block, const std::string& path,
                                std::int64_t months_per_task) {
  return flat(month_means(path, block * months_per_task, (block + 1) * months_per_task));
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

std::vector<CellStatistics> cell_statistics(const std::string& path, std::int64_t first_row,
                                            std::int64_t last_row) {
  const hdf5::File file = hdf5::File::open(path);
  const Part part{.first_month = 0,
                  .months = read_grid(file).months,
                  .first_row = first_row,
                  .rows = last_row - first_row};
  const Field speed = read_speed(file, part);
  std::vector<CellStatistics> statistics;
  std::vector<double> values(speed.months);
  for (std::size_t row = 0; row < speed.rows; ++row) {
    for (std::size_t column = 0; column < speed.columns; ++column) {
      for (std::size_t month = 0; month < speed.months; ++month)
        values[month] = speed.row(month, row)[column];
      statistics.push_back(statistics_of(values));
    }
  }
  return statistics;
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

std::array<BandMeans, 12> climatology(std::span<const BandMeans> months, const Grid& grid) {
  std::array<std::array<Mean, band_count>, 12> means;
  for (std::size_t i = 0; i < months.size(); ++i) {
    const int month = calendar_month(grid.times.at(i), grid.time_units);
    for (std::size_t band = 0; band < band_count; ++band) {
      means[static_cast<std::size_t>(month - 1)][band].add(months[i][band]);
    }
  }
  std::array<BandMeans, 12> result;
  result.fill(none());
  for (std::size_t month = 0; month < means.size(); ++month) {
    for (std::size_t band = 0; band < band_count; ++band)
      result[month][band] = means[month][band].value();
  }
  return result;
}

bool identical(std::span<const double> left, std::span<const double> right) {
  return left.size() == right.size() &&
         (left.empty() || std::memcmp(left.data(), right.data(), left.size_bytes()) == 0);
}

void write_result(const std::string& path, const Grid& grid, std::span<const BandMeans> months) {
  hdf5::File file = hdf5::File::create(path);
  file.attributes().set("title", "Mean wind speed by latitude band");
  file.attributes().set("Conventions", "CF-1.8");

  hdf5::Dataset time = file.create_scale("time", grid.times);
  time.attributes().set("units", grid.time_units);
  time.attributes().set("standard_name", "time");
  std::array<std::int32_t, 12> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int32_t>(i + 1);
  hdf5::Dataset month = file.create_scale("month", numbers);
  month.attributes().set("long_name", "calendar month");
  BandMeans centres{};
  for (std::size_t i = 0; i < band_count; ++i)
    centres[i] = -90.0 + band_degrees * (static_cast<double>(i) + 0.5);
  hdf5::Dataset band = file.create_scale("band", centres);
  band.attributes().set("units", "degrees_north");
  band.attributes().set("long_name", "centre of a latitude band of 30 degrees");

  const auto write = [&](const char* name, const char* long_name, const hdf5::Dataset& first,
                         std::span<const BandMeans> rows) {
    hdf5::Dataset dataset =
        file.create_dataset<double>(name, {rows.size(), band_count}, {.fill_value = not_a_number});
    dataset.write(flat(rows));
    dataset.attach_scale(0, first);
    dataset.attach_scale(1, band);
    dataset.attributes().set("units", grid.speed_units);
    dataset.attributes().set("long_name", long_name);
    dataset.attributes().set("cell_methods", "area: mean");
  };
  write("wind_speed", "mean wind speed", time, months);
  write("climatology", "mean wind speed of the calendar months", month, climatology(months, grid));
  file.close();
}

}  // namespace winds

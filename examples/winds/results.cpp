#include "results.hpp"

#include "tutti/hdf5.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <type_traits>

namespace winds {

namespace {

namespace hdf5 = tutti::hdf5;

using Surface = BandMeans MonthMeans::*;
constexpr std::array<Surface, 3> surfaces = {&MonthMeans::all, &MonthMeans::sea, &MonthMeans::land};
constexpr std::array<const char*, 3> suffixes = {"", "_sea", "_land"};
constexpr std::array<const char*, 3> places = {"", " over sea", " over land"};

template <class T>
bool same_bytes(const std::vector<T>& left, const std::vector<T>& right) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(double) == 0);
  return left.size() == right.size() &&
         (left.empty() || std::memcmp(left.data(), right.data(), left.size() * sizeof(T)) == 0);
}

std::vector<double> column_of(const std::vector<MonthMeans>& rows, Surface surface) {
  std::vector<double> values;
  for (const MonthMeans& row : rows) {
    values.insert(values.end(), (row.*surface).begin(), (row.*surface).end());
  }
  return values;
}

std::vector<double> column_of(const std::vector<CellStatistics>& cells,
                              double CellStatistics::*member) {
  std::vector<double> values;
  for (const CellStatistics& cell : cells) values.push_back(cell.*member);
  return values;
}

/// The dimensions of the file.
struct Scales {
  hdf5::Dataset time;
  hdf5::Dataset month;
  hdf5::Dataset band;
  hdf5::Dataset latitude;
  hdf5::Dataset longitude;
};

hdf5::Dataset named(hdf5::Dataset dataset, const std::string& units, const std::string& long_name) {
  if (!units.empty()) dataset.attributes().set("units", units);
  dataset.attributes().set("long_name", long_name);
  return dataset;
}

Scales write_scales(hdf5::File& file, const Grid& grid) {
  std::array<std::int32_t, 12> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int32_t>(i + 1);
  BandMeans centres{};
  for (std::size_t i = 0; i < band_count; ++i) {
    centres[i] = -90.0 + band_degrees * (static_cast<double>(i) + 0.5);
  }
  return {named(file.create_scale("time", grid.times), grid.time_units, "time"),
          named(file.create_scale("month", numbers), "", "calendar month"),
          named(file.create_scale("band", centres), "degrees_north",
                "centre of a latitude band of 30 degrees"),
          named(file.create_scale("latitude", grid.latitudes), "degrees_north", "latitude"),
          named(file.create_scale("longitude", grid.longitudes), "degrees_east", "longitude")};
}

void write_variable(hdf5::File& file, const std::string& name, const std::string& units,
                    const std::string& long_name, const hdf5::Dataset& rows,
                    const hdf5::Dataset& columns, const std::vector<double>& values) {
  hdf5::Dataset dataset =
      file.create_dataset<double>(name, {rows.element_count(), columns.element_count()},
                                  {.fill_value = std::numeric_limits<double>::quiet_NaN()});
  dataset.write(values);
  dataset.attach_scale(0, rows);
  dataset.attach_scale(1, columns);
  named(dataset, units, long_name);
}

template <class... Numbers>
std::string text_of(const char* format, Numbers... numbers) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, numbers...);
  return text.data();
}

std::string table_line(const char* name, const BandMeans& means) {
  std::string line = text_of("%5s", name);
  for (const double mean : means) line += text_of("%10.3f", mean);
  return line + "\n";
}

/// Mean trend of the cells of each band.
BandMeans trends(const Grid& grid, const Results& results) {
  std::array<Mean, band_count> means;
  for (std::size_t i = 0; i < results.cells.size(); ++i) {
    const double latitude = grid.latitudes[i / grid.columns()];
    means[band_of(latitude)].add(results.cells[i].trend_per_decade, area_weight(latitude));
  }
  BandMeans values{};
  std::ranges::transform(means, values.begin(), &Mean::value);
  return values;
}

}  // namespace

bool identical(const Results& left, const Results& right) {
  return same_bytes(left.land, right.land) && same_bytes(left.months, right.months) &&
         same_bytes(left.cells, right.cells);
}

void write_results(const std::string& path, const Grid& grid, const Results& results) {
  hdf5::File file = hdf5::File::create(path);
  file.attributes().set("title", "Wind speed by cell, and by month, latitude band and surface");
  file.attributes().set("Conventions", "CF-1.8");
  const Scales scales = write_scales(file, grid);
  const std::string& units = grid.speed_units;

  const std::vector<MonthMeans> calendar = climatology(results.months, grid);
  for (std::size_t i = 0; i < surfaces.size(); ++i) {
    const std::string place = places[i];
    write_variable(file, std::string("wind_speed") + suffixes[i], units, "mean wind speed" + place,
                   scales.time, scales.band, column_of(results.months, surfaces[i]));
    write_variable(file, std::string("climatology") + suffixes[i], units,
                   "mean wind speed of the calendar months" + place, scales.month, scales.band,
                   column_of(calendar, surfaces[i]));
  }
  write_variable(file, "mean", units, "mean wind speed of a cell", scales.latitude,
                 scales.longitude, column_of(results.cells, &CellStatistics::mean));
  write_variable(file, "trend", units + " per decade", "linear trend of the wind speed of a cell",
                 scales.latitude, scales.longitude,
                 column_of(results.cells, &CellStatistics::trend_per_decade));
  write_variable(file, "land", "1", "share of land of a cell", scales.latitude, scales.longitude,
                 results.land);
  file.close();
}

std::string table_text(const Grid& grid, const Results& results) {
  const std::vector<MonthMeans> calendar = climatology(results.months, grid);
  const MonthMeans means = overall(results.months);
  std::string text = "Mean wind speed (" + grid.speed_units + ") of " +
                     std::to_string(grid.months) + " months, by latitude band:\n\n" +
                     "month   90S-60S   60S-30S     30S-0     0-30N   30N-60N   60N-90N\n";
  for (std::size_t month = 0; month < calendar.size(); ++month) {
    text += table_line(std::to_string(month + 1).c_str(), calendar[month].all);
  }
  text += table_line("all", means.all) + table_line("sea", means.sea);
  text += table_line("land", means.land) + "\n";
  text += table_line("trend", trends(grid, results)) + "\nTrend: per decade, mean of the cells.\n";
  return text;
}

std::string map_text(const Grid& grid, const Results& results) {
  constexpr std::size_t lines = 24;
  constexpr std::size_t places_per_line = 72;
  constexpr const char* shades = " .:-=+*#%@";
  std::string text = "Mean wind speed from 0 (' ') in steps of 1 to 9 and more ('@'), from " +
                     text_of("%.0f", grid.longitudes.front()) + " E eastward:\n\n";
  for (std::size_t line = lines; line-- > 0;) {
    for (std::size_t place = 0; place < places_per_line; ++place) {
      Mean mean;
      for (std::size_t row = line * grid.latitudes.size() / lines;
           row < (line + 1) * grid.latitudes.size() / lines; ++row) {
        for (std::size_t column = place * grid.columns() / places_per_line;
             column < (place + 1) * grid.columns() / places_per_line; ++column) {
          mean.add(results.cells[row * grid.columns() + column].mean);
        }
      }
      const double value = mean.value();
      text += std::isnan(value) ? '?' : shades[static_cast<std::size_t>(std::clamp(value, 0., 9.))];
    }
    text += '\n';
  }
  return text;
}

}  // namespace winds

#include "fields.hpp"

#include "tutti/error.hpp"
#include "tutti/hdf5.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace winds {

namespace {

namespace hdf5 = tutti::hdf5;

constexpr const char* eastward_name = "UWND";
constexpr const char* northward_name = "VWND";
constexpr const char* height_name = "ROSE";
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

[[noreturn]] void unusable(const hdf5::File& file, const std::string& why) {
  throw tutti::Error(tutti::ErrorCode::corrupt_data,
                     "the file '" + file.path().string() + "' cannot be used: " + why);
}

hdf5::Dataset open_coordinate(const hdf5::File& file, const hdf5::Dataset& variable,
                              std::size_t dimension) {
  const std::string name = variable.dimension_names().at(dimension);
  if (name.empty()) {
    unusable(file, "dimension " + std::to_string(dimension) + " of '" + variable.name() +
                       "' has no coordinates");
  }
  return file.dataset(name);
}

/// Reads a box, applies `scale_factor` and `add_offset`, and marks what is missing.
std::vector<double> read_values(const hdf5::Dataset& dataset, const hdf5::Box& box) {
  std::vector<double> values = dataset.read<double>(box);
  const hdf5::Attributes attributes = dataset.attributes();
  const double fill = attributes.find_number("_FillValue").value_or(not_a_number);
  const double missing = attributes.find_number("missing_value").value_or(not_a_number);
  const double factor = attributes.find_number("scale_factor").value_or(1.0);
  const double offset = attributes.find_number("add_offset").value_or(0.0);
  for (double& value : values) {
    value = value == fill || value == missing ? not_a_number : value * factor + offset;
  }
  return values;
}

Field read_field(const hdf5::File& file, const std::string& variable, const Part& part) {
  const hdf5::Dataset dataset = file.dataset(variable);
  const hdf5::Box box{.offset = {static_cast<std::uint64_t>(part.first_month),
                                 static_cast<std::uint64_t>(part.first_row), 0},
                      .count = {static_cast<std::uint64_t>(part.months),
                                static_cast<std::uint64_t>(part.rows), dataset.shape().at(2)}};
  return {box.count[0], box.count[1], box.count[2], read_values(dataset, box)};
}

}  // namespace

Grid read_grid(const std::string& path) {
  const hdf5::File file = hdf5::File::open(path);
  const hdf5::Dataset eastward = file.dataset(eastward_name);
  const hdf5::Shape shape = eastward.shape();
  if (shape.size() != 3 || shape != file.dataset(northward_name).shape()) {
    unusable(file, "UWND and VWND should both have a month, a latitude and a longitude");
  }
  const hdf5::Dataset time = open_coordinate(file, eastward, 0);
  return {.months = static_cast<std::int64_t>(shape[0]),
          .latitudes = open_coordinate(file, eastward, 1).read<double>(),
          .longitudes = open_coordinate(file, eastward, 2).read<double>(),
          .times = time.read<double>(),
          .time_units = time.attributes().find_string("units").value_or(""),
          .speed_units = eastward.attributes().find_string("units").value_or("")};
}

Field read_speed(const std::string& path, const Part& part) {
  const hdf5::File file = hdf5::File::open(path);
  Field speed = read_field(file, eastward_name, part);
  const Field northward = read_field(file, northward_name, part);
  for (std::size_t i = 0; i < speed.values.size(); ++i) {
    const double u = speed.values[i];
    const double v = northward.values[i];
    speed.values[i] = std::sqrt(u * u + v * v);
  }
  return speed;
}

std::vector<double> read_land_shares(const std::string& path, const Grid& grid, std::int64_t row) {
  const hdf5::File file = hdf5::File::open(path);
  const hdf5::Dataset heights = file.dataset(height_name);
  if (heights.shape().size() != 2) unusable(file, "ROSE should have a latitude and a longitude");
  const std::vector<double> latitudes = open_coordinate(file, heights, 0).read<double>();
  const std::vector<double> longitudes = open_coordinate(file, heights, 1).read<double>();

  const double height_of_cell = grid.latitudes.at(1) - grid.latitudes.at(0);
  const double south = grid.latitudes[static_cast<std::size_t>(row)] - height_of_cell / 2;
  const auto first = std::ranges::lower_bound(latitudes, south);
  const auto last = std::ranges::lower_bound(latitudes, south + height_of_cell);
  const hdf5::Box box{.offset = {static_cast<std::uint64_t>(first - latitudes.begin()), 0},
                      .count = {static_cast<std::uint64_t>(last - first), longitudes.size()}};
  const std::vector<double> values = read_values(heights, box);

  std::vector<std::int64_t> land(grid.columns());
  std::vector<std::int64_t> known(grid.columns());
  const double width = 360.0 / static_cast<double>(grid.columns());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    const double east = longitudes[i % longitudes.size()] - grid.longitudes[0] + width / 2;
    const double turn = east - 360.0 * std::floor(east / 360.0);
    const std::size_t column = static_cast<std::size_t>(turn / width) % grid.columns();
    ++known[column];
    land[column] += values[i] > 0 ? 1 : 0;
  }
  std::vector<double> shares(grid.columns());
  for (std::size_t column = 0; column < shares.size(); ++column) {
    shares[column] = static_cast<double>(land[column]) / static_cast<double>(known[column]);
  }
  return shares;
}

}  // namespace winds

/// Wind speed over land and sea: mean and trend of each cell, means by month and latitude band,
/// from 132 months of global wind.
///
///     nccopy -k nc4 /usr/share/ferret-vis/data/monthly_navy_winds.cdf monthly_navy_winds.nc
///     nccopy -k nc4 /usr/share/ferret-vis/data/etopo5.cdf etopo5.nc
///     mpirun -n 4 winds --input monthly_navy_winds.nc --topography etopo5.nc

#include "results.hpp"
#include "tasks.hpp"
#include "tutti/tutti.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

namespace {

struct Settings {
  std::string input = "monthly_navy_winds.nc";
  std::string topography = "etopo5.nc";
  std::string output = "winds_statistics.h5";
  std::int64_t months_per_task = 1;
  std::int64_t rows_per_task = 1;
  bool help = false;
};

Settings read_settings(int argc, char** argv) {
  Settings settings;
  CLI::App app("Wind speed by cell, and by month, latitude band and surface.");
  app.add_option("--input", settings.input, "netCDF-4 file with UWND and VWND")
      ->capture_default_str();
  app.add_option("--topography", settings.topography, "netCDF-4 file with heights, ROSE")
      ->capture_default_str();
  app.add_option("--output", settings.output, "HDF5 file to write")->capture_default_str();
  const CLI::Range at_least_one(std::int64_t{1}, std::int64_t{1'000'000});
  app.add_option("--months-per-task", settings.months_per_task, "months that one task reads")
      ->capture_default_str()
      ->check(at_least_one);
  app.add_option("--rows-per-task", settings.rows_per_task, "rows of cells that one task reads")
      ->capture_default_str()
      ->check(at_least_one);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::printf("%s", app.help().c_str());
    settings.help = true;
  } catch (const CLI::ParseError& error) {
    throw tutti::Error(tutti::ErrorCode::bad_argument,
                       std::string(error.what()) + "; --help lists the options");
  }
  return settings;
}

/// Tasks get an absolute name, as other ranks may run in another directory.
std::string existing_file(const std::string& path, const std::string& source) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) return std::filesystem::absolute(path).string();
  throw tutti::Error(tutti::ErrorCode::io,
                     "the file '" + path +
                         "' does not exist; `apt-get install ferret-datasets netcdf-bin`, then " +
                         "`nccopy -k nc4 /usr/share/ferret-vis/data/" + source + " " + path +
                         "` makes it");
}

winds::Results compute_in_tasks(tutti::Client& client, const Settings& settings,
                                const winds::Grid& grid) {
  const winds::Blocks months{grid.months, settings.months_per_task};
  const winds::Blocks rows{grid.rows(), settings.rows_per_task};

  // The means of months need all shares of land: their tasks start when `land` is there. Grid and
  // land go to each rank once, however many tasks use them.
  auto shares = client.map({.name = "land"}, winds::land_shares, tutti::range(rows.count()), rows,
                           settings.topography, grid);
  auto land = client.submit({.name = "all land"}, winds::joined<double>, shares);
  auto means = client.map({.name = "months"}, winds::means_of_months, tutti::range(months.count()),
                          months, settings.input, grid, land);
  auto cells = client.map({.name = "cells"}, winds::statistics_of_rows, tutti::range(rows.count()),
                          rows, settings.input, grid);

  tutti::progress({.interval = std::chrono::seconds(2), .name = "winds"}, shares, means, cells);
  return {land.result(), winds::joined(client.gather(means)), winds::joined(client.gather(cells))};
}

/// The same functions, called one after the other.
winds::Results compute_here(const Settings& settings, const winds::Grid& grid) {
  const winds::Blocks months{grid.months, grid.months};
  const winds::Blocks rows{grid.rows(), grid.rows()};
  winds::Results results;
  results.land = winds::land_shares(0, rows, settings.topography, grid);
  results.months = winds::means_of_months(0, months, settings.input, grid, results.land);
  results.cells = winds::statistics_of_rows(0, rows, settings.input, grid);
  return results;
}

void run(tutti::Client& client, Settings settings) {
  settings.input = existing_file(settings.input, "monthly_navy_winds.cdf");
  settings.topography = existing_file(settings.topography, "etopo5.cdf");
  const winds::Grid grid = winds::read_grid(settings.input);

  const winds::Results results = compute_in_tasks(client, settings, grid);
  if (!identical(results, compute_here(settings, grid))) {
    throw tutti::Error(
        tutti::ErrorCode::corrupt_data,
        "the numbers from the tasks differ from a serial computation; nothing was written");
  }
  winds::write_results(settings.output, grid, results);
  std::printf("%s\n%s\n", table_text(grid, results).c_str(), map_text(grid, results).c_str());
  std::printf("The numbers equal those of a serial computation to the bit. They are in %s\n",
              std::filesystem::absolute(settings.output).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [&](tutti::Client& client) {
    const Settings settings = read_settings(argc, argv);
    if (!settings.help) run(client, settings);
  });
}

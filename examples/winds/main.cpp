/// Mean wind speed by month and latitude band, from 132 months of global wind, one task per month.
///
///     nccopy -k nc4 /usr/share/ferret-vis/data/monthly_navy_winds.cdf monthly_navy_winds.nc
///     mpirun -n 4 winds --input monthly_navy_winds.nc

#include "analysis.hpp"
#include "tutti/error.hpp"
#include "tutti/tutti.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using winds::BandMeans;

struct Settings {
  std::string input = "monthly_navy_winds.nc";
  std::string output = "winds_by_band.h5";
  std::int64_t months_per_task = 1;
  bool help = false;
};

Settings read_settings(int argc, char** argv) {
  Settings settings;
  CLI::App app("Mean wind speed by month and latitude band, checked against a serial computation.");
  app.add_option("--input", settings.input, "netCDF-4 file with UWND and VWND")
      ->capture_default_str();
  app.add_option("--output", settings.output, "HDF5 file to write")->capture_default_str();
  app.add_option("--months-per-task", settings.months_per_task, "months that one task reads")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
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

void require_input(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) return;
  throw tutti::Error(tutti::ErrorCode::io,
                     "the input file '" + path +
                         "' does not exist: `apt-get install ferret-datasets netcdf-bin`, then " +
                         "`nccopy -k nc4 /usr/share/ferret-vis/data/monthly_navy_winds.cdf " +
                         path + "` makes it");
}

/// Tasks get an absolute name, as other ranks may run in another directory.
std::string absolute(const std::string& path) { return std::filesystem::absolute(path).string(); }

/// Puts the numbers of all blocks in a row and cuts them into months.
std::vector<BandMeans> months_of(const std::vector<std::vector<double>>& blocks) {
  std::vector<BandMeans> months;
  std::size_t next = winds::band_count;
  for (const std::vector<double>& block : blocks) {
    for (const double value : block) {
      if (next == winds::band_count) {
        months.emplace_back();
        next = 0;
      }
      months.back()[next++] = value;
    }
  }
  return months;
}

bool identical(const std::vector<BandMeans>& left, const std::vector<BandMeans>& right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!winds::identical(left[i], right[i])) return false;
  }
  return true;
}

void print_climatology(const std::vector<BandMeans>& months, const winds::Grid& grid) {
  std::printf("Mean wind speed (%s) by calendar month and latitude band, %zu months:\n\n",
              grid.speed_units.c_str(), months.size());
  std::printf("month   90S-60S   60S-30S     30S-0     0-30N   30N-60N   60N-90N\n");
  const auto table = winds::climatology(months, grid);
  for (std::size_t month = 0; month < table.size(); ++month) {
    std::printf("%5zu", month + 1);
    for (const double mean : table[month]) std::printf("%10.3f", mean);
    std::printf("\n");
  }
}

void compute(tutti::Client& client, const Settings& settings) {
  require_input(settings.input);
  const auto start = std::chrono::steady_clock::now();
  const std::string input = absolute(settings.input);
  const winds::Grid grid = winds::read_grid(input);
  const std::int64_t blocks =
      (grid.months + settings.months_per_task - 1) / settings.months_per_task;

  auto futures = client.map(winds::block_means, tutti::range(blocks), tutti::constant(input),
                            tutti::constant(settings.months_per_task));
  const std::vector<BandMeans> months = months_of(client.gather(futures));
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;

  if (!identical(months, winds::month_means(input, 0, grid.months))) {
    throw tutti::Error(
        tutti::ErrorCode::corrupt_data,
        "the means from the tasks differ from a serial computation; nothing was written");
  }
  winds::write_result(settings.output, grid, months);
  print_climatology(months, grid);
  std::printf("\n%lld tasks took %.3f s; the result equals a serial computation to the bit.\n",
              static_cast<long long>(blocks), elapsed.count());
  std::printf("The result is in %s\n", absolute(settings.output).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [&](tutti::Client& client) {
    const Settings settings = read_settings(argc, argv);
    if (!settings.help) compute(client, settings);
  });
}

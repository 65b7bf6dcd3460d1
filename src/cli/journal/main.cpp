/// tutti-journal: what `tutti journal` starts. It links HDF5, and with that MPI, which the program
/// tutti does not.

#include "hdf5/library.hpp"
#include "journal/inventory.hpp"
#include "tutti/error.hpp"

#include <CLI/CLI.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

namespace {

using namespace tutti;
using namespace tutti::journal;

std::string time_text(double seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t kilobyte = 1000;
  if (bytes < 10 * kilobyte) return fmt::format("{} B", bytes);
  if (bytes < 10 * kilobyte * kilobyte) return fmt::format("{} kB", bytes / kilobyte);
  return fmt::format("{} MB", bytes / kilobyte / kilobyte);
}

std::uint64_t result_bytes(const SeriesInParts& series) {
  const Layout& layout = series.series.layout;
  if (!layout.has_results()) return 0;
  return layout.count != 0 ? series.rows * layout.row_bytes()
                           : series.numbers * hdf5::size_of(layout.type);
}

void print_series(const Paths& paths, const SeriesInParts& series) {
  double first = 0;
  double last = 0;
  for (const SeriesInParts::Source& source : series.sources) {
    const auto [submitted, finished] =
        Part(paths.part(source.part), source.part).times(source.position);
    first = first == 0 ? submitted : std::min(first, submitted);
    last = std::max(last, finished);
  }
  fmt::print("{}\n", series.group);
  fmt::print("  results     {} finished, {} failed, {}\n", series.rows - series.failures,
             series.failures, size_text(result_bytes(series)));
  fmt::print("  type        {}\n", series.series.result_type);
  fmt::print("  function    {}\n", series.series.function);
  if (series.rows != 0)
    fmt::print("  time        {} to {} UTC\n", time_text(first), time_text(last));
}

void print_failures(const Paths& paths, const SeriesInParts& series) {
  for (const SeriesInParts::Source& source : series.sources) {
    if (source.failures == 0) continue;
    const Part part(paths.part(source.part), source.part);
    const auto indices =
        part.file().dataset(source.group + "/" + column::index).read<std::uint64_t>();
    for (const auto& [row, failure] : part.failures(source.position))
      fmt::print("  {}[{}] {}: {}\n", series.group, indices.at(row), failure.type, failure.message);
  }
}

void print_open(const Inventory& inventory) {
  if (!inventory.holder.empty()) fmt::print("written by {}\n", inventory.holder);
  std::uint64_t results = 0;
  std::uint64_t bytes = 0;
  for (const Inventory::Segment& segment : inventory.segments) {
    results += segment.results;
    bytes += segment.bytes;
  }
  if (!inventory.segments.empty())
    fmt::print(
        "not sealed yet: {} results in {}; the next run, or the end of this one, seals them\n",
        results, size_text(bytes));
  for (const std::string& problem : inventory.problems) fmt::print(stderr, "{}\n", problem);
}

int show(const std::string& name, bool failures) {
  const Paths paths(name);
  const Inventory inventory = take_inventory(paths, false);
  for (const SeriesInParts& series : gather_series(inventory.parts)) {
    print_series(paths, series);
    if (failures) print_failures(paths, series);
  }
  print_open(inventory);
  return inventory.problems.empty() ? 0 : 1;
}

int export_to(const std::string& name, const std::string& file, bool force) {
  const Paths paths(name);
  if (!force && std::filesystem::exists(file))
    throw Error(ErrorCode::bad_argument,
                "'" + file + "' is there already; choose another name, or add --force");
  const Inventory inventory = take_inventory(paths, false);
  for (const std::string& problem : inventory.problems) fmt::print(stderr, "{}\n", problem);
  if (!inventory.problems.empty()) return 1;
  export_plain(paths, inventory.parts, file);
  std::uint64_t results = 0;
  for (const SeriesInParts& series : gather_series(inventory.parts)) results += series.rows;
  fmt::print("{} results are in '{}'\n", results, file);
  if (!inventory.segments.empty())
    fmt::print(stderr,
               "tutti: results that are not sealed yet are not in '{}'; export again when the run "
               "has ended\n",
               file);
  return 0;
}

int verify(const std::string& name, bool repairs) {
  const Paths paths(name);
  if (repairs) {
    for (const std::string& sentence : repair(paths)) fmt::print("{}\n", sentence);
  }
  const Inventory inventory = take_inventory(paths, true);
  std::uint64_t results = 0;
  for (const PartSummary& part : inventory.parts) {
    for (const PartSeries& series : part.series) results += series.rows;
  }
  for (const Inventory::Segment& segment : inventory.segments) {
    results += segment.results;
    if (segment.torn_bytes != 0 && segment.number == inventory.segments.back().number)
      fmt::print("'{}': the last {} bytes are no whole result; the next run cuts them off\n",
                 paths.segment(segment.number).string(), segment.torn_bytes);
  }
  for (const std::string& problem : inventory.problems) fmt::print("{}\n", problem);
  fmt::print("{} results in {} parts and {} segments: {}\n", results, inventory.parts.size(),
             inventory.segments.size(),
             inventory.problems.empty() ? "all good"
                                        : fmt::format("{} problems", inventory.problems.size()));
  return inventory.problems.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("journals: what is in them", "tutti journal");
  // For `tutti doctor`.
  bool about_hdf5 = false;
  app.add_flag("--hdf5", about_hdf5, "which HDF5 this is, and what it can do");
  app.require_subcommand(0, 1);
  int exit_code = 0;
  std::string name;
  std::string file;
  bool failures = false;
  bool force = false;
  bool repairs = false;
  CLI::App* shown = app.add_subcommand("show", "what was recorded, by name");
  shown->add_option("journal", name, "NAME, NAME.h5 or NAME.journal")->required();
  shown->add_flag("--failures", failures, "each failure with its message");
  shown->callback([&] { exit_code = show(name, failures); });
  CLI::App* exported = app.add_subcommand("export", "writes one plain HDF5 file");
  exported->add_option("journal", name, "NAME, NAME.h5 or NAME.journal")->required();
  exported->add_option("file", file, "the new file")->required();
  exported->add_flag("--force", force, "also in place of an existing file");
  exported->callback([&] { exit_code = export_to(name, file, force); });
  CLI::App* verified = app.add_subcommand("verify", "reads all and compares the checksums");
  verified->add_option("journal", name, "NAME, NAME.h5 or NAME.journal")->required();
  verified->add_flag("--repair", repairs, "gives up what is damaged, so that runs go on");
  verified->callback([&] { exit_code = verify(name, repairs); });
  try {
    app.parse(argc, argv);
    if (about_hdf5) {
      std::cout << hdf5::library_words() << "\n";
    } else if (app.get_subcommands().empty()) {
      throw CLI::RequiredError::Subcommand(1);
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const Error& error) {
    std::cerr << "tutti: " << error.what() << "\n";
    return error.code() == ErrorCode::bad_argument ? 2 : 1;
  } catch (const std::exception& error) {
    std::cerr << "tutti: " << error.what() << "\n";
    return 1;
  }
  return exit_code;
}

#pragma once

/// The view NAME.h5: all parts as one file, by virtual datasets; and the same as a plain file.

#include "journal/part.hpp"
#include "journal/paths.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace tutti::journal {

/// A series in all parts that have some of it, under the name that people see.
struct SeriesInParts {
  struct Source {
    std::uint64_t part = 0;
    std::size_t position = 0;  ///< in the part
    std::string group;
    std::uint64_t rows = 0;
    std::uint64_t failures = 0;
    std::uint64_t numbers = 0;
  };
  std::string group;
  Series series;  ///< as it was recorded last
  std::vector<Source> sources;
  std::uint64_t rows = 0;
  std::uint64_t failures = 0;
  std::uint64_t numbers = 0;
};

/// One entry for each name, version and type of result. Groups are called `name`, or
/// `name@version`, with " (2)" behind where that is taken. Pure.
std::vector<SeriesInParts> gather_series(std::span<const PartSummary> parts);

/// Puts NAME.h5 in place of what is there. Throws Error.
void write_view(const Paths& paths, std::span<const PartSummary> parts);
/// Writes one file with all results in it, which needs no other. Throws Error.
void export_plain(const Paths& paths, std::span<const PartSummary> parts,
                  const std::filesystem::path& to);

}  // namespace tutti::journal

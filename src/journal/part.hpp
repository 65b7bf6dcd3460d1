#pragma once

/// Parts: sealed results, each an HDF5 file that is written once. A group for each series, named by
/// numbers, with a row for each result.

#include "journal/record.hpp"
#include "tutti/hdf5.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tutti::journal {

/// Names of the columns of a group. (A result of varying length is `result_count` numbers of
/// `values`, where all stand one behind the other.)
namespace column {
inline constexpr const char* key = "argument_hash";          ///< (rows, 2) uint64: low, high
inline constexpr const char* index = "index";                ///< uint64, in its map
inline constexpr const char* status = "status";              ///< uint8, 0: finished, 1: failed
inline constexpr const char* submitted = "submitted";        ///< float64, seconds since 1970
inline constexpr const char* finished = "finished";          ///< float64
inline constexpr const char* rank = "rank";                  ///< int32
inline constexpr const char* sequence = "sequence";          ///< uint64
inline constexpr const char* result = "result";              ///< (rows) or (rows, count)
inline constexpr const char* result_count = "result_count";  ///< uint64
inline constexpr const char* values = "values";
inline constexpr const char* failed_row = "failed_row";  ///< uint64, one for each failure
inline constexpr const char* failure_type = "failure_type";
inline constexpr const char* failure_message = "failure_message";
}  // namespace column

inline constexpr std::uint8_t status_finished = 0;
inline constexpr std::uint8_t status_failed = 1;

/// Rows that come together: results of one stretch, or one failure.
struct Block {
  std::size_t series = 0;  ///< position in the list of series
  std::uint64_t sequence = 0;
  std::uint64_t first_index = 0;
  Circumstances circumstances;
  std::vector<base::ContentHash> keys;
  std::vector<std::uint64_t> row_bytes;
  /// The results, one behind the other; each piece holds whole ones.
  std::vector<ConstBuffer> pieces;
  std::optional<Failure> failure;  ///< instead of results
};

/// Sequence numbers [first, first + count).
struct SequenceRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  bool operator==(const SequenceRange&) const = default;
};

/// What a part has of one series.
struct PartSeries {
  Series series;
  std::string group;
  std::uint64_t rows = 0;
  std::uint64_t failures = 0;
  std::uint64_t numbers = 0;  ///< in `values`
};

struct PartSummary {
  std::uint64_t number = 0;
  std::vector<PartSeries> series;
  std::vector<SequenceRange> sequences;  ///< ascending
  std::vector<std::uint64_t> segments;   ///< that it replaces
};

/// Writes a part under `path`; series without rows are left out. The file is closed and not synced.
/// Throws Error.
PartSummary write_part(const std::filesystem::path& path, std::span<const Series> series,
                       std::span<const Block> blocks, std::span<const std::uint64_t> segments);

/// A part that is read.
class Part {
 public:
  /// Throws Error (corrupt_data) when the file is no part.
  Part(const std::filesystem::path& path, std::uint64_t number);

  const PartSummary& summary() const { return summary_; }
  std::vector<base::ContentHash> keys(std::size_t series) const;
  std::vector<std::uint8_t> statuses(std::size_t series) const;
  /// Numbers of each result, for layouts where they differ.
  std::vector<std::uint64_t> counts(std::size_t series) const;
  /// Results of fixed length: `bytes` is room for rows [row, row + count).
  void read_rows(std::size_t series, std::uint64_t row, std::uint64_t count,
                 std::span<std::byte> bytes) const;
  /// Numbers [first, ...) of `values`.
  void read_values(std::size_t series, std::uint64_t first, std::span<std::byte> bytes) const;
  /// By row. Where the key is not needed it is not set.
  std::map<std::uint64_t, Failure> failures(std::size_t series) const;
  /// First submission and last end, in seconds since 1970.
  std::pair<double, double> times(std::size_t series) const;
  /// Reads all that is there; a sentence for each dataset whose contents changed.
  std::vector<std::string> verify() const;
  const hdf5::File& file() const { return file_; }

 private:
  std::string name_of(std::size_t series, const char* column) const;

  std::filesystem::path path_;
  hdf5::File file_;
  PartSummary summary_;
};

/// The datasets of a series that have a row for each result, in the order in which they are
/// written.
std::vector<std::string> row_columns(const Layout& layout);
hdf5::ElementType column_type(const std::string& name, const Layout& layout);
/// The shape of a column with so many rows.
hdf5::Shape column_shape(const std::string& name, const Layout& layout, std::uint64_t rows);
/// The description of a series, as attributes of its group.
void describe(hdf5::Attributes attributes, const Series& series);

}  // namespace tutti::journal

#pragma once

/// Archive: the sealed results that were there when the journal was opened, found by their keys.

#include "journal/part.hpp"
#include "journal/paths.hpp"

#include <tsl/robin_map.h>

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tutti::journal {

/// Where a result is: a row of a table, which is one series of one part.
struct Place {
  std::uint32_t table = 0;
  std::uint32_t row = 0;
  bool failed = false;
};

/// Any thread may call any function; those that read take turns.
class Archive {
 public:
  explicit Archive(const Paths& paths) : paths_(paths) {}

  /// Adds what the part has. Later parts count more, and results more than failures.
  void add(const Part& part);

  /// Keys are hashes of all that identifies a result, its name among it.
  std::optional<Place> find(const base::ContentHash& key) const;
  const Series& series(std::uint32_t table) const { return tables_[table].series; }
  std::uint64_t results() const { return places_.size(); }

  /// Rows [row, row + count), all of which are results: of fixed length.
  void read_fixed(std::uint32_t table, std::uint64_t row, std::uint64_t count,
                  std::span<std::byte> bytes);
  /// The bytes of each.
  std::vector<std::uint64_t> row_bytes(std::uint32_t table, std::uint64_t row, std::uint64_t count);
  /// Results of varying length, one behind the other.
  void read_varying(std::uint32_t table, std::uint64_t row, std::span<std::byte> bytes);
  Failure read_failure(const Place& place);

 private:
  struct Table {
    std::uint64_t part = 0;
    std::size_t position = 0;  ///< of the series in the part
    Series series;
    std::vector<std::uint64_t> ends;  ///< in `values`, of each row; read when needed
    std::optional<std::map<std::uint64_t, Failure>> failures;  ///< the same
    std::uint64_t ahead_row = 0;  ///< results of fixed length, read ahead from this row on
    std::vector<std::byte> ahead;
  };
  struct KeyHash {
    std::size_t operator()(const base::ContentHash& key) const noexcept { return key.low; }
  };
  struct Packed {
    std::uint32_t table : 31;
    std::uint32_t failed : 1;
    std::uint32_t row;
  };
  struct OpenPart {
    std::uint64_t number = 0;
    Part part;
  };

  const Part& open(std::uint64_t number);
  const std::vector<std::uint64_t>& ends_of(Table& table);
  void read_ahead(Table& table, std::uint64_t row);

  Paths paths_;
  std::mutex mutex_;
  std::vector<Table> tables_;
  tsl::robin_map<base::ContentHash, Packed, KeyHash> places_;
  std::list<OpenPart> open_;  ///< the last used one first
};

}  // namespace tutti::journal

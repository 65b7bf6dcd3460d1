#pragma once

/// What frames hold: descriptions of named work, and its results. Pure; decoding is total: any
/// bytes give a record or Error (corrupt_data).

#include "base/content_hash.hpp"
#include "tutti/bytes.hpp"
#include "tutti/hdf5_types.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace tutti::journal {

/// How results stand in files.
struct Layout {
  hdf5::ElementType type = hdf5::ElementType::uint8;  ///< `other`: there is no result
  /// Numbers in one result; 0: each result has its own number of them.
  std::uint64_t count = 0;

  bool has_results() const { return type != hdf5::ElementType::other; }
  /// Bytes of one result; 0 when they differ, or when there are none.
  std::uint64_t row_bytes() const { return count * hdf5::size_of(type); }
  bool operator==(const Layout&) const = default;
};

/// Work of one name: what all of its results have in common.
struct Series {
  std::string name;
  std::string version;
  std::string function;
  std::string result_type;
  std::string build;  ///< of the program that computed them
  Layout layout;
  bool operator==(const Series&) const = default;
};

/// What is known of one result, or of all in a stretch.
struct Circumstances {
  std::int64_t submitted_ns = 0;  ///< since 1970
  std::int64_t finished_ns = 0;
  std::int32_t rank = -1;  ///< where it was computed
  bool operator==(const Circumstances&) const = default;
};

/// Gives a series the number by which what follows in its segment names it.
struct Definition {
  std::uint32_t number = 0;
  Series series;
  bool operator==(const Definition&) const = default;
};

/// Results of one stretch of a map, or of one task. Their sequence numbers count up from that of
/// the frame.
struct Results {
  std::uint32_t series = 0;
  std::uint64_t first_index = 0;
  Circumstances circumstances;
  std::vector<base::ContentHash> keys;
  std::vector<std::uint64_t> row_bytes;  ///< of each, where they differ
  std::span<const std::byte> bytes;      ///< of all, one behind the other; in the frame

  bool operator==(const Results& other) const;
};

/// A task or element that failed.
struct Failure {
  std::uint32_t series = 0;
  std::uint64_t index = 0;
  Circumstances circumstances;
  base::ContentHash key;
  std::string type;
  std::string message;
  bool operator==(const Failure&) const = default;
};

using Record = std::variant<Definition, Results, Failure>;

void encode(Writer& writer, const Definition& definition);
/// All but `bytes`, which stand behind.
void encode(Writer& writer, const Results& results);
void encode(Writer& writer, const Failure& failure);
Record decode(std::span<const std::byte> payload);

}  // namespace tutti::journal

#include "journal/archive.hpp"

#include "tutti/check.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <cstring>

namespace tutti::journal {
namespace {

/// Parts that are held open for reading.
constexpr std::size_t open_max = 16;
/// Small results are asked for one by one, in about the order in which they were recorded: what is
/// read of them at a time, in bytes.
constexpr std::uint64_t ahead_bytes = 256 << 10;

}  // namespace

void Archive::add(const Part& part) {
  const std::lock_guard lock(mutex_);
  for (std::size_t position = 0; position < part.summary().series.size(); ++position) {
    const auto table = static_cast<std::uint32_t>(tables_.size());
    Table added;
    added.part = part.summary().number;
    added.position = position;
    added.series = part.summary().series[position].series;
    tables_.push_back(std::move(added));
    const std::vector<base::ContentHash> keys = part.keys(position);
    const std::vector<std::uint8_t> statuses = part.statuses(position);
    if (statuses.size() != keys.size() || keys.size() > UINT32_MAX)
      throw Error(ErrorCode::corrupt_data, "the columns of a part of the journal differ in length");
    places_.reserve(places_.size() + keys.size());
    for (std::size_t row = 0; row < keys.size(); ++row) {
      const bool failed = statuses[row] != status_finished;
      const Packed packed{table & 0x7fffffffu, failed, static_cast<std::uint32_t>(row)};
      const auto [place, is_new] = places_.try_emplace(keys[row], packed);
      if (!is_new && (!failed || place->second.failed != 0)) place.value() = packed;
    }
  }
}

std::optional<Place> Archive::find(const base::ContentHash& key) const {
  const auto found = places_.find(key);
  if (found == places_.end()) return std::nullopt;
  return Place{found->second.table, found->second.row, found->second.failed != 0};
}

const Part& Archive::open(std::uint64_t number) {
  const auto found = std::ranges::find(open_, number, &OpenPart::number);
  if (found != open_.end()) {
    open_.splice(open_.begin(), open_, found);
  } else {
    open_.push_front({number, Part(paths_.part(number), number)});
    if (open_.size() > open_max) open_.pop_back();
  }
  return open_.front().part;
}

const std::vector<std::uint64_t>& Archive::ends_of(Table& table) {
  if (table.ends.empty()) {
    table.ends = open(table.part).counts(table.position);
    std::uint64_t end = 0;
    for (std::uint64_t& each : table.ends) each = end += each;
  }
  return table.ends;
}

void Archive::read_fixed(std::uint32_t number, std::uint64_t row, std::uint64_t count,
                         std::span<std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  Table& table = tables_[number];
  if (bytes.size() >= ahead_bytes / 4) {
    open(table.part).read_rows(table.position, row, count, bytes);
    return;
  }
  const std::uint64_t each = table.series.layout.row_bytes();
  const auto is_there = [&] {
    return row >= table.ahead_row && (row + count - table.ahead_row) * each <= table.ahead.size();
  };
  if (!is_there()) read_ahead(table, row);
  check(is_there(), "rows of a part are read that it has");
  std::memcpy(bytes.data(), table.ahead.data() + (row - table.ahead_row) * each, bytes.size());
}

/// A page that begins a little before the row.
void Archive::read_ahead(Table& table, std::uint64_t row) {
  const Part& part = open(table.part);
  const std::uint64_t each = table.series.layout.row_bytes();
  const std::uint64_t rows = part.summary().series[table.position].rows;
  const std::uint64_t page = std::max<std::uint64_t>(1, ahead_bytes / each);
  table.ahead_row = row - std::min(row, page / 8);
  const std::uint64_t count = std::min(page, rows - table.ahead_row);
  table.ahead.resize(count * each);
  part.read_rows(table.position, table.ahead_row, count, table.ahead);
}

std::vector<std::uint64_t> Archive::row_bytes(std::uint32_t number, std::uint64_t row,
                                              std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  Table& table = tables_[number];
  const std::vector<std::uint64_t>& ends = ends_of(table);
  const std::uint64_t size = hdf5::size_of(table.series.layout.type);
  std::vector<std::uint64_t> bytes;
  bytes.reserve(count);
  for (std::uint64_t each = row; each < row + count; ++each)
    bytes.push_back((ends.at(each) - (each == 0 ? 0 : ends[each - 1])) * size);
  return bytes;
}

void Archive::read_varying(std::uint32_t number, std::uint64_t row, std::span<std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  Table& table = tables_[number];
  const std::uint64_t first = row == 0 ? 0 : ends_of(table).at(row - 1);
  open(table.part).read_values(table.position, first, bytes);
}

Failure Archive::read_failure(const Place& place) {
  const std::lock_guard lock(mutex_);
  check(place.failed, "the failure of what failed is asked for");
  Table& table = tables_[place.table];
  if (!table.failures) table.failures = open(table.part).failures(table.position);
  return (*table.failures)[place.row];
}

}  // namespace tutti::journal

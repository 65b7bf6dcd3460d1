#pragma once

/// What the tests of the journal share: a folder, results of numbers, and all that a journal has.

#include "base/content_hash.hpp"
#include "journal/journal.hpp"
#include "support/temporary_directory.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tutti::journal::test {

using Scratch = testing::TemporaryDirectory;
using testing::contains;
using testing::sentence_of;

inline base::ContentHash key_of(std::uint64_t number) { return {number * 77 + 1, number}; }

inline const Series numbers{"numbers", "", "f", "double", "b1", {hdf5::ElementType::float64, 1}};
inline const Series lists{
    "lists", "2", "g", "std::vector<int>", "b1", {hdf5::ElementType::int32, 0}};

/// Numbers begin, begin + 1, ... as results of `numbers`.
inline NewResults some_numbers(std::uint32_t series, std::uint64_t begin, std::uint64_t count) {
  NewResults results;
  results.series = series;
  results.first_index = begin;
  results.circumstances = {1'000'000'000, 2'000'000'000, 3};
  auto values = std::make_shared<std::vector<double>>();
  for (std::uint64_t index = begin; index < begin + count; ++index) {
    results.keys.push_back(key_of(index));
    values->push_back(static_cast<double>(index));
  }
  results.bytes = count * sizeof(double);
  results.make = [values] {
    return Payload{{},
                   {{reinterpret_cast<const std::byte*>(values->data()),
                     values->size() * sizeof(double), false}},
                   values};
  };
  return results;
}

/// One list of `length` numbers, all of them `value`.
inline NewResults a_list(std::uint32_t series, std::uint64_t key, std::uint64_t length,
                         std::int32_t value) {
  NewResults results;
  results.series = series;
  results.keys.push_back(key_of(key));
  results.circumstances = {5'000'000'000, 6'000'000'000, 1};
  auto values = std::make_shared<std::vector<std::int32_t>>(length, value);
  results.bytes = length * sizeof(std::int32_t);
  results.make = [values] {
    const std::uint64_t bytes = values->size() * sizeof(std::int32_t);
    return Payload{
        {bytes}, {{reinterpret_cast<const std::byte*>(values->data()), bytes, false}}, values};
  };
  return results;
}

inline std::vector<double> read_numbers(Archive& archive, std::uint64_t begin,
                                        std::uint64_t count) {
  std::vector<double> values;
  for (std::uint64_t index = begin; index < begin + count; ++index) {
    const auto place = archive.find(key_of(index));
    if (!place || place->failed) continue;
    double value = 0;
    archive.read_fixed(place->table, place->row, 1, std::as_writable_bytes(std::span(&value, 1)));
    values.push_back(value);
  }
  return values;
}

inline std::vector<std::int32_t> read_list(Archive& archive, std::uint64_t key) {
  const auto place = archive.find(key_of(key));
  if (!place) return {};
  const std::uint64_t bytes = archive.row_bytes(place->table, place->row, 1).front();
  std::vector<std::int32_t> values(bytes / sizeof(std::int32_t));
  archive.read_varying(place->table, place->row, std::as_writable_bytes(std::span(values)));
  return values;
}

/// Copies the folder as a kill at this moment would leave it, without the lock.
inline void copy_as_killed(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  std::filesystem::remove(to / "lock");
}

}  // namespace tutti::journal::test

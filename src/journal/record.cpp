#include "journal/record.hpp"

#include "tutti/error.hpp"

#include <algorithm>
#include <cstddef>

namespace tutti::journal {
namespace {

enum class Kind : std::uint8_t { definition = 1, results = 2, failure = 3 };

[[noreturn]] void throw_bad(const char* what) { throw Error(ErrorCode::corrupt_data, what); }

Definition decode_definition(Reader& reader) {
  Definition definition;
  definition.number = reader.value<std::uint32_t>();
  Series& series = definition.series;
  series.name = reader.text();
  series.version = reader.text();
  series.function = reader.text();
  series.result_type = reader.text();
  series.build = reader.text();
  const auto type = reader.value<std::uint8_t>();
  series.layout.count = reader.count();
  series.layout.type = static_cast<hdf5::ElementType>(type);
  const bool known = type <= static_cast<std::uint8_t>(hdf5::ElementType::float64) ||
                     (series.layout.type == hdf5::ElementType::other && series.layout.count == 0);
  if (!known || series.layout.count > UINT32_MAX)
    throw_bad("a series of the journal has an unknown layout");
  reader.expect_end();
  return definition;
}

/// The bytes are checked against the layout by whoever knows it.
Results decode_results(Reader& reader) {
  Results results;
  results.series = reader.value<std::uint32_t>();
  results.first_index = reader.count();
  reader.value(results.circumstances.submitted_ns);
  reader.value(results.circumstances.finished_ns);
  reader.value(results.circumstances.rank);
  results.keys.resize(reader.count_of(sizeof(base::ContentHash)));
  reader.raw(results.keys.data(), results.keys.size() * sizeof(base::ContentHash));
  results.row_bytes.resize(reader.count_of(sizeof(std::uint64_t)));
  reader.raw(results.row_bytes.data(), results.row_bytes.size() * sizeof(std::uint64_t));
  if (!results.row_bytes.empty() && results.row_bytes.size() != results.keys.size())
    throw_bad("results of the journal have more lengths than keys, or fewer");
  results.bytes = reader.view(reader.remaining());
  return results;
}

Failure decode_failure(Reader& reader) {
  Failure failure;
  failure.series = reader.value<std::uint32_t>();
  failure.index = reader.count();
  reader.value(failure.circumstances.submitted_ns);
  reader.value(failure.circumstances.finished_ns);
  reader.value(failure.circumstances.rank);
  reader.value(failure.key);
  failure.type = reader.text();
  failure.message = reader.text();
  reader.expect_end();
  return failure;
}

void put(Writer& writer, const Circumstances& circumstances) {
  writer.value(circumstances.submitted_ns);
  writer.value(circumstances.finished_ns);
  writer.value(circumstances.rank);
}

}  // namespace

bool Results::operator==(const Results& other) const {
  return series == other.series && first_index == other.first_index &&
         circumstances == other.circumstances && keys == other.keys &&
         row_bytes == other.row_bytes && std::ranges::equal(bytes, other.bytes);
}

void encode(Writer& writer, const Definition& definition) {
  const Series& series = definition.series;
  writer.value(Kind::definition);
  writer.value(definition.number);
  writer.text(series.name);
  writer.text(series.version);
  writer.text(series.function);
  writer.text(series.result_type);
  writer.text(series.build);
  writer.value(static_cast<std::uint8_t>(series.layout.type));
  writer.count(series.layout.count);
}

void encode(Writer& writer, const Results& results) {
  writer.value(Kind::results);
  writer.value(results.series);
  writer.count(results.first_index);
  put(writer, results.circumstances);
  writer.count(results.keys.size());
  writer.raw(results.keys.data(), results.keys.size() * sizeof(base::ContentHash));
  writer.count(results.row_bytes.size());
  writer.raw(results.row_bytes.data(), results.row_bytes.size() * sizeof(std::uint64_t));
}

void encode(Writer& writer, const Failure& failure) {
  writer.value(Kind::failure);
  writer.value(failure.series);
  writer.count(failure.index);
  put(writer, failure.circumstances);
  writer.value(failure.key);
  writer.text(failure.type);
  writer.text(failure.message);
}

Record decode(std::span<const std::byte> payload) {
  Reader reader(payload);
  switch (reader.value<Kind>()) {
    case Kind::definition:
      return decode_definition(reader);
    case Kind::results:
      return decode_results(reader);
    case Kind::failure:
      return decode_failure(reader);
  }
  throw_bad("a record of the journal is of an unknown kind");
}

}  // namespace tutti::journal

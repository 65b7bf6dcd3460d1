#include "journal/part.hpp"

#include "journal/checksum.hpp"
#include "tutti/check.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace tutti::journal {
namespace {

using hdf5::Box;
using hdf5::ElementType;
using hdf5::Shape;

constexpr const char* format_attribute = "tutti_journal_part";
constexpr std::int64_t format_version = 1;
constexpr const char* sequences_name = "sequences";
constexpr const char* segments_name = "segments";
constexpr const char* checksum_attribute = "xxh3";
/// What is read of a dataset at a time, in bytes.
constexpr std::uint64_t read_bytes = 8 << 20;

std::string hexadecimal(std::uint64_t number) {
  char digits[16];
  const auto result = std::to_chars(digits, digits + sizeof digits, number, 16);
  return {digits, result.ptr};
}

[[noreturn]] void throw_bad(const std::filesystem::path& path, const std::string& why) {
  throw Error(ErrorCode::corrupt_data, "'" + path.string() + "' is no part of a journal: " + why +
                                           "; `tutti journal verify` tells what is left");
}

/// Elements of a row, as a shape without its first length.
Shape row_shape(const Shape& shape) { return Shape(shape.begin() + 1, shape.end()); }
std::uint64_t product(const Shape& shape) {
  std::uint64_t result = 1;
  for (const std::uint64_t each : shape) result *= each;
  return result;
}
/// Rows [row, row + count) of a dataset.
Box rows_of(const Shape& shape, std::uint64_t row, std::uint64_t count) {
  Box box{Shape(shape.size(), 0), shape};
  box.offset.front() = row;
  box.count.front() = count;
  return box;
}

/// Writes a dataset from its first row to its last, and notes the checksum of all.
class ColumnWriter {
 public:
  ColumnWriter(hdf5::File& file, const std::string& name, ElementType type, const Shape& shape)
      : dataset_(file.create_dataset(name, type, shape)),
        shape_(shape),
        bytes_each_(product(row_shape(shape)) * hdf5::size_of(type)) {}

  void add(std::span<const std::byte> rows) {
    checksum_.add(rows);
    if (rows.size() >= gathered_bytes_max / 4) {
      flush();
      write(rows);
      return;
    }
    gathered_.raw(rows.data(), rows.size());
    if (gathered_.size() >= gathered_bytes_max) flush();
  }
  template <class T>
  void add_values(std::span<const T> values) {
    add(std::as_bytes(values));
  }
  void finish() {
    flush();
    check(row_ == shape_.front(), "a column of a part gets all of its rows");
    dataset_.attributes().set(checksum_attribute, hexadecimal(checksum_.value()));
  }

 private:
  static constexpr std::size_t gathered_bytes_max = 4 << 20;

  void flush() {
    write(gathered_.bytes());
    gathered_.clear();
  }
  void write(std::span<const std::byte> rows) {
    if (rows.empty()) return;
    const std::uint64_t count = rows.size() / bytes_each_;
    dataset_.write_raw(rows_of(shape_, row_, count), rows);
    row_ += count;
  }

  hdf5::Dataset dataset_;
  Shape shape_;
  std::uint64_t bytes_each_;
  std::uint64_t row_ = 0;
  Writer gathered_;
  Checksum checksum_;
};

double seconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) * 1e-9; }

/// All blocks of one series.
class SeriesWriter {
 public:
  SeriesWriter(hdf5::File& file, const Series& series, std::string group,
               std::vector<const Block*> blocks)
      : file_(file), layout_(series.layout), blocks_(std::move(blocks)) {
    summary_.series = series;
    summary_.group = std::move(group);
    for (const Block* block : blocks_) {
      summary_.rows += block->keys.size();
      if (block->failure) ++summary_.failures;
      for (const std::uint64_t bytes : block->row_bytes)
        summary_.numbers += bytes / hdf5::size_of(layout_.type);
    }
  }

  PartSeries write() {
    describe(file_.group_attributes(summary_.group), summary_.series);
    each_row<base::ContentHash>(
        column::key, [](const Block& block, std::uint64_t row) { return block.keys[row]; });
    each_row<std::uint64_t>(column::index, [](const Block& block, std::uint64_t row) {
      return block.first_index + row;
    });
    each_row<std::uint8_t>(column::status, [](const Block& block, std::uint64_t) {
      return block.failure ? status_failed : status_finished;
    });
    each_row<double>(column::submitted, [](const Block& block, std::uint64_t) {
      return seconds(block.circumstances.submitted_ns);
    });
    each_row<double>(column::finished, [](const Block& block, std::uint64_t) {
      return seconds(block.circumstances.finished_ns);
    });
    each_row<std::int32_t>(
        column::rank, [](const Block& block, std::uint64_t) { return block.circumstances.rank; });
    each_row<std::uint64_t>(column::sequence, [](const Block& block, std::uint64_t row) {
      return block.sequence + row;
    });
    if (layout_.has_results()) layout_.count != 0 ? write_fixed() : write_varying();
    if (summary_.failures != 0) write_failures();
    return summary_;
  }

 private:
  ColumnWriter column(const char* name) {
    return {file_, summary_.group + "/" + name, column_type(name, layout_),
            column_shape(name, layout_, summary_.rows)};
  }
  template <class T, class Value>
  void each_row(const char* name, Value value) {
    ColumnWriter writer = column(name);
    std::vector<T> values;
    for (const Block* block : blocks_) {
      values.clear();
      for (std::uint64_t row = 0; row < block->keys.size(); ++row)
        values.push_back(value(*block, row));
      writer.add_values(std::span<const T>(values));
    }
    writer.finish();
  }
  static void add_pieces(ColumnWriter& writer, const Block& block) {
    for (const ConstBuffer& piece : block.pieces) writer.add({piece.data, piece.size});
  }
  void write_fixed() {
    // Failed rows are not-a-number where there is one, else zero.
    const bool floating =
        layout_.type == ElementType::float32 || layout_.type == ElementType::float64;
    const std::vector<std::byte> none(layout_.row_bytes(), std::byte(floating ? 0xff : 0));
    ColumnWriter writer = column(column::result);
    for (const Block* block : blocks_)
      block->failure ? writer.add(none) : add_pieces(writer, *block);
    writer.finish();
  }
  void write_varying() {
    const std::uint64_t size = hdf5::size_of(layout_.type);
    each_row<std::uint64_t>(column::result_count, [size](const Block& block, std::uint64_t row) {
      return block.failure ? 0 : block.row_bytes[row] / size;
    });
    ColumnWriter writer(file_, summary_.group + "/" + column::values, layout_.type,
                        {summary_.numbers});
    for (const Block* block : blocks_) add_pieces(writer, *block);
    writer.finish();
  }
  void write_failures() {
    std::vector<std::uint64_t> rows;
    std::vector<std::string> types;
    std::vector<std::string> messages;
    std::uint64_t row = 0;
    for (const Block* block : blocks_) {
      if (block->failure) {
        rows.push_back(row);
        types.push_back(block->failure->type);
        messages.push_back(block->failure->message);
      }
      row += block->keys.size();
    }
    ColumnWriter writer(file_, summary_.group + "/" + column::failed_row, ElementType::uint64,
                        {rows.size()});
    writer.add_values(std::span<const std::uint64_t>(rows));
    writer.finish();
    file_.create_texts(summary_.group + "/" + column::failure_type, types);
    file_.create_texts(summary_.group + "/" + column::failure_message, messages);
  }

  hdf5::File& file_;
  Layout layout_;
  std::vector<const Block*> blocks_;
  PartSeries summary_;
};

std::vector<SequenceRange> ranges_of(std::span<const Block> blocks) {
  std::vector<SequenceRange> all;
  for (const Block& block : blocks) all.push_back({block.sequence, block.keys.size()});
  std::ranges::sort(all, {}, &SequenceRange::first);
  std::vector<SequenceRange> merged;
  for (const SequenceRange& each : all) {
    if (!merged.empty() && merged.back().first + merged.back().count == each.first) {
      merged.back().count += each.count;
    } else {
      merged.push_back(each);
    }
  }
  return merged;
}

void write_list(hdf5::File& file, const std::string& name, std::uint64_t columns,
                std::span<const std::uint64_t> numbers) {
  ColumnWriter writer(file, name, ElementType::uint64, {numbers.size() / columns, columns});
  writer.add_values(numbers);
  writer.finish();
}

}  // namespace

std::vector<std::string> row_columns(const Layout& layout) {
  std::vector<std::string> names{column::key,       column::index,    column::status,
                                 column::submitted, column::finished, column::rank,
                                 column::sequence};
  if (layout.has_results())
    names.emplace_back(layout.count != 0 ? column::result : column::result_count);
  return names;
}

ElementType column_type(const std::string& name, const Layout& layout) {
  if (name == column::result || name == column::values) return layout.type;
  if (name == column::status) return ElementType::uint8;
  if (name == column::rank) return ElementType::int32;
  if (name == column::submitted || name == column::finished) return ElementType::float64;
  return ElementType::uint64;
}

Shape column_shape(const std::string& name, const Layout& layout, std::uint64_t rows) {
  if (name == column::key) return {rows, 2};
  if (name == column::result && layout.count > 1) return {rows, layout.count};
  return {rows};
}

void describe(hdf5::Attributes attributes, const Series& series) {
  attributes.set("name", series.name);
  attributes.set("version", series.version);
  attributes.set("function", series.function);
  attributes.set("result_type", series.result_type);
  attributes.set("build", series.build);
  attributes.set("number_type", hdf5::name_of(series.layout.type));
  attributes.set("numbers_each", series.layout.count);
}

PartSummary write_part(const std::filesystem::path& path, std::span<const Series> series,
                       std::span<const Block> blocks, std::span<const std::uint64_t> segments) {
  std::vector<std::vector<const Block*>> by_series(series.size());
  for (const Block& block : blocks) by_series.at(block.series).push_back(&block);
  PartSummary summary;
  summary.sequences = ranges_of(blocks);
  summary.segments.assign(segments.begin(), segments.end());
  hdf5::File file = hdf5::File::create(path);
  file.attributes().set(format_attribute, format_version);
  for (std::size_t number = 0; number < series.size(); ++number) {
    if (by_series[number].empty()) continue;
    SeriesWriter writer(file, series[number], std::to_string(number), std::move(by_series[number]));
    summary.series.push_back(writer.write());
  }
  std::vector<std::uint64_t> numbers;
  for (const SequenceRange& each : summary.sequences)
    numbers.insert(numbers.end(), {each.first, each.count});
  write_list(file, sequences_name, 2, numbers);
  write_list(file, segments_name, 1, segments);
  file.close();
  return summary;
}

// ---- reading

namespace {

ElementType type_named(const std::string& name) {
  for (int type = 0; type <= static_cast<int>(ElementType::other); ++type) {
    if (hdf5::name_of(static_cast<ElementType>(type)) == name)
      return static_cast<ElementType>(type);
  }
  return ElementType::other;
}

Series read_series(const hdf5::Attributes& attributes) {
  const auto text = [&](const char* name) { return attributes.find_string(name).value_or(""); };
  Series series{text("name"),        text("version"), text("function"),
                text("result_type"), text("build"),   {}};
  series.layout.type = type_named(text("number_type"));
  series.layout.count =
      static_cast<std::uint64_t>(attributes.find_integer("numbers_each").value_or(0));
  return series;
}

}  // namespace

Part::Part(const std::filesystem::path& path, std::uint64_t number)
    : path_(path), file_(hdf5::File::open(path)) {
  if (file_.attributes().find_integer(format_attribute) != format_version)
    throw_bad(path, "it has no attribute " + std::string(format_attribute) + " of 1");
  summary_.number = number;
  const std::vector<std::uint64_t> sequences = file_.dataset(sequences_name).read<std::uint64_t>();
  for (std::size_t at = 0; at + 1 < sequences.size(); at += 2)
    summary_.sequences.push_back({sequences[at], sequences[at + 1]});
  summary_.segments = file_.dataset(segments_name).read<std::uint64_t>();
  const std::string ending = std::string("/") + column::status;
  for (const std::string& name : file_.dataset_names()) {
    if (!name.ends_with(ending)) continue;
    PartSeries series;
    series.group = name.substr(0, name.size() - ending.size());
    series.series = read_series(file_.group_attributes(series.group));
    series.rows = file_.dataset(name).element_count();
    const std::string before = series.group + "/";
    if (file_.contains(before + column::failed_row))
      series.failures = file_.dataset(before + column::failed_row).element_count();
    if (series.series.layout.has_results() && series.series.layout.count == 0)
      series.numbers = file_.dataset(before + column::values).element_count();
    summary_.series.push_back(std::move(series));
  }
  // In the order in which they were written, not in that of their names.
  std::ranges::stable_sort(summary_.series, {},
                           [](const PartSeries& each) { return std::stoull(each.group); });
}

std::string Part::name_of(std::size_t series, const char* column) const {
  return summary_.series[series].group + "/" + column;
}

std::vector<base::ContentHash> Part::keys(std::size_t series) const {
  const hdf5::Dataset dataset = file_.dataset(name_of(series, column::key));
  std::vector<base::ContentHash> keys(summary_.series[series].rows);
  if (dataset.shape() != Shape{keys.size(), 2}) throw_bad(path_, "its keys have another shape");
  dataset.read_raw(std::as_writable_bytes(std::span(keys)),
                   rows_of(dataset.shape(), 0, keys.size()));
  return keys;
}

std::vector<std::uint8_t> Part::statuses(std::size_t series) const {
  return file_.dataset(name_of(series, column::status)).read<std::uint8_t>();
}

std::vector<std::uint64_t> Part::counts(std::size_t series) const {
  return file_.dataset(name_of(series, column::result_count)).read<std::uint64_t>();
}

void Part::read_rows(std::size_t series, std::uint64_t row, std::uint64_t count,
                     std::span<std::byte> bytes) const {
  const hdf5::Dataset dataset = file_.dataset(name_of(series, column::result));
  dataset.read_raw(bytes, rows_of(dataset.shape(), row, count));
}

void Part::read_values(std::size_t series, std::uint64_t first, std::span<std::byte> bytes) const {
  if (bytes.empty()) return;
  const hdf5::Dataset dataset = file_.dataset(name_of(series, column::values));
  const std::uint64_t count = bytes.size() / hdf5::size_of(dataset.element_type());
  dataset.read_raw(bytes, {{first}, {count}});
}

std::map<std::uint64_t, Failure> Part::failures(std::size_t series) const {
  std::map<std::uint64_t, Failure> failures;
  if (summary_.series[series].failures == 0) return failures;
  const auto rows = file_.dataset(name_of(series, column::failed_row)).read<std::uint64_t>();
  const auto types = file_.dataset(name_of(series, column::failure_type)).read_texts();
  const auto messages = file_.dataset(name_of(series, column::failure_message)).read_texts();
  if (types.size() != rows.size() || messages.size() != rows.size())
    throw_bad(path_, "its failures are not all described");
  for (std::size_t each = 0; each < rows.size(); ++each) {
    Failure& failure = failures[rows[each]];
    failure.type = types[each];
    failure.message = messages[each];
  }
  return failures;
}

std::pair<double, double> Part::times(std::size_t series) const {
  if (summary_.series[series].rows == 0) return {};
  const auto submitted = file_.dataset(name_of(series, column::submitted)).read<double>();
  const auto finished = file_.dataset(name_of(series, column::finished)).read<double>();
  return {*std::ranges::min_element(submitted), *std::ranges::max_element(finished)};
}

std::vector<std::string> Part::verify() const {
  std::vector<std::string> sentences;
  std::vector<std::byte> bytes;
  for (const std::string& name : file_.dataset_names()) {
    const hdf5::Dataset dataset = file_.dataset(name);
    if (hdf5::size_of(dataset.element_type()) == 0) continue;
    const std::uint64_t each =
        product(row_shape(dataset.shape())) * hdf5::size_of(dataset.element_type());
    const std::uint64_t rows = dataset.shape().front();
    const std::uint64_t step =
        std::max<std::uint64_t>(1, read_bytes / std::max<std::uint64_t>(1, each));
    Checksum checksum;
    for (std::uint64_t row = 0; row < rows; row += step) {
      const std::uint64_t count = std::min(step, rows - row);
      bytes.resize(count * each);
      dataset.read_raw(bytes, rows_of(dataset.shape(), row, count));
      checksum.add(bytes);
    }
    if (dataset.attributes().find_string(checksum_attribute) != hexadecimal(checksum.value()))
      sentences.push_back("'" + path_.string() + "': the contents of '" + name +
                          "' are not those that were written");
  }
  return sentences;
}

}  // namespace tutti::journal

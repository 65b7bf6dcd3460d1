#include "journal/view.hpp"

#include "journal/disk.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <tuple>
#include <utility>

namespace tutti::journal {
namespace {

/// What is copied of a dataset at a time, in bytes.
constexpr std::uint64_t copy_bytes = 16 << 20;

/// A name as one step of a path in a file.
std::string group_name(const Series& series) {
  std::string name = series.name;
  if (!series.version.empty()) name += "@" + series.version;
  std::ranges::replace(name, '/', '_');
  if (name.empty() || name == "." || name == "..") name += "_";
  return name;
}

bool is_same_work(const Series& left, const Series& right) {
  return std::tie(left.name, left.version, left.result_type, left.layout) ==
         std::tie(right.name, right.version, right.result_type, right.layout);
}

/// A column of all sources: its name, type and shape, and how many rows each source has of it.
struct Column {
  std::string name;
  hdf5::ElementType type;
  hdf5::Shape shape;
  std::vector<std::uint64_t> rows;
};

std::vector<Column> columns_of(const SeriesInParts& all) {
  const Layout& layout = all.series.layout;
  std::vector<Column> columns;
  for (const std::string& name : row_columns(layout)) {
    Column column{name, column_type(name, layout), column_shape(name, layout, all.rows), {}};
    for (const auto& source : all.sources) column.rows.push_back(source.rows);
    columns.push_back(std::move(column));
  }
  if (layout.has_results() && layout.count == 0) {
    Column column{column::values, layout.type, {all.numbers}, {}};
    for (const auto& source : all.sources) column.rows.push_back(source.numbers);
    columns.push_back(std::move(column));
  }
  return columns;
}

/// Failures are few: they are copied, as their rows are others here.
void write_failures(hdf5::File& file, const Paths& paths, const SeriesInParts& all) {
  if (all.failures == 0) return;
  std::vector<std::uint64_t> rows;
  std::vector<std::string> types;
  std::vector<std::string> messages;
  std::uint64_t first = 0;
  for (const auto& source : all.sources) {
    if (source.failures != 0) {
      const Part part(paths.part(source.part), source.part);
      for (const auto& [row, failure] : part.failures(source.position)) {
        rows.push_back(first + row);
        types.push_back(failure.type);
        messages.push_back(failure.message);
      }
    }
    first += source.rows;
  }
  file.create_dataset<std::uint64_t>(all.group + "/" + column::failed_row, {rows.size()})
      .write(rows);
  file.create_texts(all.group + "/" + column::failure_type, types);
  file.create_texts(all.group + "/" + column::failure_message, messages);
}

void show_column(hdf5::File& file, const Paths& paths, const SeriesInParts& all,
                 const Column& column) {
  std::vector<hdf5::VirtualPart> parts;
  for (std::size_t number = 0; number < all.sources.size(); ++number) {
    const auto& source = all.sources[number];
    parts.push_back({paths.part_seen_from_view(source.part), source.group + "/" + column.name,
                     column.rows[number]});
  }
  (void)file.create_virtual(all.group + "/" + column.name, column.type, column.shape, parts);
}

void copy_column(hdf5::File& file, const Paths& paths, const SeriesInParts& all,
                 const Column& column) {
  hdf5::Dataset target =
      file.create_dataset(all.group + "/" + column.name, column.type, column.shape);
  hdf5::Box from{hdf5::Shape(column.shape.size(), 0), column.shape};
  hdf5::Box to = from;
  std::uint64_t row_bytes = hdf5::size_of(column.type);
  for (std::size_t d = 1; d < column.shape.size(); ++d) row_bytes *= column.shape[d];
  const std::uint64_t step = std::max<std::uint64_t>(1, copy_bytes / row_bytes);
  std::vector<std::byte> bytes;
  std::uint64_t first = 0;
  for (std::size_t number = 0; number < all.sources.size(); ++number) {
    const auto& source = all.sources[number];
    const hdf5::File part = hdf5::File::open(paths.part(source.part));
    const hdf5::Dataset dataset = part.dataset(source.group + "/" + column.name);
    for (std::uint64_t row = 0; row < column.rows[number]; row += step) {
      from.offset.front() = row;
      to.offset.front() = first + row;
      from.count.front() = to.count.front() = std::min(step, column.rows[number] - row);
      bytes.resize(from.count.front() * row_bytes);
      dataset.read_raw(bytes, from);
      target.write_raw(to, bytes);
    }
    first += column.rows[number];
  }
}

template <class WriteColumn>
void write_all(hdf5::File& file, const Paths& paths, std::span<const PartSummary> parts,
               WriteColumn write_column) {
  for (const SeriesInParts& all : gather_series(parts)) {
    describe(file.group_attributes(all.group), all.series);
    for (const Column& column : columns_of(all)) write_column(file, paths, all, column);
    write_failures(file, paths, all);
  }
  file.close();
}

}  // namespace

std::vector<SeriesInParts> gather_series(std::span<const PartSummary> parts) {
  std::vector<SeriesInParts> all;
  std::set<std::string> groups;
  for (const PartSummary& part : parts) {
    for (std::size_t position = 0; position < part.series.size(); ++position) {
      const PartSeries& each = part.series[position];
      auto known = std::ranges::find_if(
          all, [&](const SeriesInParts& other) { return is_same_work(other.series, each.series); });
      if (known == all.end()) {
        SeriesInParts entry;
        const std::string name = group_name(each.series);
        entry.group = name;
        for (int number = 2; !groups.insert(entry.group).second; ++number)
          entry.group = name + " (" + std::to_string(number) + ")";
        all.push_back(std::move(entry));
        known = all.end() - 1;
      }
      known->series = each.series;
      known->sources.push_back(
          {part.number, position, each.group, each.rows, each.failures, each.numbers});
      known->rows += each.rows;
      known->failures += each.failures;
      known->numbers += each.numbers;
    }
  }
  return all;
}

void write_view(const Paths& paths, std::span<const PartSummary> parts) {
  const std::filesystem::path unfinished = paths.unfinished_view();
  hdf5::File file = hdf5::File::create(unfinished);
  write_all(file, paths, parts, show_column);
  put_in_place(unfinished, paths.view());
}

void export_plain(const Paths& paths, std::span<const PartSummary> parts,
                  const std::filesystem::path& to) {
  hdf5::File file = hdf5::File::create(to);
  write_all(file, paths, parts, copy_column);
}

}  // namespace tutti::journal

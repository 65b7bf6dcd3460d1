#include "client/journal_values.hpp"

#include "tutti/check.hpp"
#include "tutti/error.hpp"

#include <cstring>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

namespace tutti::client_module {
namespace {

using detail::NumberForm;
using detail::ValueOps;
using detail::ValuePtr;
using journal::Payload;
using Kind = NumberForm::Kind;

/// What stands before elements in a slice: where it begins, how many there are, how many failed.
constexpr std::size_t head_bytes = 3 * sizeof(std::uint64_t);
/// The word before a buffer that is not in the stream.
constexpr std::uint64_t outside_word(std::uint64_t bytes) { return (bytes << 1) | 1; }

struct Kept {
  ValuePtr value;
  Bytes bytes;
};

Payload one_piece(std::shared_ptr<Kept> kept, std::span<const std::byte> bytes, bool varies) {
  Payload payload;
  if (varies) payload.row_bytes.push_back(bytes.size());
  if (!bytes.empty()) payload.pieces.push_back({bytes.data(), bytes.size(), false});
  payload.owner = std::move(kept);
  return payload;
}

/// A list as it is written when every buffer goes out of the stream.
std::span<const std::byte> list_in(const Writer& writer) {
  if (writer.buffers().empty()) return {};
  return {writer.buffers().front().data, writer.buffers().front().size};
}

ValuePtr finished(const ValueOps& ops, Reader& reader) {
  ValuePtr value(ops.read(reader));
  reader.expect_end();
  return value;
}

[[noreturn]] void throw_other_form(const ValueOps& ops) {
  throw Error(ErrorCode::corrupt_data, "a result in the journal is of another form than " +
                                           ops.type_name() + " has; give the work another version");
}

/// The results of rows, one behind the other.
struct Rows {
  std::vector<std::uint64_t> bytes_each;
  Bytes bytes;
};

Rows read_varying(journal::Archive& archive, std::uint32_t table, std::uint64_t row,
                  std::uint64_t count) {
  Rows rows;
  rows.bytes_each = archive.row_bytes(table, row, count);
  rows.bytes.resize(
      std::accumulate(rows.bytes_each.begin(), rows.bytes_each.end(), std::uint64_t{0}));
  archive.read_varying(table, row, {rows.bytes.data(), rows.bytes.size()});
  return rows;
}

}  // namespace

journal::Layout layout_of(const ValueOps* result) {
  if (result == nullptr) return {hdf5::ElementType::other, 0};
  return {result->form.type, result->form.count};
}

Payload payload_of(const ValuePtr& given) {
  auto kept = std::make_shared<Kept>();
  kept->value = given;
  if (&given->ops() == &detail::SerializedValue::shared_ops)
    kept->value = static_cast<const detail::SerializedValue&>(*given).read();
  const ValueOps& ops = kept->value->ops();
  const bool is_list = ops.form.kind == Kind::list;
  Writer writer(is_list ? 1 : Writer::all_inline);
  ops.write(*kept->value, writer);
  if (is_list) return one_piece(kept, list_in(writer), true);
  kept->bytes = writer.take();
  const bool varies = ops.form.kind == Kind::stream;
  return one_piece(kept, kept->bytes.span(), varies);
}

Payload payload_of(const ValueOps& ops, Bytes stream) {
  auto kept = std::make_shared<Kept>();
  kept->bytes = std::move(stream);
  std::span<const std::byte> bytes = kept->bytes.span();
  if (ops.form.kind == Kind::list) {
    check(bytes.size() >= sizeof(std::uint64_t), "a list has a length");
    bytes = bytes.subspan(sizeof(std::uint64_t));
  }
  return one_piece(kept, bytes, ops.form.kind != Kind::fixed);
}

Payload payload_of(const ValuePtr& stretch, std::uint64_t begin, std::uint64_t count) {
  auto kept = std::make_shared<Kept>();
  kept->value = stretch;
  const ValueOps& ops = stretch->ops();
  Payload payload;
  if (ops.form.kind == Kind::fixed && ops.form.is_plain) {
    Writer writer(1);
    ops.write_slice(*stretch, begin, count, writer);
    const std::span<const std::byte> all = list_in(writer);
    return one_piece(kept, all, false);
  }
  const bool is_list = ops.form.kind == Kind::list;
  Writer writer(is_list ? 1 : Writer::all_inline);
  Writer streams;
  for (std::uint64_t index = begin; index < begin + count; ++index) {
    writer.clear();
    ops.write_slice(*stretch, index, 1, writer);
    if (is_list) {
      const std::span<const std::byte> list = list_in(writer);
      payload.row_bytes.push_back(list.size());
      if (!list.empty()) payload.pieces.push_back({list.data(), list.size(), false});
    } else {
      const auto stream = writer.bytes().subspan(head_bytes);
      if (ops.form.kind == Kind::stream) payload.row_bytes.push_back(stream.size());
      streams.raw(stream.data(), stream.size());
    }
  }
  if (streams.size() != 0) {
    kept->bytes = streams.take();
    payload.pieces.push_back({kept->bytes.data(), kept->bytes.size(), false});
  }
  payload.owner = std::move(kept);
  return payload;
}

ValuePtr read_stretch(journal::Archive& archive, const detail::FunctionOps& function,
                      std::uint32_t table, std::uint64_t row, std::uint64_t begin,
                      std::uint64_t count) {
  const ValueOps& ops = *function.results;
  if (archive.series(table).layout != layout_of(function.result)) throw_other_form(ops);
  Writer stream;
  stream.count(begin);
  stream.count(count);
  stream.count(0);
  std::vector<std::uint64_t> outside;
  if (ops.form.kind == Kind::fixed && ops.form.is_plain) {
    // From the file into its place.
    outside.push_back(count * archive.series(table).layout.row_bytes());
    stream.count(outside_word(outside.front()));
    Reader reader(stream.bytes(), outside);
    ValuePtr value = finished(ops, reader);
    const MutableBuffer place = reader.destinations().front();
    archive.read_fixed(table, row, count, {place.data, place.size});
    return value;
  }
  if (ops.form.kind == Kind::fixed) {
    Bytes bytes(count * archive.series(table).layout.row_bytes());
    archive.read_fixed(table, row, count, {bytes.data(), bytes.size()});
    stream.raw(bytes.data(), bytes.size());
    Reader reader(stream.bytes());
    return finished(ops, reader);
  }
  const Rows rows = read_varying(archive, table, row, count);
  const std::byte* from = rows.bytes.data();
  for (const std::uint64_t bytes : rows.bytes_each) {
    if (ops.form.kind == Kind::list) {
      stream.count(bytes == 0 ? 0 : outside_word(bytes));
      if (bytes != 0) outside.push_back(bytes);
    } else {
      stream.raw(from, bytes);
      from += bytes;
    }
  }
  Reader reader(stream.bytes(), outside);
  ValuePtr value = finished(ops, reader);
  for (const MutableBuffer& place : reader.destinations()) {
    std::memcpy(place.data, from, place.size);
    from += place.size;
  }
  return value;
}

ValuePtr joined(const ValueOps& ops, std::uint64_t total, std::span<const ValuePtr> stretches,
                std::span<const std::uint64_t> failed) {
  Writer all;
  all.count(0);
  all.count(total);
  all.count(failed.size());
  for (const std::uint64_t index : failed) all.count(index);
  const std::size_t length_at = all.size();
  if (ops.form.is_plain) all.count(0);
  const std::size_t begin = all.size();
  for (const ValuePtr& stretch : stretches) {
    const auto& elements = static_cast<const detail::ElementsBase&>(*stretch);
    Writer writer(ops.form.is_plain ? 1 : Writer::all_inline);
    ops.write(*stretch, writer);
    const std::span<const std::byte> bytes =
        ops.form.is_plain
            ? list_in(writer)
            : writer.bytes().subspan(head_bytes + elements.failed.size() * sizeof(std::uint64_t));
    all.raw(bytes.data(), bytes.size());
  }
  if (ops.form.is_plain) all.patch(length_at, static_cast<std::uint64_t>(all.size() - begin) << 1);
  Reader reader(all.bytes());
  return finished(ops, reader);
}

ValuePtr read_result(journal::Archive& archive, const ValueOps& ops, std::uint32_t table,
                     std::uint64_t row) {
  if (archive.series(table).layout != layout_of(&ops)) throw_other_form(ops);
  if (ops.form.kind == Kind::fixed) {
    Bytes bytes(archive.series(table).layout.row_bytes());
    archive.read_fixed(table, row, 1, {bytes.data(), bytes.size()});
    Reader reader(bytes.span());
    return finished(ops, reader);
  }
  if (ops.form.kind == Kind::stream) {
    const Rows rows = read_varying(archive, table, row, 1);
    Reader reader(rows.bytes.span());
    return finished(ops, reader);
  }
  const std::vector<std::uint64_t> bytes = archive.row_bytes(table, row, 1);
  Writer stream;
  stream.count(bytes.front() == 0 ? 0 : outside_word(bytes.front()));
  Reader reader(stream.bytes(), bytes);
  ValuePtr value = finished(ops, reader);
  if (bytes.front() != 0) {
    const MutableBuffer place = reader.destinations().front();
    archive.read_varying(table, row, {place.data, place.size});
  }
  return value;
}

}  // namespace tutti::client_module

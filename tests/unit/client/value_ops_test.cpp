#include "tutti/detail/value_ops.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using tutti::Bytes;
using tutti::Error;
using tutti::Reader;
using tutti::Writer;
using tutti::detail::holds_type;
using tutti::detail::make_value;
using tutti::detail::SerializedValue;
using tutti::detail::type_name;
using tutti::detail::value_cast;
using tutti::detail::value_ops;
using tutti::detail::ValuePtr;

struct MoveOnly {
  explicit MoveOnly(int start) : number(std::make_unique<int>(start)) {}
  std::unique_ptr<int> number;
  std::mutex* lock = nullptr;
};

struct NoDefault {
  explicit NoDefault(int start) : number(start) {}
  int number;
};

/// What a rank keeps when it does not read the value at once.
ValuePtr serialize(const tutti::detail::Value& value, std::size_t threshold) {
  Writer writer(threshold);
  value.ops().write(value, writer);
  std::vector<Bytes> buffers;
  for (const auto& buffer : writer.buffers())
    buffers.push_back(Bytes::copy_of({buffer.data, buffer.size}));
  return ValuePtr(new SerializedValue(value.ops(), writer.take(), std::move(buffers)));
}

}  // namespace

TEST_CASE("a value is written and read through its table") {
  const auto value = make_value<std::vector<std::string>>(std::vector<std::string>{"a", "b"});
  const auto& ops = value->ops();
  CHECK(&ops == &value_ops<std::vector<std::string>>());
  CHECK(ops.nbytes(*value) == 2 * sizeof(std::string));
  CHECK_FALSE(ops.plain_bytes);
  Writer writer;
  ops.write(*value, writer);
  Reader reader(writer.bytes());
  const ValuePtr copy(ops.read(reader));
  CHECK(value_cast<std::vector<std::string>>(*copy) == std::vector<std::string>{"a", "b"});
  CHECK_FALSE(copy->is_shared());
}

TEST_CASE("plain values are marked and need no default constructor") {
  CHECK(value_ops<double>().plain_bytes);
  const auto value = make_value<NoDefault>(5);
  Writer writer;
  value->ops().write(*value, writer);
  Reader reader(writer.bytes());
  CHECK(value_cast<NoDefault>(*ValuePtr(value->ops().read(reader))).number == 5);
}

TEST_CASE("a value that cannot travel stays where it is") {
  const auto value = make_value<MoveOnly>(5);
  CHECK((value->ops().write == nullptr));
  CHECK((value->ops().read == nullptr));
  CHECK(*value_cast<MoveOnly>(*value).number == 5);
  CHECK(value->ops().nbytes(*value) >= sizeof(MoveOnly));
}

TEST_CASE("corrupt bytes leave no value behind") {
  const std::vector<std::byte> bytes(9, std::byte{0xff});
  Reader reader(bytes);
  CHECK_THROWS_AS(value_ops<std::vector<std::string>>().read(reader), Error);
}

TEST_CASE("a value knows its type") {
  const auto value = make_value<int>(1);
  CHECK(holds_type<int>(*value));
  CHECK_FALSE(holds_type<long>(*value));
  CHECK(value->ops().type_name() == "int");
}

TEST_CASE("the table of a type is a constant") {
  static_assert(std::is_same_v<decltype(value_ops<int>()), const tutti::detail::ValueOps&>);
  constexpr const auto* ops = &value_ops<int>();
  CHECK(ops == &value_ops<int>());
}

TEST_CASE("a value that was not read yet is written as it came") {
  using Table = std::map<std::string, std::vector<double>>;
  const auto value = make_value<Table>(
      Table{{"a", std::vector<double>(1000, 1.5)}, {"b", {2}}, {"c", std::vector<double>(600, 3)}});
  constexpr std::size_t threshold = 4096;
  const ValuePtr kept = serialize(*value, threshold);
  const auto& serialized = static_cast<const SerializedValue&>(*kept);
  REQUIRE(serialized.sizes == std::vector<std::uint64_t>{8000, 4800});
  CHECK(kept->ops().nbytes(*kept) > 12'800);

  const ValuePtr again = serialize(*kept, threshold);
  const auto& second = static_cast<const SerializedValue&>(*again);
  REQUIRE(second.bytes.size() == serialized.bytes.size());
  CHECK(std::memcmp(second.bytes.data(), serialized.bytes.data(), second.bytes.size()) == 0);
  CHECK(second.sizes == serialized.sizes);

  CHECK(value_cast<Table>(*serialized.read()) == value_cast<Table>(*value));
}

TEST_CASE("type names are readable") {
  CHECK(type_name<std::string>() == "std::string");
  CHECK(type_name<std::vector<std::string>>() == "std::vector<std::string>");
  CHECK(type_name<std::map<std::string, std::vector<int>>>() ==
        "std::map<std::string, std::vector<int>>");
  CHECK(type_name<std::unique_ptr<int>>() == "std::unique_ptr<int>");
  CHECK(tutti::detail::demangle("not mangled") == "not mangled");
}

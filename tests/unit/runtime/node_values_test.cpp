#include "runtime/node_values.hpp"

#include "tutti/boost.hpp"
#include "tutti/detail/elements.hpp"
#include "tutti/detail/value_ops.hpp"
#include "tutti/node_vector.hpp"

#include <boost/serialization/vector.hpp>
#include <doctest/doctest.h>

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace tutti::runtime {
namespace {

using detail::ValuePtr;
using Numbers = std::vector<double>;

constexpr std::size_t many = (std::size_t{1} << 20) / sizeof(double);

/// Two ranks of a node, of which the first has a value and the second reads it.
struct TwoRanks {
  TwoRanks() {
    std::string problem;
    auto first = node::NodeTable::create(2, problem);
    auto second = node::NodeTable::open(first->address(), 2, problem);
    REQUIRE(second != nullptr);
    a = std::make_unique<node::NodeStore>(std::move(first), 0, node::NodeLimits());
    b = std::make_unique<node::NodeStore>(std::move(second), 1, node::NodeLimits());
  }
  /// The value as the second rank reads it.
  ValuePtr pass(const detail::Value& value, bool shared = true) {
    Writer writer(4096);
    value.ops().write(value, writer);
    CHECK(is_worth_sharing(writer.buffers()) == shared);
    const auto there = copy_to_node(*a, writer.buffers());
    REQUIRE(there);
    announce(*a, *there, 1);
    std::string problem;
    const auto mapped = map_announced(
        *b, protocol::PackedList<protocol::BlockRef>(std::span(there->refs)), problem);
    REQUIRE_MESSAGE(mapped, problem);
    return read_on_node(value.ops(), writer.bytes(), sizes_of(writer.buffers()), *mapped);
  }
  template <class T>
  ValuePtr pass_object(const T& object, bool shared = true) {
    return pass(*detail::make_value<T>(object), shared);
  }
  bool on_node(const void* data) const { return b->find(data, 1).block != nullptr; }
  bool nothing_in_use() const {
    a->sweep();
    return a->figures().owned == 0 && b->figures().mapped == 0;
  }
  std::unique_ptr<node::NodeStore> a;
  std::unique_ptr<node::NodeStore> b;
};

struct Field {
  int number = 0;
  std::string name;
  Numbers values;
  std::vector<Numbers> rows;
  bool operator==(const Field&) const = default;
};

/// Reading the second one throws, when the first one has its buffer already.
struct Thrower {
  static inline bool throws = false;
  Numbers values;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    if (Archive::is_loading::value && throws) throw std::runtime_error("unreadable");
    archive& values;
  }
};

TEST_CASE("a vector is read where it lies, and its memory is free when it ends") {
  TwoRanks ranks;
  ValuePtr value = ranks.pass_object(Numbers(many, 1.5));
  const auto& numbers = detail::value_cast<Numbers>(*value);
  if (detail::can_adopt<Numbers>) CHECK(ranks.on_node(numbers.data()));
  CHECK(numbers == Numbers(many, 1.5));
  CHECK(value->is_common());
  CHECK(ranks.b->figures().mapped >= many * sizeof(double));
  const Numbers copy = numbers;
  value = ValuePtr();
  CHECK(ranks.nothing_in_use());
  CHECK(copy.back() == 1.5);
}

TEST_CASE("vectors inside of other types are read where they lie") {
  TwoRanks ranks;
  SUBCASE("aggregate") {
    Field field{
        7, std::string(10'000, 'x'), Numbers(many, 2), {Numbers(600, 3), {}, Numbers(1, 4)}};
    const ValuePtr value = ranks.pass_object(field);
    const auto& read = detail::value_cast<Field>(*value);
    CHECK(read == field);
    if (!detail::can_adopt<Numbers>) return;
    CHECK(ranks.on_node(read.values.data()));
    CHECK(ranks.on_node(read.rows[0].data()));
    // Small ones are in the stream, text is copied.
    CHECK_FALSE(ranks.on_node(read.rows[2].data()));
    CHECK_FALSE(ranks.on_node(read.name.data()));
  }
  SUBCASE("tuple, optional, variant, owners") {
    using Type = std::tuple<std::optional<Numbers>, std::variant<int, Numbers>,
                            std::unique_ptr<Numbers>, std::shared_ptr<Field>>;
    Type object(Numbers(many, 1), Numbers(600, 2), std::make_unique<Numbers>(600, 3.0),
                std::make_shared<Field>(Field{1, "a", Numbers(600, 4), {}}));
    const ValuePtr held = detail::make_value<Type>(std::move(object));
    const ValuePtr value = ranks.pass(*held);
    const auto& read = detail::value_cast<Type>(*value);
    CHECK(std::get<0>(read) == Numbers(many, 1));
    CHECK(std::get<1>(std::get<1>(read)) == Numbers(600, 2));
    CHECK(*std::get<2>(read) == Numbers(600, 3));
    CHECK(std::get<3>(read)->values == Numbers(600, 4));
    if (detail::can_adopt<Numbers>) CHECK(ranks.on_node(std::get<3>(read)->values.data()));
  }
  SUBCASE("containers") {
    using Type = std::tuple<std::map<std::string, Numbers>, std::unordered_map<int, Numbers>,
                            std::deque<Numbers>, std::array<std::vector<int>, 2>>;
    Type object;
    std::get<0>(object)["a"] = Numbers(many, 1);
    std::get<0>(object)["b"] = Numbers(many, 2);
    for (int key = 0; key < 100; ++key) std::get<1>(object)[key] = Numbers(600, key);
    for (int key = 0; key < 100; ++key) std::get<2>(object).push_back(Numbers(513, key));
    std::get<3>(object)[1] = std::vector<int>(5000, 3);
    const ValuePtr value = ranks.pass_object(object);
    CHECK(detail::value_cast<Type>(*value) == object);
  }
  SUBCASE("node_vector") {
    const ValuePtr value = ranks.pass_object(node_vector<float>(2 * many, 3));
    CHECK(detail::value_cast<node_vector<float>>(*value) == node_vector<float>(2 * many, 3));
  }
  CHECK(true);
}

TEST_CASE("elements of a map are read where they lie, plain ones and vectors") {
  TwoRanks ranks;
  const ValuePtr plain(new detail::Elements<double>(Numbers(many, 5)));
  ValuePtr read = ranks.pass(*plain);
  const auto& elements = static_cast<const detail::Elements<double>&>(*read);
  CHECK(ranks.on_node(elements.data()));
  CHECK(elements.at(many - 1) == 5);
  const ValuePtr vectors(new detail::Elements<Numbers>(std::vector<Numbers>(3, Numbers(many, 6))));
  ValuePtr read_vectors = ranks.pass(*vectors);
  CHECK(static_cast<const detail::Elements<Numbers>&>(*read_vectors).at(2) == Numbers(many, 6));
  read = ValuePtr();
  read_vectors = ValuePtr();
  CHECK(ranks.nothing_in_use());
}

TEST_CASE("a value that lies on the node is passed on without copy, a part of it too") {
  TwoRanks ranks;
  const ValuePtr plain(new detail::Elements<double>(Numbers(4 * many, 5)));
  const ValuePtr read = ranks.pass(*plain);
  const std::uint64_t before = ranks.a->figures().owned;
  Writer writer(4096);
  read->ops().write_slice(*read, many, 2 * many, writer);
  const auto there = find_on_node(*ranks.b, writer.buffers());
  REQUIRE(there);
  CHECK(there->refs.front().offset == many * sizeof(double));
  announce(*ranks.b, *there, 0);
  std::string problem;
  const auto mapped = map_announced(
      *ranks.a, protocol::PackedList<protocol::BlockRef>(std::span(there->refs)), problem);
  REQUIRE(mapped);
  const ValuePtr back =
      read_on_node(read->ops(), writer.bytes(), sizes_of(writer.buffers()), *mapped);
  CHECK(static_cast<const detail::Elements<double>&>(*back).at(2 * many) == 5);
  CHECK(ranks.a->figures().owned == before);
}

TEST_CASE("an exception while a value is read frees nothing that is not its own") {
  TwoRanks ranks;
  using Type = std::pair<Numbers, Thrower>;
  const ValuePtr held = detail::make_value<Type>(Numbers(many, 1), Thrower{Numbers(10, 2)});
  Thrower::throws = true;
  CHECK_THROWS_WITH(ranks.pass(*held), "unreadable");
  Thrower::throws = false;
  CHECK(ranks.nothing_in_use());
  CHECK(detail::value_cast<Type>(*ranks.pass(*held)).first == Numbers(many, 1));
  CHECK(ranks.nothing_in_use());
}

TEST_CASE("small values, and those that could not be used in place, are not worth it") {
  TwoRanks ranks;
  (void)ranks.pass_object(Numbers(many, 1), true);
  (void)ranks.pass_object(Numbers(many - 1, 1), false);
  const ValuePtr text = detail::make_value<std::string>(std::size_t{4} << 20, 'x');
  CHECK(detail::value_cast<std::string>(*ranks.pass(*text, false)).size() == 4u << 20);
}

TEST_CASE("damaged places are refused") {
  TwoRanks ranks;
  const ValuePtr held = detail::make_value<Numbers>(many, 1.0);
  Writer writer(4096);
  held->ops().write(*held, writer);
  auto there = copy_to_node(*ranks.a, writer.buffers());
  REQUIRE(there);
  there->refs[0].offset = ~std::uint64_t{0} - 100;
  CHECK_THROWS_AS(read_on_node(held->ops(), writer.bytes(), sizes_of(writer.buffers()), *there),
                  Error);
  there->refs[0].offset = there->blocks[0]->size() - 100;
  CHECK_THROWS_AS(read_on_node(held->ops(), writer.bytes(), sizes_of(writer.buffers()), *there),
                  Error);
}

}  // namespace
}  // namespace tutti::runtime

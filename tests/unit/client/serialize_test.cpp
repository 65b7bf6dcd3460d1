#include "tutti/serialize.hpp"

#include "tutti/boost.hpp"

#include <boost/serialization/binary_object.hpp>
#include <boost/serialization/export.hpp>
#include <boost/serialization/is_bitwise_serializable.hpp>
#include <boost/serialization/split_free.hpp>
#include <boost/serialization/split_member.hpp>
#include <boost/serialization/version.hpp>
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <complex>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

namespace {

using tutti::can_travel;
using tutti::Error;
using tutti::ErrorCode;
using tutti::nbytes;
using tutti::Reader;
using tutti::Writer;
using tutti::detail::read_value;
using tutti::detail::Route;
using tutti::detail::route_of;
using tutti::detail::write_value;

constexpr std::size_t out_of_band_from = 4096;

/// A message as a transport would hold it: the stream, and copies of the buffers beside it.
struct Message {
  std::vector<std::byte> bytes;
  std::vector<std::uint64_t> sizes;
  std::vector<std::vector<std::byte>> buffers;
};

template <class T>
Message pack(const T& value, std::size_t threshold = Writer::all_inline) {
  Writer writer(threshold);
  write_value(writer, value);
  Message message;
  message.bytes.assign(writer.bytes().begin(), writer.bytes().end());
  for (const auto& buffer : writer.buffers()) {
    message.sizes.push_back(buffer.size);
    message.buffers.emplace_back(buffer.data, buffer.data + buffer.size);
  }
  return message;
}

/// The buffers arrive last, as they do from the network.
void deliver(const Message& message, const Reader& reader) {
  REQUIRE(reader.destinations().size() == message.buffers.size());
  for (std::size_t index = 0; index < message.buffers.size(); ++index) {
    REQUIRE(reader.destinations()[index].size == message.buffers[index].size());
    std::memcpy(reader.destinations()[index].data, message.buffers[index].data(),
                message.buffers[index].size());
  }
}

template <class T>
T unpack(const Message& message) {
  Reader reader(message.bytes, message.sizes);
  T value = read_value<T>(reader);
  reader.expect_end();
  T moved = std::move(value);  // moving must not lose the places of the buffers
  deliver(message, reader);
  return moved;
}

template <class T>
T travel(const T& value) {
  return unpack<T>(pack(value, out_of_band_from));
}

template <class T>
void comes_back(const T& value) {
  CHECK((travel(value) == value));
  CHECK((unpack<T>(pack(value)) == value));
  CHECK((unpack<T>(pack(value, 1)) == value));
}

enum class Color : long { red, huge = 1L << 40 };

struct Point {
  double x = 0;
  double y = 0;
  bool operator==(const Point&) const = default;
};

struct NoDefault {
  explicit NoDefault(int start) : number(start) {}
  int number;
  bool operator==(const NoDefault&) const = default;
};

struct Empty {
  bool operator==(const Empty&) const = default;
};

struct Settings {
  std::string name = {};
  int counts[3] = {};
  Point points[2][2] = {};
  std::string labels[2] = {};
  std::optional<double> tolerance = {};
  Color color = Color::red;
  std::array<std::string, 2> pair_of_texts = {};
  struct Inner {
    std::vector<int> numbers;
    bool operator==(const Inner&) const = default;
  } inner = {};
  bool operator==(const Settings&) const = default;
};

struct Tree {
  std::string name;
  std::vector<Tree> children;
  bool operator==(const Tree&) const = default;
};

struct WithPointer {
  int number;
  const char* names[2];
};
struct WithUnion {
  union {
    int whole;
    float part;
  };
  int kind;
};
struct WithReference {
  int& target;
};
struct WithBase : Tree {
  int more;
};
struct ExtendedVector : std::vector<int> {
  int more;
};

std::vector<double> many(std::size_t count) {
  std::vector<double> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0.5);
  return numbers;
}

// --- types with a serialize function ---

class Hidden {
 public:
  Hidden() = default;
  explicit Hidden(std::string name)
      : name_(std::move(name)), numbers_(many(7)), table_{{"a", 1}}, maybe_(3) {
    raw_[1] = 4;
  }
  bool operator==(const Hidden&) const = default;
  bool operator<(const Hidden& other) const { return name_ < other.name_; }

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& archive, unsigned int) {
    archive& name_& BOOST_SERIALIZATION_NVP(numbers_) & table_& maybe_& raw_;
  }
  std::string name_;
  std::vector<double> numbers_;
  std::map<std::string, int> table_;
  std::optional<int> maybe_;
  double raw_[2] = {};
};

/// Writes a temporary and computes from what it read: nothing of it may go out of band.
class Split {
 public:
  std::vector<double> numbers;
  double sum = 0;
  unsigned int version_read = 0;

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void save(Archive& archive, unsigned int) const {
    std::vector<double> doubled = numbers;
    for (double& number : doubled) number *= 2;
    const std::size_t count = doubled.size();
    archive << count << boost::serialization::make_array(doubled.data(), count) << doubled;
  }
  template <class Archive>
  void load(Archive& archive, unsigned int version) {
    std::size_t count = 0;
    archive >> count;
    std::vector<double> doubled(count);
    archive >> boost::serialization::make_array(doubled.data(), count) >> numbers;
    for (double& number : numbers) number /= 2;
    sum = std::accumulate(doubled.begin(), doubled.end(), 0.0);
    version_read = version;
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()
};

class Grid {
 public:
  std::vector<double> cells;
  template <class Archive>
  void serialize(Archive& archive, unsigned int) {
    archive& cells;
  }
};

struct Shape {
  virtual ~Shape() = default;
  int id = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned int) {
    archive& id;
  }
};
struct Circle : Shape {
  double radius = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned int) {
    archive& boost::serialization::base_object<Shape>(*this) & radius;
  }
};
struct Unregistered : Shape {};

class Marked {
 public:
  Marked() {}
  Marked(const Marked& other) : number(other.number) {}
  Marked& operator=(const Marked&) = default;
  int number = 0;
};

class Binary {
 public:
  double numbers[4] = {};
  std::string text;
  template <class Archive>
  void serialize(Archive& archive, unsigned int) {
    archive& boost::serialization::make_binary_object(numbers, sizeof numbers) & text;
  }
};

}  // namespace

namespace outside {
class Free {
 public:
  Free() {}
  std::string text;
  int number = 0;
};
class Intrusive {
 public:
  Intrusive() {}
  std::string text;
};
template <class Archive>
void serialize(Archive& archive, Intrusive& value, unsigned int) {
  archive& value.text;
}
}  // namespace outside

BOOST_SERIALIZATION_SPLIT_FREE(outside::Free)
namespace boost::serialization {
template <class Archive>
void save(Archive& archive, const outside::Free& value, unsigned int) {
  archive << value.text << value.number;
}
template <class Archive>
void load(Archive& archive, outside::Free& value, unsigned int) {
  archive >> value.text >> value.number;
}
}  // namespace boost::serialization

BOOST_CLASS_VERSION(Split, 3)
BOOST_CLASS_EXPORT(Circle)
BOOST_IS_BITWISE_SERIALIZABLE(Marked)
template <>
inline constexpr bool tutti::arrives_in_place<Grid> = true;

TEST_CASE("plain values come back") {
  comes_back(42);
  comes_back('c');
  comes_back(true);
  comes_back(3.5L);
  comes_back(Color::huge);
  comes_back(Point{1, 2});
  comes_back(std::complex<double>(1, 2));
  comes_back(std::chrono::nanoseconds(5));
  comes_back(std::chrono::system_clock::now());
  comes_back(NoDefault(7));
  comes_back(Empty());
  comes_back(std::monostate());
  comes_back(std::array<double, 3>{1, 2, 3});
  comes_back(std::array<double, 3000>{1, 2, 3});
  comes_back(std::tuple<>());
}

TEST_CASE("containers and classes that hold values come back") {
  comes_back(std::string("text"));
  comes_back(std::string(100'000, 'x'));
  comes_back(std::u16string(u"text"));
  comes_back(std::vector<int>());
  comes_back(many(10));
  comes_back(many(10'000));
  comes_back(std::vector<std::vector<double>>{many(3), {}, many(5'000)});
  comes_back(std::vector<bool>{true, false, true, true, false, true, false, false, true});
  comes_back(std::vector<bool>());
  comes_back(std::vector<NoDefault>(600, NoDefault(3)));
  comes_back(std::vector<Empty>(1000));
  comes_back(std::vector<std::tuple<>>(1000));
  comes_back(std::vector<std::pair<int, double>>(1000, {1, 2.0}));
  comes_back(std::array<std::string, 2>{"a", "b"});
  comes_back(std::pair<int, std::string>(1, "b"));
  comes_back(std::tuple<int, std::string, bool>(1, "b", true));
  comes_back(std::list<std::string>{"a", "b"});
  comes_back(std::deque<NoDefault>{NoDefault(1), NoDefault(2)});
  comes_back(std::set<std::vector<double>>{many(1000), many(3)});
  comes_back(std::multiset<int>{1, 1, 2});
  comes_back(std::unordered_set<std::string>{"a", "b"});
  comes_back(std::unordered_multiset<int>{1, 1, 2});
  comes_back(
      std::map<std::string, std::vector<double>>{{"a", many(1000)}, {std::string(9000, 'k'), {}}});
  comes_back(std::multimap<int, std::string>{{1, "a"}, {1, "b"}});
  comes_back(std::map<int, NoDefault>{{1, NoDefault(2)}});
  comes_back(std::unordered_map<int, std::map<int, std::string>>{{1, {{2, "c"}}}});
  comes_back(std::unordered_multimap<int, int>{{1, 2}, {1, 3}});
  comes_back(std::optional<std::string>("text"));
  comes_back(std::optional<NoDefault>(NoDefault(4)));
  comes_back(std::optional<int>());
  comes_back(std::vector<std::optional<bool>>{true, std::nullopt, false});
  comes_back(std::variant<int, std::string, std::vector<double>>(many(1000)));
  comes_back(std::variant<std::monostate, NoDefault>(NoDefault(1)));
  comes_back(std::filesystem::path("/some/where"));
}

int twice(int number) { return 2 * number; }

struct WithFunction {
  int number = 0;
  int (*function)(int) = nullptr;
  bool operator==(const WithFunction&) const = default;
};

TEST_CASE("function pointers travel as tokens") {
  comes_back(&twice);
  comes_back(static_cast<int (*)(int)>(nullptr));
  comes_back(WithFunction{1, &twice});
  comes_back(std::vector<WithFunction>{{1, &twice}, {2, nullptr}});
}

TEST_CASE("owning pointers travel by value") {
  CHECK(*travel(std::make_unique<std::string>("text")) == "text");
  CHECK(*travel(std::make_shared<const std::string>("text")) == "text");
  CHECK(travel(std::unique_ptr<int>()) == nullptr);
  CHECK(travel(std::make_shared<NoDefault>(5))->number == 5);
  CHECK(*travel(std::make_unique<std::vector<double>>(many(5000))) == many(5000));
}

TEST_CASE("aggregates travel member by member") {
  Settings settings{"name",     {1, 2, 3}, {{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}},
                    {"p", "q"}, 0.5,       Color::huge,
                    {"r", "s"}, {{4, 5}}};
  comes_back(settings);
  comes_back(std::vector<Settings>{settings, Settings()});
  comes_back(Tree{"root", {{"leaf", {}}, {"branch", {{"twig", {}}}}}});
}

TEST_CASE("large contiguous data go beside the stream and arrive in place") {
  const auto numbers = many(100'000);
  const auto message = pack(numbers, out_of_band_from);
  CHECK(message.bytes.size() == sizeof(std::uint64_t));
  REQUIRE(message.sizes.size() == 1);
  CHECK(message.sizes[0] == numbers.size() * sizeof(double));
  Reader reader(message.bytes, message.sizes);
  std::vector<double> received;
  read_value(reader, received);
  REQUIRE(reader.destinations().size() == 1);
  CHECK(static_cast<void*>(reader.destinations()[0].data) == static_cast<void*>(received.data()));
  deliver(message, reader);
  CHECK(received == numbers);
  CHECK(pack(std::vector<std::pair<int, int>>(1000), out_of_band_from).sizes.size() == 1);
  CHECK(pack(std::vector<Marked>(2000), out_of_band_from).sizes.size() == 1);
}

TEST_CASE("keys never go beside the stream because they are compared at once") {
  CHECK(pack(std::set<std::string>{std::string(10'000, 'a')}, out_of_band_from).sizes.empty());
  CHECK(
      pack(std::map<std::string, std::string>{{std::string(10'000, 'a'), std::string(10'000, 'b')}},
           out_of_band_from)
          .sizes.size() == 1);
}

TEST_CASE("reading replaces what was there") {
  Writer writer;
  write_value(writer, std::map<int, std::string>{{1, "a"}});
  write_value(writer, std::vector<std::string>{"b"});
  Reader reader(writer.bytes());
  std::map<int, std::string> table{{5, "old"}};
  std::vector<std::string> texts{"old", "old"};
  read_value(reader, table);
  read_value(reader, texts);
  CHECK(table == std::map<int, std::string>{{1, "a"}});
  CHECK(texts == std::vector<std::string>{"b"});
}

TEST_CASE("types with a serialize function travel through Boost.Serialization") {
  const Hidden hidden("name");
  comes_back(hidden);
  comes_back(std::vector<Hidden>(20, hidden));
  comes_back(std::map<int, Hidden>{{1, hidden}});
  comes_back(std::set<Hidden>{hidden, Hidden("other")});
  comes_back(std::optional<Hidden>(hidden));
  outside::Free free;
  free.text = "text";
  free.number = 4;
  CHECK(travel(free).number == 4);
  CHECK(travel(std::vector<outside::Free>(3, free)).at(2).text == "text");
  outside::Intrusive intrusive;
  intrusive.text = "text";
  CHECK(travel(intrusive).text == "text");
  Binary binary;
  binary.numbers[3] = 7;
  CHECK(travel(binary).numbers[3] == 7);
}

TEST_CASE("temporaries of a serialize function are copied and its version arrives") {
  Split split;
  split.numbers = many(5000);
  const Split received = travel(split);
  CHECK(pack(split, out_of_band_from).sizes.empty());
  CHECK(received.numbers == split.numbers);
  CHECK(received.sum == 2 * std::accumulate(split.numbers.begin(), split.numbers.end(), 0.0));
  CHECK(received.version_read == 3);
}

TEST_CASE("a type that says so receives its data in place") {
  Grid grid;
  grid.cells = many(5000);
  CHECK(pack(grid, out_of_band_from).sizes.size() == 1);
  CHECK(pack(std::vector<Grid>(3, grid), out_of_band_from).sizes.size() == 3);
  CHECK(travel(grid).cells == grid.cells);
}

TEST_CASE("pointers keep their types and what they share") {
  const auto circle = std::make_shared<Circle>();
  circle->id = 3;
  circle->radius = 1.5;
  const std::vector<std::shared_ptr<Shape>> shapes{circle, circle, nullptr};
  const auto received = travel(shapes);
  REQUIRE(received.size() == 3);
  CHECK(received[0] == received[1]);
  CHECK(received[2] == nullptr);
  const auto* as_circle = dynamic_cast<const Circle*>(received[0].get());
  REQUIRE(as_circle != nullptr);
  CHECK(as_circle->id == 3);
  CHECK(as_circle->radius == 1.5);
}

TEST_CASE("a derived class that was not exported is an error that says what to do") {
  const std::shared_ptr<Shape> shape = std::make_shared<Unregistered>();
  try {
    pack(shape);
    FAIL("no exception");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::cannot_travel);
    CHECK(std::string_view(error.what()).find("BOOST_CLASS_EXPORT") != std::string_view::npos);
  }
}

TEST_CASE("what can travel is known while compiling") {
  static_assert(can_travel<std::vector<std::map<int, Settings>>>);
  static_assert(can_travel<Tree>);
  static_assert(can_travel<Hidden>);
  static_assert(can_travel<int (*)(int)>);
  static_assert(can_travel<WithUnion>);
  static_assert(can_travel<std::unique_ptr<int>>);
  static_assert(!can_travel<int*>);
  static_assert(!can_travel<const char*>);
  static_assert(!can_travel<std::string_view>);
  static_assert(!can_travel<std::span<int>>);
  static_assert(!can_travel<std::reference_wrapper<int>>);
  static_assert(!can_travel<std::vector<int>::iterator>);
  static_assert(!can_travel<std::list<int>::iterator>);
  static_assert(!can_travel<std::vector<std::pair<int, const char*>>>);
  static_assert(!can_travel<std::tuple<int&>>);
  static_assert(!can_travel<WithPointer>);
  static_assert(!can_travel<WithReference>);
  static_assert(!can_travel<WithBase>);
  static_assert(!can_travel<ExtendedVector>);
  static_assert(!can_travel<std::function<void()>>);
  static_assert(!can_travel<void (Tree::*)()>);
  static_assert(!can_travel<std::set<int, bool (*)(int, int)>>);
  static_assert(!can_travel<std::unique_ptr<int[]>>);
  static_assert(!can_travel<void>);
  CHECK(route_of<Point> == Route::plain);
  CHECK(route_of<Marked> == Route::plain);
  CHECK(route_of<WithUnion> == Route::plain);
}

TEST_CASE("nbytes counts what is held") {
  CHECK(nbytes(7) == sizeof(int));
  CHECK(nbytes(many(1000)) == 8000);
  CHECK(nbytes(std::string("hello")) == 5);
  CHECK(nbytes(std::vector<std::vector<double>>{many(10), many(20)}) ==
        2 * sizeof(std::vector<double>) + 240);
  CHECK(nbytes(std::vector<std::string>{std::string(1000, 'x')}) > 1000);
  CHECK(nbytes(std::map<int, std::vector<double>>{{1, many(100)}}) > 800);
  CHECK(nbytes(std::make_unique<std::vector<double>>(many(100))) > 800);
  CHECK(nbytes(Settings{.name = std::string(500, 'x')}) > 500);
  CHECK(nbytes(Hidden("name")) > sizeof(Hidden));
  Grid grid;
  grid.cells = many(100'000);
  CHECK(nbytes(grid) > 800'000);
  CHECK(nbytes(std::vector<Grid>(100, grid)) > 80'000'000);
}

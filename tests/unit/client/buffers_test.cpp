// Classes that name their large memory by a specialisation of Buffers.

#include "tutti/serialize.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace {

/// Hides its members, and owns raw memory.
class Image {
 public:
  Image() = default;
  Image(std::size_t width, std::size_t height)
      : width_(width), height_(height), pixels_(new double[width * height]) {}
  std::size_t width() const { return width_; }
  std::size_t height() const { return height_; }
  double* data() { return pixels_.get(); }
  const double* data() const { return pixels_.get(); }
  bool operator==(const Image& other) const {
    return width_ == other.width_ && height_ == other.height_ &&
           std::equal(data(), data() + width_ * height_, other.data());
  }

 private:
  std::size_t width_ = 0;
  std::size_t height_ = 0;
  std::unique_ptr<double[]> pixels_;
};

/// Buffers of several types; a shape that is itself a container.
class Mesh {
 public:
  std::vector<float> points;
  std::vector<int> cells;
  std::map<std::string, std::vector<char>> marks;
  bool operator==(const Mesh&) const = default;
  Mesh() = default;
};

/// Rows of one matrix, as a range of spans.
class Rows {
 public:
  std::array<std::vector<short>, 3> rows;
  bool operator==(const Rows&) const = default;
  Rows() = default;
};

Image numbered(std::size_t width, std::size_t height) {
  Image image(width, height);
  std::iota(image.data(), image.data() + width * height, 1.0);
  return image;
}

}  // namespace

template <>
struct tutti::Buffers<Image> {
  static std::pair<std::size_t, std::size_t> shape(const Image& image) {
    return {image.width(), image.height()};
  }
  static Image make(const std::pair<std::size_t, std::size_t>& shape) {
    return Image(shape.first, shape.second);
  }
  static std::span<double> buffers(Image& image) {
    return {image.data(), image.width() * image.height()};
  }
};

template <>
struct tutti::Buffers<Mesh> {
  using Shape = std::tuple<std::size_t, std::size_t, std::map<std::string, std::vector<char>>>;
  static Shape shape(const Mesh& mesh) {
    return {mesh.points.size(), mesh.cells.size(), mesh.marks};
  }
  static Mesh make(const Shape& shape) {
    Mesh mesh;
    mesh.points.resize(std::get<0>(shape));
    mesh.cells.resize(std::get<1>(shape));
    mesh.marks = std::get<2>(shape);
    return mesh;
  }
  static std::tuple<std::span<float>, std::span<int>> buffers(Mesh& mesh) {
    return {mesh.points, mesh.cells};
  }
};

template <>
struct tutti::Buffers<Rows> {
  static std::array<std::size_t, 3> shape(const Rows& rows) {
    return {rows.rows[0].size(), rows.rows[1].size(), rows.rows[2].size()};
  }
  static Rows make(const std::array<std::size_t, 3>& shape) {
    Rows rows;
    for (std::size_t row = 0; row < 3; ++row) rows.rows[row].resize(shape[row]);
    return rows;
  }
  static std::vector<std::span<short>> buffers(Rows& rows) {
    return {rows.rows.begin(), rows.rows.end()};
  }
};

namespace {

using tutti::MutableBuffer;
using tutti::Reader;
using tutti::Writer;
using tutti::detail::read_value;
using tutti::detail::write_value;

/// Writes and reads; the buffers arrive when the value has been moved. Gives how many went beside
/// the stream.
template <class T>
std::size_t comes_back(const T& value, std::size_t out_of_band_from) {
  Writer writer(out_of_band_from);
  write_value(writer, value);
  std::vector<std::uint64_t> sizes;
  for (const tutti::ConstBuffer& buffer : writer.buffers()) sizes.push_back(buffer.size);
  Reader reader(writer.bytes(), sizes);
  T read = read_value<T>(reader);
  reader.expect_end();
  const T moved = std::move(read);
  REQUIRE(reader.destinations().size() == sizes.size());
  for (std::size_t index = 0; index < sizes.size(); ++index) {
    REQUIRE(reader.destinations()[index].size == sizes[index]);
    std::memcpy(reader.destinations()[index].data, writer.buffers()[index].data, sizes[index]);
  }
  CHECK((moved == value));
  return sizes.size();
}

TEST_CASE("large buffers of a class go beside the stream, small ones in it") {
  CHECK(comes_back(numbered(30, 20), 4096) == 1);
  CHECK(comes_back(numbered(2, 3), 4096) == 0);
  CHECK(comes_back(numbered(0, 3), 4096) == 0);
  CHECK(comes_back(Image(), 4096) == 0);
}

TEST_CASE("what is sent lies where the object has it") {
  const Image image = numbered(64, 64);
  Writer writer(4096);
  write_value(writer, image);
  REQUIRE(writer.buffers().size() == 1);
  CHECK(static_cast<const void*>(writer.buffers()[0].data) == image.data());
}

TEST_CASE("buffers of several types and numbers, with a shape that owns memory") {
  Mesh mesh;
  mesh.points.assign(5000, 1.5F);
  mesh.cells.assign(7000, 3);
  mesh.marks["edge"].assign(10'000, 'e');
  CHECK(comes_back(mesh, 4096) == 2);
  CHECK(comes_back(mesh, 25'000) == 1);
  CHECK(comes_back(mesh, Writer::all_inline) == 0);
  Rows rows;
  rows.rows[0].assign(4000, 1);
  rows.rows[2].assign(3000, 2);
  CHECK(comes_back(rows, 4096) == 2);
}

TEST_CASE("such classes stand inside of others") {
  const std::vector<Image> images = [] {
    std::vector<Image> made;
    for (std::size_t side = 1; side < 40; side += 10) made.push_back(numbered(side, side));
    return made;
  }();
  CHECK(comes_back(images, 4096) == 1);
  std::map<int, Image> table;
  table.emplace(1, numbered(50, 50));
  table.emplace(2, numbered(40, 40));
  CHECK(comes_back(table, 4096) == 2);
}

TEST_CASE("nbytes counts the buffers, and the type is neither plain nor barred") {
  CHECK(tutti::nbytes(numbered(10, 10)) == sizeof(Image) + 800);
  CHECK(tutti::can_travel<Image>);
  CHECK(tutti::can_travel<std::vector<Mesh>>);
  CHECK(tutti::detail::route_of<Image> == tutti::detail::Route::buffers);
}

TEST_CASE("a buffer of another size than the shape says is corrupt data") {
  Writer writer;
  write_value(writer, std::pair<std::size_t, std::size_t>(2, 2));
  const double numbers[3] = {1, 2, 3};
  writer.buffer(numbers, sizeof numbers);
  Reader reader(writer.bytes());
  CHECK_THROWS_AS(read_value<Image>(reader), tutti::Error);
}

}  // namespace

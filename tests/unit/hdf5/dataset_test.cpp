#include "files.hpp"
#include "tutti/error.hpp"
#include "tutti/hdf5.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>

using namespace tutti::hdf5;
using test::contains;
using test::sentence_of;
using test::TemporaryDirectory;

namespace {

template <class T>
std::vector<T> count_up(std::size_t size) {
  std::vector<T> values(size);
  std::iota(values.begin(), values.end(), T{0});
  return values;
}

}  // namespace

TEST_CASE_TEMPLATE("numbers of each type come back as they were", T, std::int8_t, std::uint8_t,
                   std::int16_t, std::uint16_t, std::int32_t, std::uint32_t, std::int64_t,
                   std::uint64_t, long long, float, double) {
  const TemporaryDirectory directory;
  const std::vector<T> values = {std::numeric_limits<T>::lowest(), T{0}, T{1},
                                 std::numeric_limits<T>::max()};
  File file = File::create(directory / "a.h5");
  file.create_dataset<T>("x", {2, 2}).write(values);
  file.close();
  const Dataset x = File::open(directory / "a.h5").dataset("x");
  CHECK(x.element_type() == element_type_of<T>());
  CHECK(x.shape() == Shape{2, 2});
  CHECK(x.element_count() == 4);
  CHECK(x.read<T>() == values);
}

TEST_CASE("element types have the names of NumPy") {
  CHECK(name_of(element_type_of<float>()) == "float32");
  CHECK(name_of(element_type_of<double>()) == "float64");
  CHECK(name_of(element_type_of<long long>()) == "int64");
  CHECK(name_of(element_type_of<unsigned short>()) == "uint16");
  CHECK(name_of(ElementType::string) == "string");
}

TEST_CASE("a box is read and written, contiguous and chunked") {
  const TemporaryDirectory directory;
  for (const Shape& chunk : {Shape{}, Shape{2, 3}}) {
    File file = File::create(directory / "a.h5");
    Dataset x = file.create_dataset<int>("x", {4, 5}, {.chunk = chunk});
    CHECK(x.chunk().value_or(Shape{}) == chunk);
    x.write(count_up<int>(20));
    CHECK(x.read<int>({.offset = {1, 2}, .count = {2, 3}}) == std::vector{7, 8, 9, 12, 13, 14});
    x.write({.offset = {3, 0}, .count = {1, 2}}, std::vector{-1, -2});
    CHECK(x.read<int>({.offset = {3, 0}, .count = {1, 5}}) == std::vector{-1, -2, 17, 18, 19});
    CHECK(x.read<int>({.offset = {4, 0}, .count = {0, 5}}).empty());
    std::vector<float> place(2);
    x.read_into(std::span(place), {.offset = {0, 3}, .count = {1, 2}});
    CHECK(place == std::vector<float>{3, 4});
  }
}

TEST_CASE("a single value and an empty dataset work") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  Dataset single = file.create_dataset<double>("single", {});
  single.write(std::vector{2.5});
  CHECK(single.read<double>() == std::vector{2.5});
  CHECK(single.read<double>({.offset = {}, .count = {}}) == std::vector{2.5});
  Dataset empty = file.create_dataset<double>("empty", {0, 7});
  empty.write(std::vector<double>{});
  CHECK(empty.read<double>().empty());
}

TEST_CASE("elements that were never written have the fill value") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  Dataset x = file.create_dataset<float>("x", {3}, {.fill_value = -99.5});
  x.write({.offset = {1}, .count = {1}}, std::vector{1.0F});
  CHECK(x.read<float>() == std::vector{-99.5F, 1.0F, -99.5F});
  CHECK(x.attributes().find_number("_FillValue") == -99.5);
}

TEST_CASE("a fill value that the element type cannot hold is an error") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  CHECK(contains(sentence_of([&] { file.create_dataset<int>("x", {3}, {.fill_value = 0.5}); }),
                 "the fill value 0.5"));
  CHECK(contains(
      sentence_of([&] { file.create_dataset<int>("x", {3}, {.fill_value = std::nan("")}); }),
      "does not fit into int32"));
  CHECK_FALSE(file.contains("x"));
}

TEST_CASE("numbers are converted between file and memory") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  Dataset x = file.create_dataset<std::int16_t>("x", {3});
  x.write(std::vector{1.0, -2.0, 300.0});
  CHECK(x.read<double>() == std::vector{1.0, -2.0, 300.0});
  CHECK(x.read<std::int64_t>() == std::vector<std::int64_t>{1, -2, 300});
  Dataset y = file.create_dataset<double>("y", {3});
  const double infinity = std::numeric_limits<double>::infinity();
  y.write(std::vector{0.1, infinity, -infinity});
  CHECK(y.read<float>() == std::vector{0.1F, std::numeric_limits<float>::infinity(),
                                       -std::numeric_limits<float>::infinity()});
}

TEST_CASE("values that do not fit are errors and not cut off") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  Dataset x = file.create_dataset<double>("x", {3});
  x.write(std::vector{1.0, 2.5, 3.0});
  CHECK(contains(sentence_of([&] { x.read<int>(); }),
                 "a value of type float64 does not fit into int32"));
  x.write(std::vector{1.0, 2.0, 300.0});
  CHECK(contains(sentence_of([&] { x.read<std::int8_t>(); }), "does not fit into int8"));
  x.write(std::vector{1.0, std::nan(""), 3.0});
  CHECK(contains(sentence_of([&] { x.read<std::int64_t>(); }), "does not fit into int64"));
  CHECK(std::isnan(x.read<float>()[1]));
  x.write(std::vector{1.0, 1e300, 3.0});
  CHECK(contains(sentence_of([&] { x.read<float>(); }), "does not fit into float32"));
  Dataset y = file.create_dataset<unsigned char>("y", {1});
  CHECK(contains(sentence_of([&] { y.write(std::vector{-1}); }),
                 "a value of type int32 does not fit into uint8"));
  // An error leaves nothing behind that stops the next call.
  y.write(std::vector{7});
  CHECK(y.read<int>() == std::vector{7});
}

TEST_CASE("wrong boxes and wrong numbers of values are errors that name both") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  Dataset x = file.create_dataset<int>("x", {4, 5});
  CHECK(contains(sentence_of([&] {
                   x.read<int>({.offset = {1}, .count = {1, 1}});
                 }),
                 "the box has 1 offsets and 2 counts, the dataset is 4 x 5"));
  CHECK(contains(
      sentence_of([&] {
        x.read<int>({.offset = {3, 0}, .count = {2, 5}});
      }),
      "2 elements from 3 on are not all inside dimension 0 of the dataset, which is 4 x 5"));
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  CHECK(contains(sentence_of([&] {
                   x.read<int>({.offset = {3, 0}, .count = {most, 5}});
                 }),
                 "not all inside"));
  CHECK(contains(sentence_of([&] {
                   x.write(std::vector{1, 2});
                 }),
                 "there is memory for 2 elements, but they are 20"));
  CHECK(contains(sentence_of([&] { file.create_dataset<int>("y", {4}, {.chunk = {5}}); }),
                 "chunks of 5 do not fit"));
  CHECK(contains(sentence_of([&] {
                   file.create_dataset<int>("y", {4}, {.chunk = {2, 2}});
                 }),
                 "dimensions"));
  CHECK(contains(sentence_of([&] {
                   file.create_dataset<int>("y", {most, most});
                 }),
                 "too many elements"));
}

TEST_CASE("dimension scales name dimensions") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  Dataset time = file.create_scale("time", std::vector{0.5, 1.5});
  Dataset band = file.create_scale("band", std::vector{10, 20, 30});
  Dataset x = file.create_dataset<float>("x", {2, 3});
  x.attach_scale(0, time);
  CHECK(x.dimension_names() == std::vector<std::string>{"time", ""});
  x.attach_scale(1, band);
  file.close();
  const File again = File::open(directory / "a.h5");
  CHECK(again.dataset("x").dimension_names() == std::vector<std::string>{"time", "band"});
  CHECK(again.dataset("time").dimension_names() == std::vector<std::string>{"time"});
  CHECK(again.dataset("time").is_scale());
  CHECK_FALSE(again.dataset("x").is_scale());
}

TEST_CASE("wrong dimension scales are errors") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  File other = File::create(directory / "b.h5");
  Dataset two = file.create_scale("two", std::vector{1, 2});
  Dataset elsewhere = other.create_scale("three", std::vector{1, 2, 3});
  Dataset x = file.create_dataset<float>("x", {3});
  CHECK(contains(sentence_of([&] { x.attach_scale(0, two); }),
                 "'two' has 2 elements, dimension 0 has 3"));
  CHECK(contains(sentence_of([&] { x.attach_scale(1, two); }), "it has no dimension 1"));
  CHECK(contains(sentence_of([&] { x.attach_scale(0, elsewhere); }), "is in another file"));
  CHECK(contains(sentence_of([&] {
                   file.create_dataset<int>("y", {2, 2}).make_scale();
                 }),
                 "one dimension"));
}

TEST_CASE("ncdump reads the file as netCDF, in the order of creation") {
  if (!test::is_installed("ncdump")) return;
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  file.attributes().set("title", "a test");
  Dataset time = file.create_scale("time", std::vector{0.5, 1.5});
  time.attributes().set("units", "hours since 1980-01-14");
  Dataset band = file.create_scale("band", std::vector{10, 20, 30});
  Dataset x = file.create_dataset<float>("x", {2, 3}, {.fill_value = -1.0});
  x.write(count_up<float>(6));
  x.attach_scale(0, time);
  x.attach_scale(1, band);
  file.close();
  const std::string text = test::output_of("ncdump " + (directory / "a.h5").string());
  const std::vector<std::string> lines = {"time = 2 ;",
                                          "band = 3 ;",
                                          "double time(time) ;",
                                          "time:units = \"hours since 1980-01-14\" ;",
                                          "int band(band) ;",
                                          "float x(time, band) ;",
                                          "x:_FillValue = -1.f ;",
                                          ":title = \"a test\" ;",
                                          " band = 10, 20, 30 ;",
                                          "3, 4, 5 ;"};
  std::size_t position = 0;
  for (const std::string& line : lines) {
    CAPTURE(line);
    position = text.find(line, position);
    REQUIRE(position != std::string::npos);
  }
}

#include "files.hpp"
#include "tutti/error.hpp"
#include "tutti/hdf5.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <numeric>

using namespace tutti::hdf5;
using test::contains;
using test::output_of;
using test::sentence_of;
using test::TemporaryDirectory;

namespace {

void write_rows(const std::filesystem::path& path, const std::vector<double>& values) {
  File file = File::create(path);
  file.create_dataset<double>("g/x", {values.size() / 2, 2}).write(values);
  file.close();
}

}  // namespace

TEST_CASE("a virtual dataset shows the rows of other files, wherever the folder is") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "parts");
  write_rows(directory / "parts/1.h5", {1, 2, 3, 4});
  write_rows(directory / "parts/2.h5", {5, 6});
  File file = File::create(directory / "all.h5");
  const std::array<VirtualPart, 3> parts{VirtualPart{"parts/1.h5", "g/x", 2},
                                         VirtualPart{"parts/none.h5", "g/x", 0},
                                         VirtualPart{"parts/2.h5", "g/x", 1}};
  file.create_virtual("y/x", ElementType::float64, {3, 2}, parts);
  file.close();
  std::filesystem::rename(directory / "parts", directory / "moved");
  std::filesystem::create_directory(directory / "other");
  std::filesystem::rename(directory / "all.h5", directory / "other/all.h5");
  std::filesystem::rename(directory / "moved", directory / "other/parts");
  const File again = File::open(directory / "other/all.h5");
  CHECK(again.dataset("y/x").read<double>() == std::vector<double>{1, 2, 3, 4, 5, 6});
  if (test::is_installed("h5dump")) {
    const std::string text = output_of("h5dump -d /y/x " + (directory / "other/all.h5").string());
    CHECK(contains(text, "(2,0): 5, 6"));
  }
}

TEST_CASE("a virtual dataset has room for all of its parts") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "all.h5");
  const std::array<VirtualPart, 2> parts{VirtualPart{"1.h5", "x", 2}, VirtualPart{"2.h5", "x", 2}};
  CHECK(contains(sentence_of([&] { file.create_virtual("x", ElementType::int8, {3}, parts); }),
                 "its parts have more rows than its shape, 3"));
}

TEST_CASE("texts come back as they were") {
  const TemporaryDirectory directory;
  const std::vector<std::string> texts{"", "one", "a longer text", "wörter"};
  File file = File::create(directory / "a.h5");
  file.create_texts("g/texts", texts);
  file.create_texts("none", {});
  file.create_dataset<int>("numbers", {1});
  file.close();
  const File again = File::open(directory / "a.h5");
  CHECK(again.dataset("g/texts").read_texts() == texts);
  CHECK(again.dataset("none").read_texts().empty());
  CHECK(contains(sentence_of([&] { (void)again.dataset("numbers").read_texts(); }),
                 "its elements are no texts of a fixed length"));
}

TEST_CASE("raw bytes are elements of the dataset's own type") {
  const TemporaryDirectory directory;
  const std::vector<std::int32_t> values{1, -2, 3, 4};
  File file = File::create(directory / "a.h5");
  Dataset dataset = file.create_dataset<std::int32_t>("x", {4});
  dataset.write_raw({{1}, {2}}, std::as_bytes(std::span(values).first(2)));
  file.close();
  const Dataset again = File::open(directory / "a.h5").dataset("x");
  CHECK(again.read<int>() == std::vector<int>{0, 1, -2, 0});
  std::vector<std::int32_t> read(2);
  again.read_raw(std::as_writable_bytes(std::span(read)), {{2}, {2}});
  CHECK(read == std::vector<std::int32_t>{-2, 0});
  CHECK(contains(sentence_of([&] {
                   again.read_raw(std::as_writable_bytes(std::span(read)), {{2}, {1}});
                 }),
                 "there is memory for 2 elements, but they are 1"));
  static_assert(size_of(ElementType::uint8) == 1 && size_of(ElementType::int64) == 8 &&
                size_of(ElementType::float32) == 4 && size_of(ElementType::other) == 0);
}

TEST_CASE("groups have attributes") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  file.group_attributes("a/b").set("title", "wind");
  file.create_dataset<int>("a/b/x", {1});
  file.close();
  const File again = File::open(directory / "a.h5");
  CHECK(again.group_attributes("a/b").find_string("title") == "wind");
  CHECK(contains(sentence_of([&] { (void)again.group_attributes("c"); }), "has no group 'c'"));
}

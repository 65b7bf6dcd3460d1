#include "files.hpp"
#include "tutti/error.hpp"
#include "tutti/hdf5.hpp"

#include <doctest/doctest.h>

#include <array>
#include <limits>

using namespace tutti::hdf5;
using test::contains;
using test::sentence_of;
using test::TemporaryDirectory;

TEST_CASE("attributes of files and datasets come back as they were") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  file.attributes().set("title", "wind");
  Attributes attributes = file.create_dataset<float>("x", {1}).attributes();
  attributes.set("units", std::string("m/s"));
  attributes.set("missing_value", -99.9F);
  attributes.set("valid_range", std::array{0.0, 50.0});
  attributes.set("version", std::numeric_limits<std::int64_t>::max());
  attributes.set("empty", "");
  file.close();

  const File again = File::open(directory / "a.h5");
  CHECK(again.attributes().find_string("title") == "wind");
  const Attributes found = again.dataset("x").attributes();
  CHECK(found.names() ==
        std::vector<std::string>{"empty", "missing_value", "units", "valid_range", "version"});
  CHECK(found.find_string("units") == "m/s");
  CHECK(found.find_string("empty") == "");
  CHECK(found.find_number("missing_value") == static_cast<double>(-99.9F));
  CHECK(found.find_numbers("valid_range") == std::vector{0.0, 50.0});
  CHECK(found.find_number("valid_range") == 0.0);
  CHECK(found.find_integer("version") == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("an attribute that does not exist is nothing") {
  const TemporaryDirectory directory;
  const File file = File::create(directory / "a.h5");
  CHECK_FALSE(file.attributes().contains("a"));
  CHECK_FALSE(file.attributes().find_number("a").has_value());
  CHECK_FALSE(file.attributes().find_numbers("a").has_value());
  CHECK_FALSE(file.attributes().find_integer("a").has_value());
  CHECK_FALSE(file.attributes().find_string("a").has_value());
  CHECK(file.attributes().names().empty());
}

TEST_CASE("an attribute can be written again, with another type") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  file.attributes().set("a", 1);
  file.attributes().set("a", "one");
  CHECK(file.attributes().find_string("a") == "one");
  CHECK(file.attributes().names().size() == 1);
}

TEST_CASE("an attribute of another kind is an error that names it") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  Attributes attributes = file.create_dataset<float>("x", {1}).attributes();
  attributes.set("units", "m/s");
  attributes.set("factor", 0.5);
  attributes.set("large", 1e30);
  const std::string where = " of the dataset 'x' in '" + (directory / "a.h5").string() + "'";
  CHECK(sentence_of([&] { attributes.find_number("units"); }) ==
        "the attribute 'units'" + where + " is not a number but of type string");
  CHECK(sentence_of([&] { attributes.find_string("factor"); }) ==
        "the attribute 'factor'" + where + " is not text but of type float64");
  CHECK(contains(sentence_of([&] { attributes.find_integer("factor"); }),
                 "is no integer of 64 bits but 0.5"));
  CHECK(
      contains(sentence_of([&] { attributes.find_integer("large"); }), "is no integer of 64 bits"));
}

TEST_CASE("attributes that netCDF wrote are read: text, lists of text, an empty text") {
  if (!test::is_installed("ncgen")) return;
  const TemporaryDirectory directory;
  directory.write("a.cdl",
                  "netcdf a { dimensions: n = 2 ; variables: short x(n) ; x:scale_factor = 0.5 ; "
                  "x:units = \"m\" ;\n"
                  "string x:names = \"one\", \"two\" ; x:nothing = \"\" ; data: x = 3, _ ; }");
  const std::string command =
      "cd " + directory.path().string() + " && ncgen -k nc4 -o a.nc a.cdl && echo made";
  REQUIRE(test::output_of(command) == "made\n");
  const File file = File::open(directory / "a.nc");
  const Dataset x = file.dataset("x");
  CHECK(x.attributes().find_number("scale_factor") == 0.5);
  CHECK(x.attributes().find_string("units") == "m");
  CHECK(x.attributes().find_strings("names") == std::vector<std::string>{"one", "two"});
  CHECK(x.attributes().find_string("nothing") == "");
  CHECK(x.read<double>() == std::vector{3.0, -32767.0});
}

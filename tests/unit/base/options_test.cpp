#include "base/options.hpp"

#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using tutti::Error;
using tutti::ErrorCode;
using tutti::LogLevel;
using tutti::Options;
using namespace tutti::base;

namespace {

using Entries = std::vector<std::string>;

Options read(const Entries& environment, const Options& given = {}) {
  std::vector<std::string> warnings;
  const Options options = options_from_environment(given, environment, warnings);
  CHECK(warnings.empty());
  return options;
}

std::string error_of(const Entries& environment, const Options& given = {}) {
  std::vector<std::string> warnings;
  try {
    options_from_environment(given, environment, warnings);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::bad_argument);
    return error.what();
  }
  return "no error";
}

std::vector<std::string> warnings_of(const Entries& environment) {
  std::vector<std::string> warnings;
  options_from_environment({}, environment, warnings);
  return warnings;
}

}  // namespace

TEST_CASE("the environment overrides what was given to run") {
  const Options given{.threads_per_worker = 2, .pin = false, .verbose = 1};
  const Options options =
      read({"TUTTI_THREADS_PER_WORKER=4", "TUTTI_RANK0_WORKS=yes", "PATH=/bin",
            "TUTTI_INLINE_RESULT_BYTES=2kB", "TUTTI_LOG_LEVEL=Debug", "TUTTI_NAME=a = b"},
           given);
  CHECK(options.threads_per_worker == 4);
  CHECK(options.rank0_works == true);
  CHECK_FALSE(options.pin);
  CHECK(options.verbose == 1);
  CHECK(options.inline_result_bytes == 2000);
  CHECK(options.log_level == LogLevel::debug);
  CHECK(options.name == "a = b");
}

TEST_CASE("an empty variable counts as not set") {
  CHECK(read({"TUTTI_PIN=", "TUTTI_VERBOSE= "}) == Options{});
}

TEST_CASE("a bad value is an error that names variable, value and what is allowed") {
  CHECK(error_of({"TUTTI_THREADS_PER_WORKER=many"}) ==
        "the environment variable TUTTI_THREADS_PER_WORKER is 'many', but it must be a whole "
        "number of threads from 0 to "
        "1024");
  CHECK(error_of({"TUTTI_THREADS_PER_WORKER=-1"}).find("'-1'") != std::string::npos);
  CHECK(error_of({"TUTTI_THREADS_PER_WORKER=4294967296"}).find("from 0 to 1024") !=
        std::string::npos);
  CHECK(error_of({"TUTTI_PIN=maybe"}) ==
        "the environment variable TUTTI_PIN is 'maybe', but it must be on or off");
  CHECK(error_of({"TUTTI_LOG_LEVEL=loud"}).find("trace, debug, info") != std::string::npos);
  CHECK(error_of({"TUTTI_RANK0_WORKS=2"}).find("on, off or auto") != std::string::npos);
  CHECK(error_of({"TUTTI_INLINE_RESULT_BYTES=1GB"}).find("from 0 to 32KiB") != std::string::npos);
  for (const std::string& bad :
       Entries{"4 apples", "0.0", "1.5", "-1", "12", "nan", "0x10", "1e", "GB"}) {
    CHECK(error_of({"TUTTI_MEMORY_LIMIT=" + bad}).find("'" + bad + "'") != std::string::npos);
  }
}

TEST_CASE("a bad value in run's argument is an error too, unless the environment mends it") {
  const Options given{.verbose = 7};
  CHECK(error_of({}, given) ==
        "the option verbose is '7', but it must be a whole number from 0 to 1");
  CHECK(read({"TUTTI_VERBOSE=0"}, given).verbose == 0);
}

TEST_CASE("an unknown variable is a warning with the nearest name, known names of others are not") {
  CHECK(warnings_of({"TUTTI_ROOT=/opt", "TUTTI_DIR=x", "TUTTI_HOME=x", "TUTTI_VERSION=1",
                     "TUTTI_TASK_ID=3", "TUTTI_TEST_RANKS=4", "TUTTIX=1", "XTUTTI_Y=2"})
            .empty());
  const std::vector<std::string> warnings =
      warnings_of({"TUTTI_THREAD_PER_WORKER=4", "TUTTI_COLOUR_OF_HATS=red"});
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0] ==
        "the environment variable TUTTI_THREAD_PER_WORKER is not an option of tutti and has no "
        "effect; did you mean "
        "TUTTI_THREADS_PER_WORKER?");
  CHECK(warnings[1].ends_with("has no effect"));
}

TEST_CASE("options arrive at another rank as they were") {
  Options options{.name = "name with = and ü",
                  .threads_per_worker = 3,
                  .rank0_works = false,
                  .memory_limit = "0.5"};
  options.rank0_result_budget_bytes = (std::uint64_t{1} << 30) + 1;
  options.log_level = LogLevel::off;
  options.memory_target = 0.1 + 0.2;
  options.memory_pause = 0;
  options.spill = false;
  options.local_directory = "$SCRATCH/of $USER";
  tutti::Writer writer;
  encode(options, writer);
  tutti::Reader reader(writer.bytes());
  CHECK(decode_options(reader) == options);
  CHECK(reader.at_end());
}

TEST_CASE("bytes that are no options are an error, wherever they are cut or changed") {
  tutti::Writer writer;
  encode({}, writer);
  const auto good = writer.bytes();
  for (std::size_t size = 0; size < good.size(); ++size) {
    tutti::Reader reader(good.first(size));
    CHECK_THROWS_AS(decode_options(reader), Error);
  }
  for (std::size_t position = 0; position < good.size(); ++position) {
    tutti::Bytes changed = tutti::Bytes::copy_of(good);
    changed.data()[position] ^= std::byte{0x80};
    tutti::Reader reader(changed.span());
    try {
      decode_options(reader);
    } catch (const Error&) {
    }
  }
}

TEST_CASE("fractions of memory are numbers from 0 to 1") {
  CHECK_EQ(read({"TUTTI_MEMORY_SPILL=0.75"}).memory_spill, 0.75);
  CHECK_EQ(read({"TUTTI_MEMORY_PAUSE=0"}).memory_pause, 0);
  CHECK_EQ(read({"TUTTI_MEMORY_TARGET=1"}).memory_target, 1);
  for (const auto* bad : {"1.1", "-0.1", "70%", "nan", "half", "0.5x"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(read({std::string("TUTTI_MEMORY_PAUSE=") + bad}), Error);
  }
}

TEST_CASE("the description marks what was changed, and differences name both values") {
  const Options changed{.threads_per_worker = 3, .pin = false};
  const std::string text = describe(changed);
  CHECK(text.find("threads_per_worker        = 3") != std::string::npos);
  CHECK(text.find("(changed, default: 0)") != std::string::npos);
  CHECK(text.find("(changed, default: on)") != std::string::npos);
  CHECK(describe({}).find("changed") == std::string::npos);
  const auto lines = differences({}, changed);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "threads_per_worker: 0 here, 3 there");
  CHECK(lines[1] == "pin: on here, off there");
  CHECK(differences(changed, changed).empty());
}

TEST_CASE("the defaults lie within their limits and the help names every option") {
  CHECK(read({}) == Options{});
  for (const auto* name : {"TUTTI_NAME\n", "TUTTI_KEEPER_INTERVAL_US\n", "TUTTI_MEMORY_LIMIT\n"}) {
    CHECK(options_help().find(name) != std::string::npos);
  }
}

TEST_CASE("sizes are read in powers of 1000 and 1024") {
  std::uint64_t bytes = 0;
  const auto read_size = [&bytes](const char* text) {
    return parse_size(text, bytes) ? bytes : std::uint64_t{777};
  };
  CHECK(read_size("0") == 0);
  CHECK(read_size("17") == 17);
  CHECK(read_size("17B") == 17);
  CHECK(read_size("4GB") == 4'000'000'000);
  CHECK(read_size("4G") == 4'000'000'000);
  CHECK(read_size(" 4 gib ") == 4'294'967'296);
  CHECK(read_size("1.5KiB") == 1536);
  CHECK(read_size("18446744073709551615") == 18446744073709551615u);
  for (const char* bad : {"", "B", "KiB", "4XB", "4 G B", "-4", "+4", "iB", "4i", "1.5", "1e3",
                          "inf", "20000000TB"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_size(bad, bytes));
  }
}

TEST_CASE("the memory limit is a size, a fraction of the node, or an equal share") {
  CHECK(memory_limit_bytes("auto", 1000, 4) == 250);
  CHECK(memory_limit_bytes("", 1000, 0) == 1000);
  CHECK(memory_limit_bytes("0.5", 1000, 4) == 500);
  CHECK(memory_limit_bytes("1", 1000, 4) == 1000);
  CHECK(memory_limit_bytes("4GB", 1000, 4) == 4'000'000'000);
  CHECK(memory_limit_bytes("none", 1000, 4) == 0);
  CHECK(memory_limit_bytes("0", 1000, 4) == 0);
  CHECK_THROWS_AS(memory_limit_bytes("much", 1000, 4), Error);
}

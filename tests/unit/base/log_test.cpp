#include "base/log.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

using tutti::LogLevel;
using namespace tutti::base;

namespace {

/// Keeps the lines that are logged while it lives.
class Recorder {
 public:
  Recorder() {
    set_log_receiver([this](std::string_view line) { lines.emplace_back(line); });
  }
  ~Recorder() {
    set_log_receiver({});
    set_log_level(LogLevel::warning);
    set_log_rank(-1);
  }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  std::vector<std::string> lines;
};

}  // namespace

TEST_CASE("a line has rank, seconds, level and text") {
  Recorder recorder;
  log_warning("before the rank is known");
  set_log_rank(3);
  log_warning("text with {} and %n\nsecond line");
  REQUIRE(recorder.lines.size() == 2);
  CHECK(recorder.lines[0].starts_with("[tutti - "));
  CHECK(recorder.lines[1].starts_with("[tutti 3 "));
  CHECK(recorder.lines[1].ends_with(" warn] text with {} and %n\n    second line"));
}

TEST_CASE("messages below the level are dropped") {
  Recorder recorder;
  log_info("not seen");
  CHECK(recorder.lines.empty());
  set_log_level(LogLevel::debug);
  CHECK(log_enabled(LogLevel::info));
  log_debug("seen");
  log(LogLevel::trace, "not seen");
  CHECK(recorder.lines.size() == 1);
  set_log_level(LogLevel::off);
  log_error("not seen");
  log(LogLevel::off, "not seen");
  CHECK(recorder.lines.size() == 1);
}

TEST_CASE("a warning with a key is given once") {
  Recorder recorder;
  CHECK(log_warning_once("log_test", "first"));
  CHECK_FALSE(log_warning_once("log_test", "second"));
  CHECK(log_warning_once("log_test other", "third"));
  CHECK(recorder.lines.size() == 2);
}

TEST_CASE("threads may log at the same time") {
  Recorder recorder;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([] {
      for (int i = 0; i < 100; ++i) log_warning("line");
    });
  }
  threads.clear();
  CHECK(recorder.lines.size() == 400);
}

#include "client/progress_line.hpp"

#include <doctest/doctest.h>

using tutti::client_module::duration_text;
using tutti::client_module::progress_line;
using tutti::client_module::rate_text;

TEST_CASE("a progress line says how many are done, how fast it goes and how long it takes") {
  CHECK(progress_line("", {.done = 57, .total = 132, .seconds = 2}) == "57/132, 28/s, 2.6 s left");
  CHECK(progress_line("winds", {.done = 132, .total = 132, .seconds = 66}) ==
        "winds: 132/132, 2.0/s, took 1 min 06 s");
}

TEST_CASE("a progress line claims no rate before something has ended") {
  CHECK(progress_line("", {.done = 0, .total = 9, .seconds = 3}) == "0/9");
  CHECK(progress_line("", {.done = 4, .total = 9, .done_at_start = 4, .seconds = 3}) == "4/9");
  CHECK(progress_line("", {}) == "0/0, took 0.0 s");
}

TEST_CASE("what had ended before counts as done but not as fast") {
  CHECK(progress_line("", {.done = 60, .total = 100, .done_at_start = 40, .seconds = 1}) ==
        "60/100, 20/s, 2.0 s left");
}

TEST_CASE("a progress line counts failures") {
  CHECK(progress_line("", {.done = 4, .total = 4, .failed = 2, .seconds = 1}) ==
        "4/4, 4.0/s, took 1.0 s, 2 failed");
}

TEST_CASE("durations have two units at most") {
  CHECK(duration_text(0.04) == "0.0 s");
  CHECK(duration_text(9.94) == "9.9 s");
  CHECK(duration_text(9.96) == "10 s");
  CHECK(duration_text(59.4) == "59 s");
  CHECK(duration_text(59.6) == "1 min 00 s");
  CHECK(duration_text(3599.7) == "1 h 00 min");
  CHECK(duration_text(7620) == "2 h 07 min");
  CHECK(duration_text(3 * 86400 + 4 * 3600) == "3 d 04 h");
  CHECK(duration_text(1e30) == "more than a year");
}

TEST_CASE("rates have two or three digits that count") {
  CHECK(rate_text(0.25) == "0.25/s");
  CHECK(rate_text(0.999) == "1.0/s");
  CHECK(rate_text(9.96) == "10/s");
  CHECK(rate_text(999.4) == "999/s");
  CHECK(rate_text(999.6) == "1,000/s");
  CHECK(rate_text(12'345) == "12,300/s");
  CHECK(rate_text(999'400) == "999,000/s");
  CHECK(rate_text(1.2e6) == "1.2 million/s");
}

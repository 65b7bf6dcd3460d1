#include "journal/paths.hpp"

#include "scratch.hpp"

#include <doctest/doctest.h>

using namespace tutti::journal;

TEST_CASE("a journal may be named by its name, its view or its folder") {
  for (const char* given : {"a/sweep", "a/sweep.h5", "a/sweep.journal", "a/sweep.journal/"}) {
    const Paths paths(given);
    CHECK(paths.folder() == "a/sweep.journal");
    CHECK(paths.view() == "a/sweep.h5");
  }
  CHECK(Paths("x.1").folder() == "x.1.journal");
  for (const char* given : {"", ".", "..", "/", "a/.."})
    CHECK(test::contains(test::sentence_of([&] { const Paths paths(given); }),
                         "is no name for a journal"));
}

TEST_CASE("files are known by their names") {
  const Paths paths("sweep");
  CHECK(paths.segment(7) == "sweep.journal/000007.log");
  CHECK(paths.part(12) == "sweep.journal/part-000012.h5");
  CHECK(paths.part_seen_from_view(12) == "sweep.journal/part-000012.h5");
  CHECK(Paths("a/sweep").part_seen_from_view(12) == "sweep.journal/part-000012.h5");
  CHECK(Paths::segment_number("000007.log") == 7);
  CHECK(Paths::segment_number("1234567.log") == 1234567);
  CHECK(!Paths::segment_number("x7.log"));
  CHECK(!Paths::segment_number(".log"));
  CHECK(Paths::part_number("part-000012.h5") == 12);
  CHECK(!Paths::part_number("part-000012.h5.tmp"));
  CHECK(Paths::is_unfinished("part-000012.h5.tmp"));
  CHECK(Paths::is_unfinished("part-000012.h5.tmp.part-0123"));
  CHECK(Paths::is_unfinished("view.h5.tmp"));
  CHECK(!Paths::is_unfinished("part-000012.h5"));
}

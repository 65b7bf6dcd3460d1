#include "scheduler/watchdog.hpp"

#include <doctest/doctest.h>

namespace tutti::scheduler {
namespace {

using Verdict = Watchdog::Verdict;

TEST_CASE("as long as something changes, or no work is left, nobody is asked") {
  Watchdog watchdog(100);
  for (std::uint64_t now = 0; now < 1'000; now += 50)
    CHECK(watchdog.look(now, now, true, 2) == Verdict::fine);
  for (std::uint64_t now = 1'000; now < 2'000; now += 50)
    CHECK(watchdog.look(now, 7, false, 2) == Verdict::fine);
}

TEST_CASE("workers that run something have all the time they want") {
  Watchdog watchdog(100);
  CHECK(watchdog.look(0, 1, true, 2) == Verdict::fine);
  CHECK(watchdog.look(99, 1, true, 2) == Verdict::fine);
  for (std::uint64_t now = 100; now < 2'000; now += 110) {
    CHECK(watchdog.look(now, 1, true, 2) == Verdict::ask);
    watchdog.on_answer(watchdog.round(), false);
    CHECK(watchdog.look(now + 5, 1, true, 2) == Verdict::fine);
    watchdog.on_answer(watchdog.round(), true);
    CHECK(watchdog.look(now + 10, 1, true, 2) == Verdict::fine);
  }
}

TEST_CASE("nothing runs twice in a row: stuck") {
  Watchdog watchdog(100);
  watchdog.look(0, 1, true, 1);
  CHECK(watchdog.look(100, 1, true, 1) == Verdict::ask);
  watchdog.on_answer(watchdog.round(), false);
  CHECK(watchdog.look(101, 1, true, 1) == Verdict::ask);
  watchdog.on_answer(watchdog.round(), false);
  CHECK(watchdog.look(102, 1, true, 1) == Verdict::stuck);
}

TEST_CASE("a transition between two questions ends the suspicion") {
  Watchdog watchdog(100);
  watchdog.look(0, 1, true, 1);
  CHECK(watchdog.look(100, 1, true, 1) == Verdict::ask);
  watchdog.on_answer(watchdog.round(), false);
  CHECK(watchdog.look(101, 2, true, 1) == Verdict::fine);
  CHECK(watchdog.look(200, 2, true, 1) == Verdict::fine);
  CHECK(watchdog.look(201, 2, true, 1) == Verdict::ask);
}

TEST_CASE("a worker that does not answer is waited for; late answers of old rounds do not count") {
  Watchdog watchdog(100);
  watchdog.look(0, 1, true, 2);
  CHECK(watchdog.look(100, 1, true, 2) == Verdict::ask);
  const std::uint32_t old = watchdog.round();
  watchdog.on_answer(old, false);
  CHECK(watchdog.look(10'000, 1, true, 2) == Verdict::fine);
  watchdog.on_answer(old, false);
  CHECK(watchdog.look(10'001, 1, true, 2) == Verdict::ask);
  watchdog.on_answer(old, false);
  watchdog.on_answer(watchdog.round(), false);
  CHECK(watchdog.look(10'002, 1, true, 2) == Verdict::fine);
}

TEST_CASE("a limit of 0 is none") {
  Watchdog watchdog(0);
  for (std::uint64_t now = 0; now < 1'000'000; now += 1'000)
    CHECK(watchdog.look(now, 1, true, 1) == Verdict::fine);
}

}  // namespace
}  // namespace tutti::scheduler

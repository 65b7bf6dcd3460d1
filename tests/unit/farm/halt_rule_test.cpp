#include "farm/halt_rule.hpp"

#include "farm/summary.hpp"
#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <signal.h>

using tutti::Error;
using tutti::farm::farm_exit_code;
using tutti::farm::FarmEnd;
using tutti::farm::HaltRule;
using tutti::farm::summary_text;
using When = HaltRule::When;

TEST_CASE("without a rule, and by never, nothing stops a farm") {
  for (const HaltRule& rule : {HaltRule(), HaltRule("never"), HaltRule("0")})
    CHECK(rule.look({.total = 10, .failed = 10}) == When::never);
}

TEST_CASE("a rule counts failures, successes or both") {
  CHECK(HaltRule("soon,fail=2").look({.total = 9, .succeeded = 5, .failed = 1}) == When::never);
  CHECK(HaltRule("soon,fail=2").look({.total = 9, .failed = 2}) == When::soon);
  CHECK(HaltRule("now,success=1").look({.total = 9, .failed = 3}) == When::never);
  CHECK(HaltRule("now,success=1").look({.total = 9, .succeeded = 1}) == When::now);
  CHECK(HaltRule("now,done=4").look({.total = 9, .succeeded = 2, .failed = 2}) == When::now);
}

TEST_CASE("a share is one of all commands, and of at least three") {
  const HaltRule rule("soon,fail=20%");
  CHECK(rule.look({.total = 100, .failed = 19}) == When::never);
  CHECK(rule.look({.total = 100, .failed = 20}) == When::soon);
  CHECK(rule.look({.total = 5, .failed = 2}) == When::never);
  CHECK(rule.look({.total = 5, .failed = 3}) == When::soon);
}

TEST_CASE("the short forms of GNU parallel") {
  CHECK(HaltRule("1").look({.total = 9, .failed = 1}) == When::soon);
  CHECK(HaltRule("2").look({.total = 9, .failed = 1}) == When::now);
}

TEST_CASE("other words are refused with an example") {
  for (const char* text : {"", "soon", "later,fail=1", "soon,fail", "soon,fails=1", "soon,fail=0",
                           "soon,fail=-1", "soon,fail=1.5", "now,fail=101%", "3", "fail=1,soon"})
    CHECK_THROWS_WITH_AS(HaltRule{text}, doctest::Contains("soon,fail=1"), Error);
}

TEST_CASE("the exit code counts failures, and 75 means only: run it again") {
  CHECK(farm_exit_code(FarmEnd::complete, 0) == 0);
  CHECK(farm_exit_code(FarmEnd::complete, 3) == 3);
  CHECK(farm_exit_code(FarmEnd::complete, 75) == 76);
  CHECK(farm_exit_code(FarmEnd::complete, 100) == 100);
  CHECK(farm_exit_code(FarmEnd::complete, 100'000) == 101);
  CHECK(farm_exit_code(FarmEnd::interrupted, 3) == 75);
  CHECK(farm_exit_code(FarmEnd::interrupted, 3, SIGUSR1) == 75);
  CHECK(farm_exit_code(FarmEnd::interrupted, 3, SIGTERM) == 143);
  CHECK(farm_exit_code(FarmEnd::interrupted, 3, SIGINT) == 130);
}

TEST_CASE("a summary says what was done, what failed, and how it ended") {
  CHECK(summary_text({.counts = {.total = 1, .succeeded = 1},
                      .seconds = 2,
                      .command_seconds = 3,
                      .slots = 2}) == "1 of 1 command done; took 2.0 s, 75 % of 2 slots busy");
  CHECK(summary_text({.counts = {.total = 20, .succeeded = 5, .failed = 2},
                      .done_before = 80,
                      .retried = 4,
                      .seconds = 60,
                      .slots = 1,
                      .failed = {17, 40}}) ==
        "87 of 100 commands done (80 before), 2 failed (17, 40), 4 tried again; took 1 min 00 s, "
        "0 % of 1 slot busy; stopped early");
  CHECK(summary_text(
            {.counts = {.total = 9, .failed = 2}, .end = FarmEnd::interrupted, .failed = {1}}) ==
        "2 of 9 commands done, 2 failed (1, ...); took 0.0 s; interrupted, run it again with "
        "--resume-failed");
}

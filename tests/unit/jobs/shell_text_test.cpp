#include "jobs/shell_text.hpp"

#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tutti::jobs;

TEST_CASE("harmless words stay as they are, others come into single quotes") {
  CHECK(quoted("./my_program") == "./my_program");
  CHECK(quoted("a b") == "'a b'");
  CHECK(quoted("") == "''");
  CHECK(quoted("$(rm -rf x)") == "'$(rm -rf x)'");
  CHECK(quoted("it's") == "'it'\\''s'");
  CHECK(quoted("~") == "'~'");
}

TEST_CASE("only variables stay alive in double quotes") {
  CHECK(quoted_with_variables("$TMPDIR/x y") == "\"$TMPDIR/x y\"");
  CHECK(quoted_with_variables("${TMPDIR}_1") == "\"${TMPDIR}_1\"");
  CHECK(quoted_with_variables("$A$(id)`id`\"\\") == "\"$A\\$(id)\\`id\\`\\\"\\\\\"");
  CHECK(quoted_with_variables("${A:-$(id)}$B") == "\"\\${A:-\\$(id)}$B\"");
  CHECK(quoted_with_variables("$(id)") == "'$(id)'");
  CHECK(quoted_with_variables("/plain") == "/plain");
}

TEST_CASE("control characters and foreign characters are refused by name") {
  CHECK_THROWS_WITH_AS(check_one_line("name", "a\nb"), doctest::Contains("option name"),
                       tutti::Error);
  CHECK_NOTHROW(check_one_line("name", "a b"));
  CHECK_THROWS_WITH_AS(check_characters("queue", "a --uid=0", "_."),
                       doctest::Contains("' ' is none of them"), tutti::Error);
  CHECK_THROWS_AS(check_characters("queue", "", "_."), tutti::Error);
  CHECK_THROWS_AS(check_characters("queue", ".a", "_."), tutti::Error);
  CHECK_NOTHROW(check_characters("queue", "a.b_1", "_."));
}

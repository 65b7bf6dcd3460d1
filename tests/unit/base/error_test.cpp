#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <string>

using tutti::ErrorCode;
using tutti::TaskFailed;

TEST_CASE("a failed task is told in one sentence, with its story below") {
  const TaskFailed failed({.type = "std::out_of_range",
                           .message = "vector::_M_range_check",
                           .function = "simulate(int)",
                           .task = "sweep",
                           .rank = 3,
                           .host = "node7",
                           .attempt = 2,
                           .story = "submitted\nassigned to rank 3\n"});
  CHECK(std::string(failed.what()) ==
        "task 'sweep' of function simulate(int) failed on rank 3 (node7) in attempt 2: "
        "std::out_of_range: "
        "vector::_M_range_check\n  story of the task:\n    submitted\n    assigned to rank 3");
  CHECK(failed.failure().rank == 3);
}

TEST_CASE("a failed task without name, rank or reason still gives a sentence") {
  CHECK(std::string(TaskFailed({}).what()) == "task failed: no reason is known");
  tutti::TaskFailure failure;
  failure.function = "simulate";
  failure.rank = 1;
  failure.message = "threw a number";
  CHECK(std::string(TaskFailed(failure).what()) ==
        "task 'simulate' failed on rank 1: threw a number");
}

TEST_CASE("every error code has a name of its own") {
  for (int code = 0; code <= static_cast<int>(ErrorCode::mpi); ++code) {
    CHECK(tutti::name_of(static_cast<ErrorCode>(code)) != "unknown error");
    for (int other = 0; other < code; ++other) {
      CHECK(tutti::name_of(static_cast<ErrorCode>(code)) !=
            tutti::name_of(static_cast<ErrorCode>(other)));
    }
  }
  CHECK(tutti::name_of(static_cast<ErrorCode>(200)) == "unknown error");
}

#include "client/failure_ledger.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace tutti::client_module {
namespace {

detail::FailurePtr failure(const std::string& message) {
  TaskFailure details;
  details.message = message;
  return std::make_shared<const TaskFailure>(std::move(details));
}

/// The future of a task that failed is gone.
void drop(FailureLedger& ledger, const detail::FailurePtr& why, bool observed) {
  detail::FutureState state;
  state.status = Status::error;
  state.failure = why;
  state.observed = observed;
  ledger.add(state);
}

TEST_CASE("a failure that was asked for through one task counts as asked for, in any order") {
  FailureLedger ledger;
  const detail::FailurePtr shared = failure("shared");
  const detail::FailurePtr other = failure("other");
  drop(ledger, shared, false);
  drop(ledger, shared, true);
  drop(ledger, other, true);
  drop(ledger, other, false);
  CHECK_EQ(ledger.exit_code(0), 0);
  drop(ledger, failure("alone"), false);
  CHECK_EQ(ledger.exit_code(0), 1);
  CHECK_EQ(ledger.exit_code(7), 7);
}

TEST_CASE("however many failures were asked for before, the next one is known") {
  FailureLedger ledger;
  const detail::FailurePtr held = failure("held");
  drop(ledger, held, true);
  for (int number = 0; number < 30'000; ++number) drop(ledger, failure("many"), true);
  const detail::FailurePtr late = failure("late");
  drop(ledger, late, true);
  drop(ledger, late, false);
  drop(ledger, held, false);
  CHECK_EQ(ledger.exit_code(0), 0);
}

}  // namespace
}  // namespace tutti::client_module

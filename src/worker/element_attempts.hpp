#pragma once

/// call_with_retries: elements of a map that throw are called again, at once and on the same rank.

#include "tutti/detail/function_ops.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace tutti::worker {

/// Calls the elements of `call`, and those that threw again, each at most `retries` times more.
/// `attempt(number)` calls what `call` names; `number` is 1 for the first attempt. What failed
/// because its source had is not called again.
template <class Attempt>
void call_with_retries(detail::RangeCall& call, int retries, Attempt attempt) {
  attempt(1);
  std::vector<detail::ElementFailure> final;
  for (int number = 2; number <= retries + 1 && !call.failures.empty(); ++number) {
    for (detail::ElementFailure& failure : std::exchange(call.failures, {})) {
      if (failure.inherited) {
        final.push_back(std::move(failure));
        continue;
      }
      call.begin = failure.index;
      call.count = 1;
      attempt(number);
    }
  }
  std::ranges::move(final, std::back_inserter(call.failures));
  std::ranges::sort(call.failures, {}, &detail::ElementFailure::index);
}

}  // namespace tutti::worker

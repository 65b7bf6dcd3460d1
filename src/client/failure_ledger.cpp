#include "client/failure_ledger.hpp"

#include <algorithm>
#include <cstdio>

namespace tutti::client_module {
namespace {

/// Beyond this many only the exit code matters.
constexpr std::size_t kept_max = 10'000;

}  // namespace

void FailureLedger::add(const detail::FailurePtr& failure, bool observed) {
  if (observed) {
    unobserved_.erase(failure);
    observed_.insert(failure);
    if (observed_.size() >= prune_at_) prune();
  } else if (!observed_.contains(failure) && unobserved_.size() < kept_max) {
    unobserved_.try_emplace(failure, next_++);
  }
}

/// A failure that nobody else holds cannot come again.
void FailureLedger::prune() {
  std::erase_if(observed_,
                [](const detail::FailurePtr& failure) { return failure.use_count() == 1; });
  prune_at_ = std::max(prune_at_min, 2 * observed_.size());
}

void FailureLedger::add(const detail::Handle& handle) {
  if (handle.status.load() != Status::error) return;
  const bool observed = handle.observed.load();
  if (handle.failure) add(handle.failure, observed);
  if (!handle.is_group) return;
  for (const auto& [index, failure] : static_cast<const detail::GroupState&>(handle).failures)
    add(failure, observed);
}

int FailureLedger::exit_code(int main_code) const {
  std::uint64_t count = 0;
  const detail::FailurePtr* first = nullptr;
  std::uint64_t first_order = 0;
  for (const auto& [failure, order] : unobserved_) {
    if (observed_.contains(failure)) continue;
    ++count;
    if (first != nullptr && order > first_order) continue;
    first = &failure;
    first_order = order;
  }
  if (count == 0) return main_code;
  std::fprintf(stderr, "tutti: %llu %s failed and nobody asked for the result; the first one: %s\n",
               static_cast<unsigned long long>(count), count == 1 ? "task" : "tasks",
               TaskFailed(**first).what());
  return main_code == 0 ? 1 : main_code;
}

}  // namespace tutti::client_module

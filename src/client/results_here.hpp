#pragma once

/// Results that are on this rank, and those who wait for them: what both cores that have ranks
/// share.

#include "client/completion.hpp"
#include "runtime/data_exchange.hpp"
#include "runtime/progress_engine.hpp"
#include "tutti/detail/core.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace tutti::client_module {

/// True when the result is on this rank. Under the lock, like all of these.
bool is_here(detail::Target target);
/// It must be here. When it was not read yet this reads it, which may run user code. Throws Error
/// (cannot_travel) when its type throws; `task` says whose result it is, as in `problem_of`, and is
/// asked only then.
detail::InputValue value_here(detail::Target target, int here,
                              const std::function<std::string()>& task);
/// The failure of a task, of an element or of a whole map, or null; it counts as seen. Serial cores
/// have no lock.
detail::FailurePtr observed_failure(detail::Target target);
/// What the failure of a task means for its future: cancelled, or error.
Status status_of(const TaskFailure& failure);
/// Why there is no result. `status` is neither pending nor finished.
[[noreturn]] void throw_ended(detail::Target target, Status status);
/// Why a result could not be brought here.
struct Problem {
  ErrorCode code = ErrorCode::lost;
  std::string text;
};
/// What the answer of a holder means, on the rank `here`. `task` says whose result it is: "task
/// 'NAME'", or nothing.
Problem problem_of(const runtime::DataExchange::Arrived& arrived, int here,
                   const std::string& task);
/// What one call waits for.
struct Coming {
  std::size_t missing = 0;
  std::optional<Problem> problem;  ///< why the last did not come that failed

  /// Throws Error when something did not come.
  void raise() const {
    if (problem) throw Error(problem->code, problem->text);
  }
};
/// The elements of a stretch that does not travel as a whole, one by one: what is not here yet and
/// has a value. `fetch(index)` asks for one.
template <class Fetch>
void fetch_apart(const detail::GroupState& group, std::uint64_t begin, std::uint64_t count,
                 Fetch fetch) {
  auto* const handle = const_cast<detail::GroupState*>(&group);
  for (std::uint64_t index = begin; index < begin + count; ++index) {
    if (!group.failures.contains(index) && !is_here({handle, index})) fetch(index);
  }
}
/// True when a holder could not write it, or this rank could not read it.
inline bool did_not_travel(const runtime::DataExchange::Arrived& arrived) {
  return arrived.answer == runtime::DataExchange::Answer::unwritable;
}
/// The results of a gather, in bytes.
struct Gathered {
  std::uint64_t coming = 0;  ///< from other ranks
  std::uint64_t own = 0;     ///< of this rank, in memory or on its disk: they are copied
};
/// Throws Error (no_memory) when what is coming exceeds what is left of the memory limit of the
/// rank `here`, which holds `held`, or all of it the whole limit: what the rank holds itself can
/// leave for it. A limit of 0 is none.
void check_room(const Gathered& gathered, std::uint64_t held, std::uint64_t limit, int here);
/// Tells, as often as it is asked, whether enough of the targets have ended; it does not look again
/// at those that had.
template <class Ended>
auto have_ended(std::span<const detail::Target> targets, ReturnWhen when, Ended ended) {
  return [=, first_pending = std::size_t{0}]() mutable {
    if (when == ReturnWhen::first_completed) return std::ranges::any_of(targets, ended);
    while (first_pending < targets.size() && ended(targets[first_pending])) ++first_pending;
    return first_pending == targets.size();
  };
}
using runtime::deadline_of;

/// Elements [begin, begin + count) of a map have ended: tells those who wait for them.
void tell_range(detail::GroupState& group, std::uint64_t begin, std::uint64_t count,
                runtime::ProgressEngine& engine);
/// A task, or a whole map, has ended.
void tell_end(detail::Handle& handle, runtime::ProgressEngine& engine);

/// Notes who waits; the target is pending.
void add_callback(detail::Target target, std::function<void()> callback);
void add_queue(detail::Target target, const std::shared_ptr<detail::CompletionQueue::Shared>& queue,
               std::uint64_t tag);

}  // namespace tutti::client_module

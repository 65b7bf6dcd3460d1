#pragma once

/// What both cores that submit to the scheduler check and add.

#include "tutti/detail/function_ops.hpp"
#include "tutti/detail/handle.hpp"
#include "tutti/task_options.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tutti::client_module {

/// A call's stream of closure and arguments beyond this size travels as a value of its own, in
/// bytes.
inline constexpr std::size_t payload_bytes_max = 24 * 1024;

/// Options of a single task as the scheduler takes them. Throws Error (bad_argument) for those out
/// of their limits.
struct CheckedOptions {
  std::int16_t priority = 0;
  std::uint8_t retries = 0;
  std::uint32_t timeout_ms = 0;  ///< 0: none
};
CheckedOptions checked(const TaskOptions& options);
/// The same for a map, whose elements cannot be retried or timed.
CheckedOptions checked_for_map(const TaskOptions& options);

/// Throws Error (cannot_travel) when the result of the function would have to.
void check_can_travel(const detail::FunctionOps& function, int ranks);
/// Throws Error (bad_argument) when elements beyond the end of a map are named.
void check_elements(const detail::Handle& handle, std::uint64_t index, std::uint64_t count);

/// Where a submission stands in the program.
struct Origin {
  std::uint16_t depth = 0;   ///< 0: submitted by main
  std::uint64_t stream = 0;  ///< names its random numbers
};
/// Of the next submission of the task that the calling thread runs; outside of tasks of
/// `submissions`, which counts up.
Origin next_origin(std::uint64_t& submissions);

/// The ids of what is to be cancelled. Throws Error (bad_argument) for an element of a map: a map
/// can only be cancelled as a whole.
std::vector<TaskId> ids_to_cancel(std::span<const detail::Target> targets);

/// Throws Error (unsatisfiable) on a thread that runs a task: only main may do `what`.
void refuse_in_task(const char* what);

}  // namespace tutti::client_module

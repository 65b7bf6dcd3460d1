#pragma once

/// What both cores that submit to the scheduler check and add.

#include "tutti/detail/call_graph.hpp"
#include "tutti/detail/function_ops.hpp"
#include "tutti/detail/handle.hpp"
#include "tutti/task_options.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace tutti::client_module {

/// A call's stream of closure and arguments beyond this size travels as a value of its own, in
/// bytes.
inline constexpr std::size_t payload_bytes_max = 24 * 1024;

/// Options of a task, or of each element of a map, as the scheduler takes them. Throws Error
/// (bad_argument) for those out of their limits.
struct CheckedOptions {
  std::int16_t priority = 0;
  std::uint8_t retries = 0;
  std::uint32_t timeout_ms = 0;  ///< 0: none
};
CheckedOptions checked(const TaskOptions& options);

/// Throws Error (cannot_travel) when the result of the function would have to.
void check_can_travel(const detail::FunctionOps& function, int ranks);
/// Throws Error (unsatisfiable) for a gang that this run cannot have: `workers` ranks run tasks,
/// and `problem` says why there are no gangs at all.
void check_gang(std::uint32_t members, int workers, const std::string& problem,
                const TaskOptions& options);
/// Throws Error when a call is to come after something of another run.
void check_after(const TaskOptions& options, std::uint32_t epoch);
/// Throws what would keep a part of the graph from being submitted in the run `epoch` on so many
/// ranks. `uses` tells which calls are needed; `check_input` throws for a future that cannot be an
/// input.
void check_graph(const detail::CallGraph& graph, std::span<const std::uint32_t> uses, int ranks,
                 std::uint32_t epoch,
                 const std::function<void(detail::Target, std::uint64_t count)>& check_input);
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

#pragma once

/// Who is meant by the names of workers, and other things that all cores need to place data.

#include "tutti/data.hpp"
#include "tutti/detail/core.hpp"
#include "tutti/detail/elements.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tutti::client_module {

/// A rank that runs tasks, and its host.
struct WorkerPlace {
  std::int32_t rank = 0;
  std::string host;
};

/// The ranks that are named, ascending; those of all workers when none is. `ranks` is the number of
/// all ranks, whether they work or not. Throws Error (bad_argument) for a name that means nobody
/// and for a worker that is named twice.
std::vector<std::int32_t> choose_workers(const std::vector<WorkerName>& names,
                                         const std::vector<WorkerPlace>& workers, int ranks);

/// Waits for single results and whole maps. Throws the first failure in order, TaskFailed.
void await_results(detail::Core& core, std::span<const detail::Target> targets);

/// Throws Error (no_memory) when scatter() would bring `bytes` in one piece to a worker that may
/// not even hold these; `limit` is its memory limit, 0: none. (Pieces that fit are spilled as
/// needed.)
void check_share(std::uint64_t bytes, std::int32_t rank, std::uint64_t limit);

/// Throws Error (bad_argument) unless so many copies have a place on so many workers.
void check_copies(const ReplicateOptions& options, std::size_t workers);

/// Elements [begin, begin + count) as a sequence of their own, which depends on nobody's memory.
detail::ValuePtr copy_elements(const detail::Value& elements, std::uint64_t begin,
                               std::uint64_t count);

/// Copies plain elements [begin, begin + count) to their place in an array of all elements of
/// their sequence.
void copy_plain_elements(const detail::ElementsBase& elements, std::uint64_t begin,
                         std::uint64_t count, MutableBuffer all);

}  // namespace tutti::client_module

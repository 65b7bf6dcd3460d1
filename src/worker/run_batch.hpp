#pragma once

/// Runs what a thread took: calls the user's functions, catches what they throw, measures how long
/// they take.

#include "worker/work.hpp"

#include <cstddef>

namespace tutti::worker {

/// The type that is reported of failures that tutti finds itself.
inline constexpr const char* problem_type = "tutti::Error";

/// Runs all items, without any lock. Results that are wanted in the report and take at most
/// `inline_bytes_max` bytes are written to batch.streams.
void run_batch(Batch& batch, std::size_t inline_bytes_max);

/// What runs in the batch begins to wait inside of itself, on the thread that runs it: finishes
/// what is done before it, and stops its clock until continue_batch().
void pause_batch(Batch& batch, std::size_t inline_bytes_max);
void continue_batch(Batch& batch);

}  // namespace tutti::worker

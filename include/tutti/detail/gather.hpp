#pragma once

/// What Client::gather() does for maps and for single futures.

#include "tutti/detail/core.hpp"
#include "tutti/detail/map_call.hpp"
#include "tutti/future.hpp"
#include "tutti/task_options.hpp"
#include "tutti/wait.hpp"

#include <vector>

namespace tutti::detail {

template <class T>
std::vector<T> gather_map(GatherOptions options, const Futures<T>& futures) {
  std::vector<T> results;
  if (futures.empty()) return results;
  wait(futures);
  GroupState& group = futures.handle().group();
  Core& backend = Core::of(group);
  const std::vector<ValuePtr> stretches = backend.fetch_group(group);
  group.observed = true;
  if (group.failure && options.errors == Errors::raise) throw_failure(group.failure);
  if (group.failure) return results;
  if (!group.failures.empty() && options.errors == Errors::raise)
    throw_failure(group.failures.begin()->second);
  return take_elements<T>(group, stretches);
}

template <class T>
std::vector<T> gather_futures(GatherOptions options, const std::vector<Future<T>>& futures) {
  std::vector<T> results;
  if (futures.empty()) return results;
  std::vector<Target> targets;
  targets.reserve(futures.size());
  for (const Future<T>& future : futures) targets.push_back(target_of(future));
  Core& backend = Core::of(*targets.front().handle);
  backend.wait(targets, ReturnWhen::all_completed, forever);
  backend.fetch(targets);
  results.reserve(futures.size());
  for (const Target& target : targets) {
    InputValue value;
    if (find_result_here(target, value)) {
      results.push_back(input_cast<T>(value));
      continue;
    }
    if (options.errors == Errors::skip && backend.status(target) != Status::finished) {
      target.handle->observed = true;
      continue;
    }
    results.push_back(input_cast<T>(backend.result(target, forever)));
  }
  return results;
}

template <class T>
void wait_and_raise(const Futures<T>& futures) {
  if (futures.empty()) return;
  wait(futures);
  GroupState& group = futures.handle().group();
  group.observed = true;
  if (group.failure) throw_failure(group.failure);
  if (!group.failures.empty()) throw_failure(group.failures.begin()->second);
}

}  // namespace tutti::detail

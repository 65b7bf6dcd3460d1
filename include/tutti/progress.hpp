#pragma once

/// progress: waits for futures and tells how far they are.

#include "tutti/future.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace tutti {

/// For progress(). The order of the fields is part of the interface.
struct ProgressOptions {
  /// Where stderr is a file or a pipe: the time between two lines, at least one second. On a
  /// terminal there is one line, which moves ten times a second.
  std::chrono::seconds interval{5};
  /// Stands in front of the line; nothing when empty.
  std::string name = {};
};

namespace detail {

template <class T>
void add_targets(std::vector<Target>& targets, const Future<T>& future) {
  targets.push_back(target_of(future));
}
template <class T>
void add_targets(std::vector<Target>& targets, const Futures<T>& futures) {
  if (!futures.empty()) targets.push_back({futures.handle().get(), whole_group});
}
template <class T>
void add_targets(std::vector<Target>& targets, const std::vector<Future<T>>& futures) {
  for (const Future<T>& future : futures) add_targets(targets, future);
}

template <class T>
concept Progressing = requires(std::vector<Target>& targets, const T& futures) {
  add_targets(targets, futures);
};

void show_progress(const ProgressOptions& options, const std::vector<Target>& targets);

}  // namespace detail

/// Waits until all of the given futures have ended, well or not, and writes to stderr how far they
/// are: "winds: 57/132, 31/s, 2.4 s left". Takes any number of Future, Futures and vectors of
/// futures, which count together. Does not throw when a task failed (the line counts those; result
/// and gather throw), but Error (not_running) when the run ends. Any thread of rank 0 may call it.
template <detail::Progressing First, detail::Progressing... More>
void progress(const ProgressOptions& options, const First& first, const More&... more) {
  std::vector<detail::Target> targets;
  detail::add_targets(targets, first);
  (detail::add_targets(targets, more), ...);
  detail::show_progress(options, targets);
}
template <detail::Progressing First, detail::Progressing... More>
void progress(const First& first, const More&... more) {
  progress(ProgressOptions{}, first, more...);
}

}  // namespace tutti

#include "tutti/progress.hpp"

#include "client/progress_writer.hpp"
#include "tutti/error.hpp"

namespace tutti::detail {

namespace {

using Clock = std::chrono::steady_clock;
using client_module::ProgressWriter;

std::uint64_t total_of(const std::vector<Target>& targets) {
  std::uint64_t total = 0;
  for (const Target& target : targets) {
    total += target.index == whole_group ? static_cast<GroupState*>(target.handle)->total : 1;
  }
  return total;
}

/// Looking is not asking: a failure that nobody asks for still shows in the program's exit code.
bool element_failed(Target target) {
  const bool observed = target.handle->observed;
  const bool failed = Core::of(*target.handle).status(target) != Status::finished;
  target.handle->observed = observed;
  return failed;
}

/// Of targets that have all ended.
std::uint64_t failed_of(const std::vector<Target>& targets) {
  std::uint64_t failed = 0;
  for (const Target& target : targets) {
    const bool finished = target.handle->status.load(std::memory_order_acquire) == Status::finished;
    if (target.handle->is_group && target.index != whole_group) {
      failed += element_failed(target) ? 1 : 0;
    } else if (!target.handle->is_group) {
      failed += finished ? 0 : 1;
    } else if (!finished) {
      const auto& group = *static_cast<const GroupState*>(target.handle);
      failed += group.failures.empty() ? group.total : group.failures.size();
    }
  }
  return failed;
}

}  // namespace

void show_progress(const ProgressOptions& options, const std::vector<Target>& targets) {
  client_module::ProgressCount count{.total = total_of(targets)};
  CompletionQueue queue;
  for (std::size_t i = 0; i < targets.size(); ++i) queue.add(targets[i], i);
  CompletionQueue::Completion completion;
  while (count.done < count.total && queue.has_ready()) {
    queue.next(completion, forever);
    ++count.done;
  }
  count.done_at_start = count.done;

  const Clock::time_point start = Clock::now();
  const auto measure = [&] {
    count.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  };
  ProgressWriter writer(options);
  while (count.done < count.total) {
    if (queue.next(completion, writer.until_next())) ++count.done;
    measure();
    writer.write_when_due(count);
  }
  measure();
  count.failed = failed_of(targets);
  writer.write(count);
}

}  // namespace tutti::detail

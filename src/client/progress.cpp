#include "tutti/progress.hpp"

#include "client/progress_line.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

namespace tutti::detail {

namespace {

using Clock = std::chrono::steady_clock;

/// Writes the line: over the one before on a terminal, below it elsewhere.
class ProgressWriter {
 public:
  explicit ProgressWriter(const ProgressOptions& options)
      : name_(options.name), terminal_(isatty(STDERR_FILENO) == 1) {
    using std::chrono::milliseconds;
    interval_ = terminal_ ? milliseconds(100)
                          : std::max<milliseconds>(options.interval, milliseconds(1000));
    next_ = Clock::now() + interval_;
  }
  ~ProgressWriter() {
    if (open_) std::fputs("\n", stderr);
  }
  ProgressWriter(const ProgressWriter&) = delete;
  ProgressWriter& operator=(const ProgressWriter&) = delete;

  Timeout until_next() const { return std::max(next_ - Clock::now(), Clock::duration::zero()); }
  void write_when_due(const client::ProgressCount& count) {
    if (Clock::now() < next_) return;
    write(count);
    next_ = Clock::now() + interval_;
  }
  void write(const client::ProgressCount& count) {
    const std::string line = client::progress_line(name_, count);
    // The terminal's "erase to the end of the line", as the line before may have been longer.
    std::fprintf(stderr, terminal_ ? "\r%s\033[K" : "%s\n", line.c_str());
    std::fflush(stderr);
    open_ = terminal_;
  }

 private:
  std::string name_;
  bool terminal_;
  bool open_ = false;
  std::chrono::milliseconds interval_;
  Clock::time_point next_;
};

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
  client::ProgressCount count{.total = total_of(targets)};
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

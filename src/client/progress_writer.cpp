#include "client/progress_writer.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

namespace tutti::client_module {

ProgressWriter::ProgressWriter(const ProgressOptions& options)
    : name_(options.name), terminal_(isatty(STDERR_FILENO) == 1) {
  using std::chrono::milliseconds;
  interval_ =
      terminal_ ? milliseconds(100) : std::max<milliseconds>(options.interval, milliseconds(1000));
  next_ = Clock::now() + interval_;
}

ProgressWriter::~ProgressWriter() {
  if (open_) std::fputs("\n", stderr);
}

Timeout ProgressWriter::until_next() const {
  return std::max(next_ - Clock::now(), Clock::duration::zero());
}

void ProgressWriter::write_when_due(const ProgressCount& count) {
  if (Clock::now() < next_) return;
  write(count);
  next_ = Clock::now() + interval_;
}

void ProgressWriter::write(const ProgressCount& count) {
  const std::string line = progress_line(name_, count);
  // The terminal's "erase to the end of the line", as the line before may have been longer.
  std::fprintf(stderr, terminal_ ? "\r%s\033[K" : "%s\n", line.c_str());
  std::fflush(stderr);
  open_ = terminal_;
}

void ProgressWriter::clear() {
  if (!open_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  open_ = false;
}

}  // namespace tutti::client_module

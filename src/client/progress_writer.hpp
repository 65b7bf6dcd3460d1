#pragma once

/// ProgressWriter: puts progress lines on stderr, over the one before on a terminal, below it
/// elsewhere.

#include "client/progress_line.hpp"
#include "tutti/progress.hpp"

#include <chrono>
#include <string>

namespace tutti::client_module {

class ProgressWriter {
 public:
  explicit ProgressWriter(const ProgressOptions& options);
  ~ProgressWriter();
  ProgressWriter(const ProgressWriter&) = delete;
  ProgressWriter& operator=(const ProgressWriter&) = delete;

  Timeout until_next() const;
  void write_when_due(const ProgressCount& count);
  void write(const ProgressCount& count);
  /// Makes room on a terminal for other output, below which the next line comes.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  std::string name_;
  bool terminal_;
  bool open_ = false;
  std::chrono::milliseconds interval_;
  Clock::time_point next_;
};

}  // namespace tutti::client_module

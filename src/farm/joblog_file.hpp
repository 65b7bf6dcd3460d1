#pragma once

/// JoblogFile: the joblog of a running farm.

#include "farm/joblog.hpp"

#include <string>
#include <vector>

namespace tutti::farm {

class JoblogFile {
 public:
  /// No log: nothing is read or written.
  JoblogFile() = default;
  /// Opens or makes the file. With Resume::no what was there is gone. Throws Error (io) when it
  /// cannot be used or another farm writes it, Error (corrupt_data) when it is no joblog.
  JoblogFile(const std::string& path, Resume resume);
  ~JoblogFile();
  JoblogFile(const JoblogFile&) = delete;
  JoblogFile& operator=(const JoblogFile&) = delete;

  /// What was there when it was opened.
  const std::vector<JoblogEntry>& entries() const { return entries_; }
  /// Adds a line; it is in the file when this returns. Throws Error (io).
  void add(const JoblogEntry& entry);

 private:
  void write(std::string_view text);

  std::string path_;
  int file_ = -1;
  std::vector<JoblogEntry> entries_;
};

}  // namespace tutti::farm

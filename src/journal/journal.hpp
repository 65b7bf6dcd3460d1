#pragma once

/// Journal: results of finished work on disk. Opening one locks it, recovers what a killed run
/// left, and finds what is there; then new results are recorded.

#include "journal/archive.hpp"
#include "journal/lock.hpp"
#include "journal/recorder.hpp"

#include <memory>
#include <string>

namespace tutti::journal {

class Journal {
 public:
  /// `path` as Paths takes it. Throws Error: io when the files cannot be used or somebody else
  /// writes them; corrupt_data when something is damaged that no killed run explains, with what is
  /// lost. `options.warn` is told what was cut off and whose lock was taken over.
  explicit Journal(const std::string& path, RecorderOptions options = {});
  ~Journal() { close(); }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// What was there when it was opened.
  Archive& archive() { return archive_; }
  Recorder& recorder() { return *recorder_; }
  const Recorder& recorder() const { return *recorder_; }
  const Paths& paths() const { return paths_; }
  /// Writes and seals all, and gives the lock back. The second call does nothing.
  void close();

 private:
  Paths paths_;
  std::unique_ptr<Lock> lock_;
  Archive archive_;
  std::unique_ptr<Recorder> recorder_;
};

/// What is in the folder of a journal, ascending.
struct Files {
  std::vector<std::uint64_t> parts;
  std::vector<std::uint64_t> written_parts;  ///< that may not be on the disk
  std::vector<std::uint64_t> segments;
  std::vector<std::filesystem::path> unfinished;
};
/// Throws Error (io).
Files files_of(const Paths& paths);

}  // namespace tutti::journal

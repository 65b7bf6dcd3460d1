#pragma once

/// SpillFile: values of this rank on disk, in one large file without a name. The stream of a value
/// and its large buffers are written from where they lie and read back into their place.

#include "memory/file_space.hpp"
#include "tutti/detail/value.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tutti::memory {

struct SpillFileOptions {
  std::string directory;
  int rank = 0;
  /// The most that is in use at a time, in bytes; 0: until the file system is full.
  std::uint64_t bytes_max = 0;
};

/// Where a value lies and what it needs to come back. The place is given back with the last
/// reference to it.
struct SpilledValue {
  Extent extent;
  const detail::ValueOps* ops = nullptr;
  std::uint64_t stream_bytes = 0;
  std::vector<std::uint64_t> buffer_bytes;  ///< behind the stream, in order
  std::uint64_t stream_checksum = 0;
  std::uint64_t buffers_checksum = 0;
  std::uint64_t bytes() const;
};
using SpilledPtr = std::shared_ptr<const SpilledValue>;

/// Any thread may call any function. Errors name file and rank.
class SpillFile {
 public:
  /// The file is created with the first value. `later` gets work that takes a system call or two,
  /// to be done on a thread that has time: places in the file that became free.
  SpillFile(SpillFileOptions options, std::function<void(std::function<void()>)> later);
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  /// Writes a copy of the value, which must be able to travel. Throws Error (no_memory) when the
  /// disk or the cap is full, Error (io) when it cannot be written, and what writing the value
  /// throws; then nothing is kept.
  SpilledPtr write(const detail::Value& value);
  /// The value again. Throws Error (io) when it cannot be read, Error (corrupt_data) when other
  /// bytes come back than were written, and what reading the value throws.
  detail::ValuePtr read(const SpilledValue& spilled);

  /// Bytes of the file that are in use.
  std::uint64_t used_bytes() const;
  const SpillFileOptions& options() const { return options_; }

 private:
  struct Shared;
  int open_file();
  Extent take(std::uint64_t bytes);
  [[noreturn]] void give_up(Extent extent, std::uint64_t bytes, int problem);

  SpillFileOptions options_;
  /// What places need that outlive this object.
  std::shared_ptr<Shared> shared_;
};

}  // namespace tutti::memory

#pragma once

/// Files as the journal needs them: appended to, mapped, put in place so that they survive the end
/// of the machine's power.

#include "tutti/bytes.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace tutti::journal {

/// A file that grows at its end. Not for several threads, but sync() may be called beside append().
class AppendedFile {
 public:
  /// Makes a new file. Throws Error (io).
  explicit AppendedFile(std::filesystem::path path);
  ~AppendedFile();
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;

  /// Writes all pieces. When that fails nothing of them is left in the file; throws Error (io).
  void append(std::span<const ConstBuffer> pieces);
  /// What was written is on the disk. Throws Error (io).
  void sync();
  /// Any thread may ask.
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_acquire); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int file_ = -1;
  std::atomic<std::uint64_t> bytes_{0};
};

/// A file's bytes, in place.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Brings file and name to the disk: `from` is synced, renamed to `to`, and the folder is synced.
void put_in_place(const std::filesystem::path& from, const std::filesystem::path& to);
/// The new name, which may not be on the disk. Throws Error (io).
void rename_file(const std::filesystem::path& from, const std::filesystem::path& to);
/// Removes a file, if it is there.
void remove_file(const std::filesystem::path& path);
void sync_folder(const std::filesystem::path& folder);

}  // namespace tutti::journal

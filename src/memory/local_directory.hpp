#pragma once

/// The directory on a disk of the node where a rank may write what does not fit into memory.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::memory {

/// Looks up an environment variable.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

/// `$NAME` and `${NAME}` in `text` replaced. Throws Error (bad_argument) for a variable that is not
/// set.
std::string expanded(std::string_view text, const Lookup& lookup);

/// The directory by the option `local_directory`, expanded; without it the first of $SLURM_TMPDIR,
/// $TMPDIR and /tmp. Nothing is created.
std::string local_directory(std::string_view option, const Lookup& lookup);

enum class FileSystemKind : std::uint8_t { disk, network, memory };

struct FileSystem {
  FileSystemKind kind = FileSystemKind::disk;
  std::string name;  ///< "Lustre"; of a disk empty
};

/// By the magic number that statfs() gives.
FileSystem file_system_of(std::uint64_t magic);

struct DirectoryProblem {
  std::string text;          ///< a sentence to warn with; empty: none
  bool is_unusable = false;  ///< nothing can be written there
};

/// Looks at the directory: whether it can be written to, and whether it lies where spilling is slow
/// or saves no memory.
DirectoryProblem problem_of_directory(const std::string& directory);

/// Bytes that this user may still write to the file system of an open file, less a small reserve
/// for others.
std::uint64_t free_bytes(int file);

/// A file in the directory that has no name: it is gone when the process ends, in whatever way. The
/// caller closes it. Throws Error (io), naming directory, rank and reason.
int open_unnamed_file(const std::string& directory, int rank);

}  // namespace tutti::memory

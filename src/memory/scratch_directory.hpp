#pragma once

/// The directory of this rank for files of tasks, in its local directory: made when it is first
/// asked for, removed at the end of the run.

#include <filesystem>
#include <string>

namespace tutti::memory {

/// Any thread may call it; `parent` is that of the first call. Throws Error (io) when no directory
/// can be made.
std::filesystem::path scratch_directory(const std::string& parent, int rank);
/// With all that is in it; when there is none nothing happens.
void remove_scratch_directory() noexcept;

}  // namespace tutti::memory

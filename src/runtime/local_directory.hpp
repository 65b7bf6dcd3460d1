#pragma once

/// The directory of this rank for scratch files: made when it is first asked for, removed at the
/// end of the run.

#include <filesystem>

namespace tutti::runtime {

/// Any thread may call it. Throws Error (io) when no directory can be made.
std::filesystem::path local_directory(int rank);
/// With all that is in it; when there is none nothing happens.
void remove_local_directory() noexcept;

}  // namespace tutti::runtime

#include "memory/scratch_directory.hpp"

#include "tutti/error.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <system_error>

namespace tutti::memory {
namespace {

std::mutex mutex;
std::filesystem::path directory;

}  // namespace

std::filesystem::path scratch_directory(const std::string& parent, int rank) {
  const std::lock_guard guard(mutex);
  if (!directory.empty()) return directory;
  std::string name = parent + "/tutti-rank" + std::to_string(rank) + "-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    throw Error(ErrorCode::io, "no directory for files of tasks could be made in " + parent +
                                   " on rank " + std::to_string(rank) + ": " +
                                   std::strerror(errno) +
                                   "; set the option local_directory to a directory that can be "
                                   "written to");
  }
  directory = name;
  return directory;
}

void remove_scratch_directory() noexcept {
  const std::lock_guard guard(mutex);
  if (directory.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  directory.clear();
}

}  // namespace tutti::memory

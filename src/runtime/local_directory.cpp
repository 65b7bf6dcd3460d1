#include "runtime/local_directory.hpp"

#include "tutti/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <system_error>

namespace tutti::runtime {
namespace {

std::mutex mutex;
std::filesystem::path directory;

}  // namespace

std::filesystem::path local_directory(int rank) {
  const std::lock_guard guard(mutex);
  if (!directory.empty()) return directory;
  const char* parent = std::getenv("TMPDIR");
  if (parent == nullptr || *parent == 0) parent = "/tmp";
  std::string name = fmt::format("{}/tutti-rank{}-XXXXXX", parent, rank);
  if (::mkdtemp(name.data()) == nullptr) {
    throw Error(
        ErrorCode::io,
        fmt::format("no directory for scratch files could be made in {} on rank {}: {}; set "
                    "TMPDIR to a directory that can be written to",
                    parent, rank, std::strerror(errno)));
  }
  directory = name;
  return directory;
}

void remove_local_directory() noexcept {
  const std::lock_guard guard(mutex);
  if (directory.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  directory.clear();
}

}  // namespace tutti::runtime

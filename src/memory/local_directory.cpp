#include "memory/local_directory.hpp"

#include "tutti/error.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace tutti::memory {
namespace {

bool is_name_letter(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
}

struct Known {
  std::uint64_t magic;
  FileSystem file_system;
};

const std::array<Known, 17>& known_file_systems() {
  using enum FileSystemKind;
  static const std::array<Known, 17> all{{
      {0x6969, {network, "NFS"}},
      {0x0bd00bd0, {network, "Lustre"}},
      {0x47504653, {network, "GPFS"}},
      {0x19830326, {network, "BeeGFS"}},
      {0xff534d42, {network, "CIFS"}},
      {0xfe534d42, {network, "SMB"}},
      {0x517b, {network, "SMB"}},
      {0x00c36400, {network, "Ceph"}},
      {0x5346414f, {network, "AFS"}},
      {0x6b414653, {network, "AFS"}},
      {0xaad7aaea, {network, "PanFS"}},
      {0x20030528, {network, "OrangeFS"}},
      {0x01021997, {network, "9P"}},
      {0x65735546, {network, "FUSE"}},
      {0x01021994, {memory, "tmpfs"}},
      {0x858458f6, {memory, "ramfs"}},
      {0x958458f6, {memory, "hugetlbfs"}},
  }};
  return all;
}

}  // namespace

std::string expanded(std::string_view text, const Lookup& lookup) {
  std::string result;
  for (std::size_t place = 0; place < text.size();) {
    const bool braced = text.substr(place).starts_with("${");
    std::size_t end = place + (braced ? 2 : 1);
    const std::size_t begin = end;
    while (end < text.size() && is_name_letter(text[end])) ++end;
    const bool closed = !braced || (end < text.size() && text[end] == '}');
    if (text[place] != '$' || end == begin || !closed) {
      result += text[place++];
      continue;
    }
    const std::string_view name = text.substr(begin, end - begin);
    const std::optional<std::string> value = lookup(name);
    if (!value) {
      throw Error(ErrorCode::bad_argument, "the option local_directory is '" + std::string(text) +
                                               "', but there is no environment variable " +
                                               std::string(name));
    }
    result += *value;
    place = end + (braced ? 1 : 0);
  }
  return result;
}

std::string local_directory(std::string_view option, const Lookup& lookup) {
  if (!option.empty()) return expanded(option, lookup);
  for (const std::string_view name : {"SLURM_TMPDIR", "TMPDIR"}) {
    const std::optional<std::string> value = lookup(name);
    if (value && !value->empty()) return *value;
  }
  return "/tmp";
}

FileSystem file_system_of(std::uint64_t magic) {
  for (const Known& each : known_file_systems()) {
    if (each.magic == magic) return each.file_system;
  }
  return {};
}

DirectoryProblem problem_of_directory(const std::string& directory) {
  struct statfs facts {};
  const bool is_there = ::statfs(directory.c_str(), &facts) == 0;
  int error = is_there ? 0 : errno;
  struct stat kind {};
  if (is_there && ::stat(directory.c_str(), &kind) == 0 && !S_ISDIR(kind.st_mode)) error = ENOTDIR;
  if (error == 0 && ::access(directory.c_str(), W_OK | X_OK) != 0) error = errno;
  if (error != 0) {
    return {"values cannot be spilled to the local directory " + directory + " (" +
                std::strerror(error) +
                "): tasks whose results find no room in memory will fail; set the option "
                "local_directory to a directory on a disk of the node",
            true};
  }
  // Sign extension must not hide a number with the highest bit.
  const FileSystem file_system = file_system_of(static_cast<std::uint32_t>(facts.f_type));
  if (file_system.kind == FileSystemKind::network) {
    return {"the local directory " + directory + " is on a network file system (" +
            file_system.name +
            "), where spilling is slow for this job and for others; set the option "
            "local_directory to a directory on a disk of the node"};
  }
  if (file_system.kind == FileSystemKind::memory) {
    return {"the local directory " + directory + " lies in memory (" + file_system.name +
            "), so that spilling to it saves none; set the option local_directory to a directory "
            "on a disk of the node, or spill to off"};
  }
  return {};
}

std::uint64_t free_bytes(int file) {
  struct statvfs facts {};
  if (::fstatvfs(file, &facts) != 0) return 0;
  const auto unit = static_cast<std::uint64_t>(facts.f_frsize);
  const std::uint64_t available = static_cast<std::uint64_t>(facts.f_bavail) * unit;
  const std::uint64_t reserve = static_cast<std::uint64_t>(facts.f_blocks) * unit / 100;
  return available - std::min(available, reserve);
}

int open_unnamed_file(const std::string& directory, int rank) {
  int file = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    // A file system without nameless files: it has a name for a moment.
    std::string name = directory + "/tutti-" + std::to_string(rank) + "-XXXXXX";
    file = ::mkostemp(name.data(), O_CLOEXEC);
    if (file >= 0) ::unlink(name.c_str());
  }
  if (file < 0) {
    throw Error(ErrorCode::io, "rank " + std::to_string(rank) +
                                   " cannot create a file for spilled values in " + directory +
                                   ": " + std::strerror(errno));
  }
  return file;
}

}  // namespace tutti::memory

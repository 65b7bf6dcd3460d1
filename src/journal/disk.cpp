#include "journal/disk.hpp"

#include "tutti/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace tutti::journal {
namespace {

constexpr std::size_t pieces_max = 512;

[[noreturn]] void throw_io(const std::string& what, const std::filesystem::path& path,
                           int problem) {
  throw Error(ErrorCode::io,
              "could not " + what + " '" + path.string() + "': " + std::strerror(problem));
}

/// A descriptor that is closed.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : file_(::open(path.c_str(), flags)) {
    if (file_ < 0) throw_io("open", path, errno);
  }
  ~Descriptor() { ::close(file_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return file_; }

 private:
  int file_;
};

/// 0, or why not all were written.
int write_all(int file, std::vector<iovec> pieces) {
  std::size_t first = 0;
  while (first < pieces.size()) {
    const auto number = static_cast<int>(std::min(pieces_max, pieces.size() - first));
    const ssize_t written = ::writev(file, pieces.data() + first, number);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    auto left = static_cast<std::size_t>(written);
    while (first < pieces.size() && left >= pieces[first].iov_len) left -= pieces[first++].iov_len;
    if (left == 0) continue;
    pieces[first].iov_base = static_cast<std::byte*>(pieces[first].iov_base) + left;
    pieces[first].iov_len -= left;
  }
  return 0;
}

}  // namespace

AppendedFile::AppendedFile(std::filesystem::path path) : path_(std::move(path)) {
  file_ = ::open(path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0666);
  if (file_ < 0) throw_io("create", path_, errno);
}

AppendedFile::~AppendedFile() { ::close(file_); }

void AppendedFile::append(std::span<const ConstBuffer> pieces) {
  std::vector<iovec> all;
  std::uint64_t added = 0;
  for (const ConstBuffer& piece : pieces) {
    if (piece.size != 0) all.push_back({const_cast<std::byte*>(piece.data), piece.size});
    added += piece.size;
  }
  if (const int problem = write_all(file_, std::move(all)); problem != 0) {
    // A frame that was written in part would look like the end of a killed run.
    if (::ftruncate(file_, static_cast<off_t>(bytes())) != 0) throw_io("cut back", path_, errno);
    throw_io("append to", path_, problem);
  }
  bytes_ += added;
}

void AppendedFile::sync() {
  if (::fdatasync(file_) != 0) throw_io("bring to the disk", path_, errno);
}

MappedFile::MappedFile(const std::filesystem::path& path) {
  const Descriptor file(path, O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_io("look at", path, errno);
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;
  void* const place = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file.get(), 0);
  if (place == MAP_FAILED) throw_io("read", path, errno);
  data_ = static_cast<const std::byte*>(place);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void put_in_place(const std::filesystem::path& from, const std::filesystem::path& to) {
  {
    const Descriptor file(from, O_RDONLY | O_CLOEXEC);
    if (::fsync(file.get()) != 0) throw_io("bring to the disk", from, errno);
  }
  rename_file(from, to);
  sync_folder(to.has_parent_path() ? to.parent_path() : ".");
}

void rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw_io("put in place", to, errno);
}

void remove_file(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_io("remove", path, errno);
}

void sync_folder(const std::filesystem::path& folder) {
  const Descriptor file(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // Some file systems have nothing to do for folders and say so.
  if (::fsync(file.get()) != 0 && errno != EINVAL) throw_io("bring to the disk", folder, errno);
}

}  // namespace tutti::journal

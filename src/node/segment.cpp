#include "node/segment.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace tutti::node {
namespace {

// Newer than the headers of some systems that know them.
constexpr int seal_future_write = 0x0010;
constexpr int advice_populate_write = 23;

std::string last_error() { return std::strerror(errno); }

/// Memory for all of it, now. One pass that also maps the pages where the system can do that.
bool back_by_memory(int descriptor, void* data, std::size_t bytes) noexcept {
  if (madvise(data, bytes, advice_populate_write) == 0) return true;
  if (errno != EINVAL) return false;
  const int code = posix_fallocate(descriptor, 0, static_cast<off_t>(bytes));
  errno = code;
  return code == 0;
}

/// From here on it keeps its size, and nobody else maps it for writing. Kernels before 5.1 know
/// only the former.
void seal(int descriptor, Segment::Use use) noexcept {
  constexpr int size_seals = F_SEAL_SHRINK | F_SEAL_GROW;
  const int seals =
      use == Segment::Use::read_by_others ? size_seals | seal_future_write : size_seals;
  if (fcntl(descriptor, F_ADD_SEALS, seals) != 0) fcntl(descriptor, F_ADD_SEALS, size_seals);
}

}  // namespace

Segment& Segment::operator=(Segment&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(address_, other.address_);
  return *this;
}

Segment::~Segment() {
  close_descriptor();
  if (data_ != nullptr) munmap(data_, size_);
}

void Segment::close_descriptor() noexcept {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

Segment Segment::create(std::size_t bytes, Use use, std::string& problem) {
  Segment result;
  result.descriptor_ = memfd_create("tutti-node", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (result.descriptor_ < 0) {
    problem = "memfd_create failed: " + last_error();
    return {};
  }
  struct stat status {};
  void* data = MAP_FAILED;
  if (ftruncate(result.descriptor_, static_cast<off_t>(bytes)) == 0 &&
      fstat(result.descriptor_, &status) == 0) {
    data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, result.descriptor_, 0);
  }
  if (data == MAP_FAILED) {
    problem = fmt::format("{} bytes of shared memory could not be mapped: {}", bytes, last_error());
    return {};
  }
  result.data_ = static_cast<std::byte*>(data);
  result.size_ = bytes;
  seal(result.descriptor_, use);
  if (!back_by_memory(result.descriptor_, data, bytes)) {
    problem = fmt::format("the system has no {} bytes of shared memory: {}", bytes, last_error());
    return {};
  }
  result.address_ = {getpid(), result.descriptor_, status.st_dev, status.st_ino, bytes};
  return result;
}

Segment Segment::open(const SegmentAddress& address, Use use, std::string& problem) {
  const std::string path = fmt::format("/proc/{}/fd/{}", address.pid, address.descriptor);
  const bool writes = use == Use::written_by_others;
  Segment result;
  // O_NONBLOCK: with a wrong number the path may be anything, a pipe too.
  if (address.descriptor >= 0) {
    result.descriptor_ =
        ::open(path.c_str(), (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
  }
  if (result.descriptor_ < 0) {
    problem = fmt::format("{} could not be opened: {}", path, last_error());
    return {};
  }
  struct stat status {};
  if (fstat(result.descriptor_, &status) != 0 || status.st_dev != address.device ||
      status.st_ino != address.inode || !S_ISREG(status.st_mode) ||
      static_cast<std::uint64_t>(status.st_size) < address.bytes || address.bytes == 0) {
    problem = path + " is not the memory that was announced (another pid namespace?)";
    return {};
  }
  const auto bytes = static_cast<std::size_t>(address.bytes);
  void* const data = mmap(nullptr, bytes, PROT_READ | (writes ? PROT_WRITE : 0), MAP_SHARED,
                          result.descriptor_, 0);
  if (data == MAP_FAILED) {
    problem = fmt::format("{} bytes of shared memory could not be mapped: {}", bytes, last_error());
    return {};
  }
  result.data_ = static_cast<std::byte*>(data);
  result.size_ = bytes;
  // A mapping needs no descriptor.
  result.close_descriptor();
  return result;
}

}  // namespace tutti::node

#include "transport/doorbell.hpp"

#include "tutti/check.hpp"

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tutti::transport {

namespace {

/// The futexes lie in memory that processes share, so the private variants would not do.
long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value,
           const timespec* limit) noexcept {
  return syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), operation, value, limit,
                 nullptr, 0);
}

/// The first bytes of a segment; the bells follow.
struct alignas(128) Header {
  std::uint64_t secret;
};

}  // namespace

std::size_t Doorbells::segment_bytes(int count) {
  return sizeof(Header) + static_cast<std::size_t>(count) * sizeof(Bell);
}

std::unique_ptr<Doorbells> Doorbells::make_private(int count) {
  std::unique_ptr<Doorbells> result(new Doorbells);
  check(result->map(-1, count), "there is memory for the doorbells of one process");
  return result;
}

std::unique_ptr<Doorbells> Doorbells::make_shared(int count) {
  std::unique_ptr<Doorbells> result(new Doorbells);
  result->descriptor_ = memfd_create("tutti-doorbells", MFD_CLOEXEC);
  if (result->descriptor_ < 0) return nullptr;
  // Allocated now: a lack of memory must show here and not as SIGBUS at the first ring.
  const auto bytes = static_cast<off_t>(segment_bytes(count));
  if (posix_fallocate(result->descriptor_, 0, bytes) != 0) return nullptr;
  if (!result->map(result->descriptor_, count)) return nullptr;
  struct stat status {};
  if (fstat(result->descriptor_, &status) != 0) return nullptr;
  DoorbellAddress& address = result->address_;
  address = {getpid(), result->descriptor_, status.st_dev, status.st_ino, 0};
  if (getrandom(&address.secret, sizeof address.secret, GRND_NONBLOCK) < 0) {
    address.secret =
        static_cast<std::uint64_t>(getpid()) ^ reinterpret_cast<std::uintptr_t>(result.get());
  }
  static_cast<Header*>(result->segment_)->secret = address.secret;
  return result;
}

std::unique_ptr<Doorbells> Doorbells::open_shared(const DoorbellAddress& address, int count) {
  if (address.descriptor < 0) return nullptr;
  const std::string path =
      "/proc/" + std::to_string(address.pid) + "/fd/" + std::to_string(address.descriptor);
  // O_NONBLOCK: with a wrong number the path may be anything, a pipe too.
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return nullptr;
  std::unique_ptr<Doorbells> result(new Doorbells);
  result->descriptor_ = descriptor;
  struct stat status {};
  if (fstat(descriptor, &status) != 0 || status.st_dev != address.device ||
      status.st_ino != address.inode || !S_ISREG(status.st_mode) ||
      static_cast<std::size_t>(status.st_size) < segment_bytes(count)) {
    return nullptr;
  }
  if (!result->map(descriptor, count)) return nullptr;
  if (static_cast<const Header*>(result->segment_)->secret != address.secret) return nullptr;
  return result;
}

Doorbells::~Doorbells() {
  close_descriptor();
  if (segment_ != nullptr) munmap(segment_, segment_bytes_);
}

DoorbellAddress Doorbells::address() const { return address_; }

void Doorbells::close_descriptor() noexcept {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

bool Doorbells::map(int descriptor, int count) noexcept {
  const std::size_t bytes = segment_bytes(count);
  const int flags = MAP_SHARED | (descriptor < 0 ? MAP_ANONYMOUS : 0);
  void* const address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, descriptor, 0);
  if (address == MAP_FAILED) return false;
  segment_ = address;
  segment_bytes_ = bytes;
  // New pages are zero, which is what an awake bell looks like.
  bells_ = reinterpret_cast<Bell*>(static_cast<std::byte*>(address) + sizeof(Header));
  return true;
}

std::uint32_t Doorbells::prepare(int bell) noexcept {
  std::atomic<std::uint32_t>& word = bells_[bell].word;
  std::uint32_t ticket = word.load(std::memory_order_relaxed);
  // Only the owner makes the word odd, so an odd one is a sleep that was not ended.
  check(!is_asleep(ticket), "one thread at a time sleeps on a bell");
  ticket += 1;
  word.store(ticket, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return ticket;
}

bool Doorbells::sleep(int bell, std::uint32_t ticket, std::chrono::microseconds limit) noexcept {
  std::atomic<std::uint32_t>& word = bells_[bell].word;
  if (limit.count() > 0) {
    timespec time{};
    time.tv_sec = static_cast<time_t>(limit.count() / 1'000'000);
    time.tv_nsec = static_cast<long>(limit.count() % 1'000'000) * 1'000;
    futex(word, FUTEX_WAIT, ticket, &time);
  }
  return word.load(std::memory_order_acquire) != ticket;
}

void Doorbells::end(int bell, std::uint32_t ticket) noexcept {
  // Fails when somebody rang, who has then made the word even.
  bells_[bell].word.compare_exchange_strong(ticket, ticket + 1, std::memory_order_acq_rel);
}

void Doorbells::wake_sleeper(std::atomic<std::uint32_t>& word, std::uint32_t seen) noexcept {
  // Who loses the exchange need not wake: another did, or the owner woke by itself and will look.
  if (!word.compare_exchange_strong(seen, seen + 1, std::memory_order_acq_rel)) return;
  const int kept_errno = errno;  // this may run in a signal handler
  futex(word, FUTEX_WAKE, INT_MAX, nullptr);
  errno = kept_errno;
}

}  // namespace tutti::transport

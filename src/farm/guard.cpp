#include "farm/guard.hpp"

#include "tutti/check.hpp"
#include "tutti/error.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <string>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

namespace tutti::farm {
namespace {

constexpr pid_t free_slot = 0;
constexpr pid_t idle_slot = -1;
constexpr long time_to_end_ms = 1000;

void signal_all(std::span<std::atomic<pid_t>> table, int number) {
  for (const auto& slot : table) {
    if (const pid_t group = slot.load(); group > 0) ::kill(-group, number);
  }
}

bool any_left(std::span<std::atomic<pid_t>> table) {
  for (const auto& slot : table) {
    const pid_t group = slot.load();
    if (group > 0 && ::kill(-group, 0) == 0) return true;
  }
  return false;
}

/// What the guard does: waits for the end of the rank, then ends what is left, first softly.
[[noreturn]] void stand_guard(std::span<std::atomic<pid_t>> table, int alive) {
  // Out of the launcher's reach, which signals the group of the rank, and of the terminal's.
  ::setsid();
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) ::signal(number, SIG_IGN);
  const int nothing = ::open("/dev/null", O_RDWR);
  // Whoever waits for the end of the rank's output must not wait for the guard.
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, standard);
  ::dup2(alive, STDERR_FILENO + 1);
  ::close_range(STDERR_FILENO + 2, ~0u, 0);
  char nobody_writes = 0;
  while (::read(STDERR_FILENO + 1, &nobody_writes, 1) < 0 && errno == EINTR) {
  }
  signal_all(table, SIGTERM);
  constexpr long step_ms = 20;
  for (long waited_ms = 0; waited_ms < time_to_end_ms && any_left(table); waited_ms += step_ms) {
    const timespec step{.tv_sec = 0, .tv_nsec = step_ms * 1'000'000};
    ::nanosleep(&step, nullptr);
  }
  signal_all(table, SIGKILL);
  ::_exit(0);
}

}  // namespace

Guard::Guard() {
  void* memory = ::mmap(nullptr, slots * sizeof(std::atomic<pid_t>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  std::array<int, 2> ends{-1, -1};
  if (memory == MAP_FAILED || ::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(ErrorCode::io, std::string("cannot start the process that guards commands: ") +
                                   std::strerror(errno));
  table_ = {static_cast<std::atomic<pid_t>*>(memory), slots};
  const pid_t pid = ::fork();
  if (pid < 0)
    throw Error(ErrorCode::io, std::string("cannot start the process that guards commands: ") +
                                   std::strerror(errno));
  if (pid == 0) {
    ::close(ends[1]);
    stand_guard(table_, ends[0]);
  }
  ::close(ends[0]);
  alive_ = ends[1];
}

Guard::~Guard() {
  ::close(alive_);
  ::munmap(table_.data(), table_.size_bytes());
}

Guard::Slot::Slot(Guard& guard) : guard_(guard), number_(0) {
  for (; number_ < slots; ++number_) {
    pid_t expected = free_slot;
    if (guard_.table_[number_].compare_exchange_strong(expected, idle_slot)) return;
  }
  check(false, "a rank has fewer threads than a guard has slots");
}

Guard::Slot::~Slot() { guard_.table_[number_] = free_slot; }

void Guard::Slot::set(pid_t group) { guard_.table_[number_] = group == 0 ? idle_slot : group; }

}  // namespace tutti::farm

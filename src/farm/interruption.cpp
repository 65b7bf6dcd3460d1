#include "farm/interruption.hpp"

#include "tutti/error.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <signal.h>
#include <string>
#include <sys/eventfd.h>
#include <unistd.h>

namespace tutti::farm {
namespace {

std::atomic<int> received{0};
std::atomic<int> descriptor{-1};

/// Async-signal-safe.
void on_signal(int number) {
  const int saved = errno;
  if (received.exchange(number) != 0) ::_exit(128 + number);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto ignored = ::write(descriptor, &one, sizeof one);
  errno = saved;
}

}  // namespace

void catch_interruptions() {
  descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0)
    throw Error(ErrorCode::io, std::string("cannot make an event: ") + std::strerror(errno));
  struct sigaction action {};
  action.sa_handler = &on_signal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  for (const int number : std::array{SIGINT, SIGTERM, SIGUSR1})
    ::sigaction(number, &action, nullptr);
}

int interruption() noexcept { return received; }

int interruption_descriptor() noexcept { return descriptor; }

}  // namespace tutti::farm

#include "runtime/job_end.hpp"

#include "runtime/rank.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <signal.h>
#include <stdlib.h>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <utility>

namespace tutti::runtime {
namespace {

std::atomic<Rank*> job{nullptr};
std::atomic<int> signal_received{0};
std::atomic<int> signal_sender{0};
std::atomic<std::int64_t> signal_time_ms{0};
std::function<bool(int)> exit_hook;
char rank_text[16] = "0";

constexpr std::array ending_signals{SIGINT, SIGTERM, SIGUSR1};
constexpr std::array crash_signals{SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
/// What stood there before, by index in crash_signals.
std::array<struct sigaction, crash_signals.size()> before_crash;

/// How long ranks other than 0 wait for rank 0 to end the run after a signal of the launcher.
constexpr auto quiet_time = std::chrono::milliseconds(4000);
/// Launchers repeat themselves; a second signal that is meant comes later than this.
constexpr std::int64_t repetition_ms = 300;

/// Async-signal-safe.
void write_text(const char* text) {
  [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, text, std::strlen(text));
}

std::int64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void on_ending_signal(int number, siginfo_t* info, void*) {
  if (signal_received.load() != 0) {
    // The second signal does not wait for the keeper; a warning is none.
    if (number != SIGUSR1 && now_ms() - signal_time_ms > repetition_ms) ::_exit(128 + number);
    return;
  }
  signal_sender = info->si_pid;
  signal_time_ms = now_ms();
  signal_received = number;
  if (Rank* rank = job.load()) rank->engine().wake_from_signal();
}

void on_crash(int number) {
  write_text("tutti: rank ");
  write_text(rank_text);
  write_text(" was ended by ");
  const char* name = ::sigabbrev_np(number);
  write_text("SIG");
  write_text(name != nullptr ? name : "?");
  write_text(" in the code that it ran; the job ends\n");
  // Who was there before goes on: the system, MPI's stack trace, a sanitizer, or the user.
  for (std::size_t index = 0; index < crash_signals.size(); ++index) {
    if (crash_signals[index] == number) ::sigaction(number, &before_crash[index], nullptr);
  }
  ::raise(number);
}

/// Leaves a handler of the user's alone.
void handle_ending(int number) {
  struct sigaction current {};
  ::sigaction(number, nullptr, &current);
  if (current.sa_handler != SIG_DFL) return;
  struct sigaction ours {};
  ours.sa_sigaction = &on_ending_signal;
  ours.sa_flags = SA_SIGINFO;
  ::sigemptyset(&ours.sa_mask);
  ::sigaction(number, &ours, nullptr);
}

void restore_ending(int number) {
  struct sigaction current {};
  ::sigaction(number, nullptr, &current);
  if ((current.sa_flags & SA_SIGINFO) != 0 && current.sa_sigaction == &on_ending_signal)
    ::signal(number, SIG_DFL);
}

/// A rank other than 0 was sent a signal. The launcher ends all ranks when one of them ended the
/// job, or when it was itself told to: then rank 0 speaks and ends the run.
void end_by_signal(int number) {
  // A warning is for rank 0, and launchers give it to all.
  if (number == SIGUSR1) {
    signal_received = 0;
    return;
  }
  if (signal_sender.load() == ::getppid()) {
    if (now_ms() - signal_time_ms < quiet_time.count()) return;
    job = nullptr;
    ::_exit(128 + number);
  }
  abort_job(128 + number, std::string("rank ") + rank_text + " received SIG" +
                              ::sigabbrev_np(number) + "; the job ends");
}

void on_process_exit(int status, void*) {
  if (job.load() == nullptr) return;
  if (exit_hook && exit_hook(status)) return;
  abort_job(status == 0 ? 1 : status, "exit(" + std::to_string(status) + ") was called on rank " +
                                          rank_text +
                                          " before the run ended; return from main instead");
}

}  // namespace

void begin_job(Rank& rank, std::function<bool(int status)> on_exit) {
  static const bool registered = [] { return ::on_exit(&on_process_exit, nullptr) == 0; }();
  (void)registered;
  exit_hook = std::move(on_exit);
  std::snprintf(rank_text, sizeof(rank_text), "%d", rank.rank());
  signal_received = 0;
  job = &rank;
  for (const int number : ending_signals) handle_ending(number);
  for (std::size_t index = 0; index < crash_signals.size(); ++index) {
    struct sigaction ours {};
    ours.sa_handler = &on_crash;
    ::sigemptyset(&ours.sa_mask);
    ::sigaction(crash_signals[index], &ours, &before_crash[index]);
  }
}

void end_job() {
  job = nullptr;
  exit_hook = nullptr;
  for (const int number : ending_signals) restore_ending(number);
  for (std::size_t index = 0; index < crash_signals.size(); ++index) {
    struct sigaction current {};
    ::sigaction(crash_signals[index], nullptr, &current);
    if (current.sa_handler == &on_crash)
      ::sigaction(crash_signals[index], &before_crash[index], nullptr);
  }
}

void watch_job() {
  Rank* rank = job.load();
  if (rank == nullptr) return;
  if (const int number = signal_received.load(); number != 0 && rank->rank() != 0)
    end_by_signal(number);
  const auto& places = rank->transport().places();
  const auto& own = places[static_cast<std::size_t>(rank->rank())];
  if (rank->rank() != 0 && places[0].node == own.node && ::kill(places[0].pid, 0) != 0 &&
      errno == ESRCH) {
    std::fprintf(stderr, "tutti: rank %s: rank 0 is gone; leaving\n", rank_text);
    ::_exit(1);
  }
}

int ending_signal() noexcept { return signal_received; }

bool ending_signal_is_of_launcher() noexcept { return signal_sender.load() == ::getppid(); }

void await_neighbours_gone(const std::vector<transport::Place>& places) {
  constexpr auto limit = std::chrono::milliseconds(200);
  constexpr auto pause = std::chrono::milliseconds(2);
  const auto end = Clock::now() + limit;
  for (const transport::Place& place : places) {
    if (place.node != places[0].node || place.pid == places[0].pid) continue;
    while (::kill(place.pid, 0) == 0 && Clock::now() < end) std::this_thread::sleep_for(pause);
  }
}

void abort_job(int exit_code, const std::string& sentence) {
  std::fflush(stdout);
  std::fprintf(stderr, "tutti: %s\n", sentence.c_str());
  std::fflush(stderr);
  Rank* rank = job.exchange(nullptr);
  if (rank != nullptr) rank->transport().abort(exit_code);
  ::_exit(exit_code);
}

}  // namespace tutti::runtime

#pragma once

/// How a job ends when it does not end by itself: signals, exit() and abort() in user code, a rank
/// 0 that is gone. All ranks end, and the last line says why.

#include "transport/transport.hpp"

#include <functional>
#include <string>
#include <vector>

namespace tutti::runtime {

class Rank;

/// Watches the job until end_job(). `on_exit` is asked when exit(status) is called meanwhile; it
/// returns true when it has ended the run the orderly way.
void begin_job(Rank& rank, std::function<bool(int status)> on_exit);
void end_job();

/// Looks whether a signal came or rank 0 is gone; called a few times a second by the keeper thread.
void watch_job();

/// The signal that rank 0 was sent and that ends the run, or 0: SIGINT, SIGTERM, or SIGUSR1, by
/// which batch scripts warn. Any thread may ask.
int ending_signal() noexcept;
/// Whether it came from the launcher, which ends all ranks.
bool ending_signal_is_of_launcher() noexcept;

/// Waits a moment until the other ranks on rank 0's node have left. mpirun, told of a code other
/// than 0 while ranks are still leaving, ends them its own way, which takes it 2 s.
void await_neighbours_gone(const std::vector<transport::Place>& places);

/// Prints the sentence and ends all ranks of the job with this exit code.
[[noreturn]] void abort_job(int exit_code, const std::string& sentence);

}  // namespace tutti::runtime

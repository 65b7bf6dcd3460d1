#pragma once

/// Interruption: the signals that end a farm early, turned into something that can be waited for.

namespace tutti::farm {

/// Takes SIGINT, SIGTERM and SIGUSR1 from now on. The second one ends the process at once, with
/// exit code 128 and its number. To be called before the run begins, which leaves handlers alone
/// that are there. Throws Error (io).
void catch_interruptions();

/// The signal that came, or 0. Any thread may ask.
int interruption() noexcept;

/// A file descriptor that can be read from once a signal has come; nobody reads it.
int interruption_descriptor() noexcept;

}  // namespace tutti::farm

#pragma once

/// Transport between threads of one process: for programs that MPI did not launch (one rank), and
/// for tests, where each rank is a thread.

#include "transport/transport.hpp"

#include <memory>
#include <vector>

namespace tutti::transport {

/// As many transports as ranks; each may be used by another thread. Their number is at least 1.
std::vector<std::unique_ptr<Transport>> make_memory_world(int size);

}  // namespace tutti::transport

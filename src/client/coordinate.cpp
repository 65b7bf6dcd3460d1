// What the primitives of tutti/sync.hpp and tutti/queue.hpp end in.

#include "tutti/detail/core.hpp"
#include "tutti/detail/sync_call.hpp"
#include "tutti/error.hpp"

#include <fmt/format.h>

#include <cmath>

namespace tutti::detail {
namespace {

/// Values lie on rank 0, and in a packet or several of them.
constexpr std::size_t payload_bytes_max = std::size_t{1} << 30;

}  // namespace

SyncReply coordinate(const SyncCall& call, Timeout timeout) {
  if (std::isnan(timeout.seconds()) || timeout.seconds() < 0) {
    throw Error(ErrorCode::bad_argument,
                fmt::format("a time limit of {} s was given; it must be 0, not to wait, or more",
                            timeout.seconds()));
  }
  if (call.payload && call.payload->size() > payload_bytes_max) {
    throw Error(ErrorCode::bad_argument,
                fmt::format("a value of {} bytes was given to '{}'; queues, variables and topics "
                            "take up to {}: let tasks return larger ones",
                            call.payload->size(), call.names.front(), payload_bytes_max));
  }
  return Core::current("a lock, queue or another primitive of coordination")
      .coordinate(call, timeout);
}

void throw_sync_timeout(const char* what, const std::string& name, Timeout timeout) {
  if (timeout.seconds() > 0)
    throw TimeoutError(fmt::format("waited {} s for {} '{}'", timeout.seconds(), what, name));
  throw TimeoutError(
      fmt::format("{} '{}' was not there at once, and a time limit of 0 s does not wait; give a "
                  "longer one, or none",
                  what, name));
}

}  // namespace tutti::detail

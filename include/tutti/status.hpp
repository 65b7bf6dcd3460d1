#pragma once

/// Where a task stands, as its future tells.

#include <cstdint>
#include <string_view>

namespace tutti {

enum class Status : std::uint8_t {
  pending,    ///< not computed yet
  finished,   ///< the result is there
  error,      ///< the task, or one that it needs, threw
  cancelled,  ///< cancelled, or the run ended before the task did
  lost,       ///< the only copy of the result is gone
};

constexpr std::string_view name_of(Status status) {
  switch (status) {
    case Status::pending:
      return "pending";
    case Status::finished:
      return "finished";
    case Status::error:
      return "error";
    case Status::cancelled:
      return "cancelled";
    case Status::lost:
      return "lost";
  }
  return "unknown";
}

}  // namespace tutti

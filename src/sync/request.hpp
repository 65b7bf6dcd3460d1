#pragma once

/// What is asked of the primitives by which tasks and the client coordinate, and what is answered.

#include "tutti/detail/sync_call.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tutti::sync {

/// Who asks: a rank and its own number for the request.
struct RequestId {
  std::int32_t rank = 0;
  std::uint64_t number = 0;
  auto operator<=>(const RequestId&) const = default;
};

/// Who holds a lock or leases of a semaphore: an object of the program on some rank, and the task
/// that made it (0: the client).
struct Holder {
  std::int32_t rank = 0;
  std::uint64_t object = 0;
  std::uint64_t task = 0;
  /// The task is a label: an object is the same wherever it is used.
  friend bool operator==(const Holder& a, const Holder& b) {
    return a.rank == b.rank && a.object == b.object;
  }
  friend auto operator<=>(const Holder& a, const Holder& b) {
    return a.rank != b.rank ? a.rank <=> b.rank : a.object <=> b.object;
  }
};

struct Request {
  RequestId id;
  Operation operation = Operation::lock;
  Holder holder;
  std::vector<std::string> names;  ///< one, or several for lock and unlock
  std::int64_t number = 0;
  /// When it cannot be done at once: waits, or answers not_now.
  bool may_wait = true;
  Payload payload;
};

struct Answer {
  enum class Outcome : std::uint8_t {
    done,
    not_now,  ///< it would have to wait, or has waited until it was cancelled
    refused   ///< it can never be done; `problem` says why
  };
  RequestId to;
  Outcome outcome = Outcome::done;
  std::int64_t number = 0;
  Payload payload;
  std::string problem;
};

using Answers = std::vector<Answer>;

inline Answer done(RequestId to, std::int64_t number = 0, Payload payload = {}) {
  return {to, Answer::Outcome::done, number, std::move(payload), {}};
}
inline Answer not_now(RequestId to) { return {to, Answer::Outcome::not_now, 0, {}, {}}; }
inline Answer refused(RequestId to, std::string problem) {
  return {to, Answer::Outcome::refused, 0, {}, std::move(problem)};
}

}  // namespace tutti::sync

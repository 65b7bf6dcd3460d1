#pragma once

/// FunctionOps: what a rank needs to run a shipped function. One constant object per function and
/// argument types; its address travels between ranks as (module, offset).

#include "tutti/detail/value.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tutti::detail {

/// The result of another task, as a function sees it. When the value is a sequence, elements
/// [index, index + count) of it; an input of many elements may come in several pieces, in order.
struct InputValue {
  const Value* value = nullptr;
  std::uint64_t index = 0;
  std::uint64_t count = 1;
  /// Nobody else needs the value, now or later: it may be moved from.
  bool movable = false;
};

/// A piece of a sequence that feeds a map: elements [begin, begin + count) of it.
struct InputPiece {
  const Value* value = nullptr;
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
};

/// An element of a map that threw.
struct ElementFailure {
  std::uint64_t index = 0;
  std::string type;
  std::string message;
  /// The element failed because the element of the source that feeds it had failed.
  bool inherited = false;
};

/// One stretch of a map, run by one thread.
struct RangeCall {
  std::uint64_t begin = 0;
  std::uint64_t count = 0;  ///< less from when an element waits: what is behind it is run by others
  std::uint64_t index = 0;  ///< the element that runs
  /// For each source that is not symbolic, the pieces that cover [begin, begin + count), in order.
  std::span<const std::span<const InputPiece>> sources;
  /// What make_results gave, shared by all threads that work on the range. Null for void.
  Value* results = nullptr;
  std::vector<ElementFailure> failures;
};

struct FunctionOps {
  /// The name for logs, traces and errors. The payload of a call, when it is at hand, tells which
  /// function a pointer means.
  std::string (*name)(std::span<const std::byte> payload);
  /// Ops of the result (of one element for a map); null for void.
  const ValueOps* result;
  /// For a map: ops of a stretch of results; null for void.
  const ValueOps* results;
  /// One call. The result has one reference; null for void. Throws what the user's function throws.
  Value* (*call)(std::span<const std::byte> payload, std::span<const InputValue> inputs);
  /// For a map: reads closure and constants once a rank. `inputs` must outlive the result.
  Value* (*bind)(std::span<const std::byte> payload, std::span<const InputValue> inputs);
  /// For a map: room for the results of elements [begin, begin + count).
  Value* (*make_results)(std::uint64_t begin, std::uint64_t count);
  /// For a map: runs a stretch. Exceptions of elements end in `failures`.
  void (*call_range)(const Value& bound, RangeCall& call);
  /// For a single call: the same call whose payload is a value, its last input
  /// (std::vector<std::byte>).
  const FunctionOps* large;
};

}  // namespace tutti::detail

#pragma once

/// Options of single calls. The order of the fields is part of the interface: designated
/// initializers follow it.

#include <string>

namespace tutti {

/// For submit and map: `client.submit({.name = "first", .priority = 2}, f, x)`.
struct TaskOptions {
  /// Name in logs, errors and reports; the function's own name when empty. Elements of a map get
  /// "name[index]".
  std::string name = {};
  /// Higher runs earlier; -32768 to 32767. Tasks of equal priority run in order of submission.
  int priority = 0;
};

/// For scatter().
struct ScatterOptions {
  /// A copy of the whole on every rank, instead of stretches.
  bool broadcast = false;
};

/// What gather does about tasks that failed.
enum class Errors {
  raise,  ///< throws the first one, in order
  skip,   ///< leaves their results out
};

/// For gather().
struct GatherOptions {
  Errors errors = Errors::raise;
};

/// When wait() returns.
enum class ReturnWhen { all_completed, first_completed };

}  // namespace tutti

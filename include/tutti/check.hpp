#pragma once

/// check(): a promise of the program to itself. It stays on in release builds; when it is broken
/// the program is wrong and stops, after saying where.

#include "tutti/source_location.hpp"

namespace tutti {

/// Prints what was expected and where, then calls std::abort().
[[noreturn]] void check_failed(const char* what, SourceLocation where) noexcept;

/// Stops the program when `holds` is false. `what` states what should have been true.
inline void check(bool holds, const char* what,
                  SourceLocation where = SourceLocation::current()) noexcept {
  if (!holds) [[unlikely]]
    check_failed(what, where);
}

}  // namespace tutti

#pragma once

/// Which sanitizer a test was built with, for the few that look at addresses or at the size of the
/// process, or that take long.

namespace tutti::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/// Stack and heap lie elsewhere, and freed memory is kept.
inline constexpr bool memory_is_watched = true;
#else
inline constexpr bool memory_is_watched = false;
#endif

/// Walks through all graphs take one in so many: watched code is ten times slower, and the same
/// lines run for all of them.
inline constexpr unsigned graph_stride = memory_is_watched ? 9 : 1;

}  // namespace tutti::testing

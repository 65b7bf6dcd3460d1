#pragma once

/// Which sanitizer a test was built with, for the few that look at addresses or at the size of the
/// process.

namespace tutti::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/// Stack and heap lie elsewhere, and freed memory is kept.
inline constexpr bool memory_is_watched = true;
#else
inline constexpr bool memory_is_watched = false;
#endif

}  // namespace tutti::testing

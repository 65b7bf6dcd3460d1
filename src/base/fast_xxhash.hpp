#pragma once

/// xxHash with the widest vector unit of the processor it runs on, found at run time: in the caches
/// twice as fast as with what every x86 has, so that hashing costs no more than reading memory.

#include <xxhash.h>
#if defined(__x86_64__)
// Redirects the functions of xxhash.h.
#include <xxh_x86dispatch.h>
#endif

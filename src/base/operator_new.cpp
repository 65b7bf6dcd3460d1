/// operator new of programs that link tutti: that of the C++ library, which also asks for huge
/// pages when much is wanted. Containers of users clear their memory as soon as they have it, so
/// nobody can ask later; see docs/decisions/0017-huge-pages-for-large-memory.md.
///
/// Weak: a program, or an allocator it links, that brings its own operator new keeps it. Nothing
/// else is in this file, so that a linker then leaves it out. Sanitizers have their own, too.

#include "base/huge_pages.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TUTTI_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TUTTI_SANITIZED
#endif
#endif

#if !defined(TUTTI_SANITIZED)

// operator delete stays that of the C++ library, which calls free().
[[gnu::weak, gnu::visibility("default")]] void* operator new(std::size_t bytes) {
  void* memory = nullptr;
  while ((memory = std::malloc(bytes == 0 ? 1 : bytes)) == nullptr) {
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
  tutti::base::prefer_huge_pages({static_cast<std::byte*>(memory), bytes});
  return memory;
}

#endif

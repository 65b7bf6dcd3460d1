#pragma once

/// resize_uninitialized(): a vector of plain bytes gets its size without writing to its memory.
/// Writing zeros to 256 MB that are overwritten at once costs as much as receiving them.

#include <cstddef>
#include <memory>
#include <type_traits>
#include <vector>

namespace tutti::detail {

#if defined(__GLIBCXX__) && !defined(_GLIBCXX_DEBUG) && !defined(_GLIBCXX_SANITIZE_VECTOR)

/// A derived class may name the protected members of std::vector.
template <class T>
struct OpenVector : std::vector<T> {
  static void set_size(std::vector<T>& vector, std::size_t size) {
    constexpr auto implementation = &OpenVector::_M_impl;
    (vector.*implementation)._M_finish = (vector.*implementation)._M_start + size;
  }
};

template <class T>
inline constexpr bool can_resize_uninitialized = true;

/// The vector has `size` elements with unknown contents. `T` must be plain bytes.
template <class T>
void resize_uninitialized(std::vector<T>& vector, std::size_t size) {
  vector.clear();
  vector.reserve(size);
  OpenVector<T>::set_size(vector, size);
}

#else

template <class T>
inline constexpr bool can_resize_uninitialized = std::is_default_constructible_v<T>;

template <class T>
void resize_uninitialized(std::vector<T>& vector, std::size_t size) {
  vector.resize(size);
}

#endif

/// Vectors with another allocator only know how to resize.
template <class T, class Allocator>
void resize_uninitialized(std::vector<T, Allocator>& vector, std::size_t size) {
  vector.resize(size);
}

}  // namespace tutti::detail

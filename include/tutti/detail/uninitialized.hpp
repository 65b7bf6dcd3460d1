#pragma once

/// What std::vector does not offer: resize_uninitialized() gives it a size without writing to its
/// memory, as writing zeros to 256 MB that are overwritten at once costs as much as receiving them;
/// point_vector() lets it show memory that is not its own.

#include <cstddef>
#include <memory>
#include <type_traits>
#include <vector>

namespace tutti::detail {

#if defined(__GLIBCXX__) && !defined(_GLIBCXX_DEBUG) && !defined(_GLIBCXX_SANITIZE_VECTOR)

/// A derived class may name the protected members of std::vector.
template <class T, class Allocator = std::allocator<T>>
struct OpenVector : std::vector<T, Allocator> {
  using Vector = std::vector<T, Allocator>;
  static void set_size(Vector& vector, std::size_t size) {
    constexpr auto implementation = &OpenVector::_M_impl;
    (vector.*implementation)._M_finish = (vector.*implementation)._M_start + size;
  }
  static void set_memory(Vector& vector, T* data, std::size_t size) noexcept {
    constexpr auto implementation = &OpenVector::_M_impl;
    (vector.*implementation)._M_start = data;
    (vector.*implementation)._M_finish = data + size;
    (vector.*implementation)._M_end_of_storage = data + size;
  }
};

template <class T>
inline constexpr bool can_resize_uninitialized = true;

/// True for vectors that may show memory which is not their own, while nobody changes them.
template <class Vector>
inline constexpr bool can_adopt = false;
template <class T, class Allocator>
inline constexpr bool can_adopt<std::vector<T, Allocator>> =
    std::is_empty_v<Allocator>&& std::is_same_v<typename std::vector<T, Allocator>::pointer, T*>;

/// Points an empty vector to `bytes` bytes that lie elsewhere, or, with null, makes it empty again.
/// The vector must not be changed, moved or destroyed in between.
template <class Vector>
void point_vector(void* vector, void* data, std::size_t bytes) noexcept {
  using T = typename Vector::value_type;
  OpenVector<T, typename Vector::allocator_type>::set_memory(
      *static_cast<Vector*>(vector), static_cast<T*>(data), bytes / sizeof(T));
}

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

template <class Vector>
inline constexpr bool can_adopt = false;
template <class Vector>
void point_vector(void* vector, void* data, std::size_t bytes) noexcept;

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

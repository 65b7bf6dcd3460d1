#pragma once

/// What the elements of HDF5 datasets are, in files and in memory, and how parts of datasets are
/// named.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tutti::hdf5 {

/// Lengths of the dimensions, slowest first. Empty for a single value.
using Shape = std::vector<std::uint64_t>;

/// A part of a dataset: `count[d]` elements from `offset[d]` on in each dimension d.
struct Box {
  Shape offset;
  Shape count;
};

/// How a new dataset is stored.
struct DatasetOptions {
  Shape chunk = {};  ///< empty: all elements in one piece
  std::optional<double> fill_value =
      std::nullopt;  ///< of elements never written; also set as `_FillValue`
};

/// Rows of a dataset of another file that a virtual dataset shows.
struct VirtualPart {
  std::filesystem::path file;  ///< relative: to the folder of the file that shows it
  std::string dataset;
  std::uint64_t rows = 0;  ///< all that the dataset has: its first length
};

/// What the elements of a dataset are in the file.
enum class ElementType : std::uint8_t {
  int8,
  uint8,
  int16,
  uint16,
  int32,
  uint32,
  int64,
  uint64,
  float32,
  float64,
  string,  ///< text; seen, not read
  other,   ///< compounds, references, ...; seen, not read
};

/// Bytes of one element; 0 for those that are no numbers.
constexpr std::size_t size_of(ElementType type) noexcept {
  if (type == ElementType::float32) return 4;
  if (type >= ElementType::float64) return type == ElementType::float64 ? 8 : 0;
  return std::size_t{1} << (static_cast<unsigned>(type) / 2);
}

/// "int8" ... "float64", "string", "other".
std::string_view name_of(ElementType type) noexcept;

namespace detail {
template <class T, class... Types>
inline constexpr bool is_one_of = (std::same_as<T, Types> || ...);
}  // namespace detail

/// Types of elements in memory: integers up to 64 bits, float, double. No bool, no characters.
template <class T>
concept Number =
    detail::is_one_of<T, float, double, signed char, unsigned char, short, unsigned short, int,
                      unsigned, long, unsigned long, long long, unsigned long long>;

/// Numbers side by side in memory: a vector, an array, a span.
template <class R>
concept NumberRange = std::ranges::contiguous_range<const R> &&
    Number<std::remove_cv_t<std::ranges::range_value_t<const R>>>;

/// The element type in a file that keeps a `T` without change.
template <Number T>
constexpr ElementType element_type_of() noexcept {
  if (std::is_floating_point_v<T>)
    return sizeof(T) == 4 ? ElementType::float32 : ElementType::float64;
  constexpr int log2_size = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
  return static_cast<ElementType>(2 * log2_size + (std::is_signed_v<T> ? 0 : 1));
}

}  // namespace tutti::hdf5

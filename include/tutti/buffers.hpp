#pragma once

/// Buffers: how a class of your own tells where its large contiguous memory lies, so that it is
/// sent from there and received into its final place, without a copy on either side.
///
///     class Image { ... int width() const; int height() const; double* data(); ... };
///
///     template <>
///     struct tutti::Buffers<Image> {
///       static std::pair<int, int> shape(const Image& image) {
///         return {image.width(), image.height()};
///       }
///       static Image make(const std::pair<int, int>& shape) {
///         return Image(shape.first, shape.second);
///       }
///       static std::span<double> buffers(Image& image) {
///         return {image.data(), static_cast<std::size_t>(image.width() * image.height())};
///       }
///     };

namespace tutti {

/// Specialise for a class `T`, which must be default constructible and movable:
///
/// - `shape(const T&)` gives all that is needed to make a T of the same size; a value of any type
///   that can travel. It travels in the message.
/// - `make(shape)` gives a T with room for that much. What stands in it does not matter.
/// - `buffers(T&)` gives the memory: a std::span of plain bytes, or a range or std::tuple of spans,
///   in the same order and of the same sizes for each T of one shape. The memory must stay where it
///   is when the T is moved. It is written to only after make(), and else read.
///
/// They run on the ranks that send and receive, under the lock of the rank: they must be quick and
/// must not call tutti. An exception of make() fails the task that needs the value.
template <class T>
struct Buffers;

}  // namespace tutti

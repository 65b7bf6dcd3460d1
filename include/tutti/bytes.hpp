#pragma once

/// Byte streams: `Bytes` owns memory, `Writer` appends to it, `Reader` is a bounds-checked cursor.
///
/// Large contiguous data can go beside the stream ("out of band"): the writer notes where it lies
/// and the reader where it has to arrive, so that it is sent from and received into its place.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tutti {

/// A piece of memory to send from; it must stay valid and unchanged until it was sent.
struct ConstBuffer {
  const std::byte* data = nullptr;
  std::size_t size = 0;
  /// Whoever reads it can use it where it lies, in memory that several processes share.
  bool adoptable = false;
};

/// A piece of memory to receive into.
struct MutableBuffer {
  std::byte* data = nullptr;
  std::size_t size = 0;
};

/// Owned, movable, uninitialised bytes with a capacity. Moving keeps the address of the data.
class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::size_t size) { resize(size); }
  Bytes(Bytes&& other) noexcept
      : data_(std::move(other.data_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Bytes& operator=(Bytes&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }
  static Bytes copy_of(std::span<const std::byte> source) {
    Bytes result(source.size());
    if (!source.empty()) std::memcpy(result.data(), source.data(), source.size());
    return result;
  }

  std::byte* data() noexcept { return data_.get(); }
  const std::byte* data() const noexcept { return data_.get(); }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t capacity() const noexcept { return capacity_; }
  void clear() noexcept { size_ = 0; }
  /// New bytes are not initialised.
  void resize(std::size_t size) {
    reserve(size);
    size_ = size;
  }
  void reserve(std::size_t capacity) {
    if (capacity > capacity_) grow(capacity);
  }
  std::span<const std::byte> span() const noexcept { return {data_.get(), size_}; }
  operator std::span<const std::byte>() const noexcept { return span(); }

 private:
  void grow(std::size_t at_least) {
    const std::size_t capacity = std::max(at_least, capacity_ * 2);
    auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (size_ != 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = capacity;
  }

  std::unique_ptr<std::byte[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// Appends values to a byte stream. Numbers are stored as the machine has them (all ranks run one
/// binary).
class Writer {
 public:
  /// No buffer goes out of band.
  static constexpr std::size_t all_inline = std::numeric_limits<std::size_t>::max();

  Writer() = default;
  /// Buffers of at least `out_of_band_from` bytes are noted in `buffers()` and not copied.
  explicit Writer(std::size_t out_of_band_from) : out_of_band_from_(out_of_band_from) {}

  void raw(const void* source, std::size_t size) {
    if (size == 0) return;
    std::memcpy(extend(size), source, size);
  }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void value(const T& source) { std::memcpy(extend(sizeof(T)), &source, sizeof(T)); }
  /// A count; the counterpart is Reader::count.
  void count(std::uint64_t number) { value(number); }
  void text(std::string_view source) {
    count(source.size());
    raw(source.data(), source.size());
  }
  /// Contiguous data of plain bytes: copied when small, noted when large. The counterpart is
  /// Reader::begin_buffer and Reader::end_buffer, or adopt_buffer when it is `adoptable`.
  void buffer(const void* source, std::size_t size, bool adoptable = false) {
    const bool out_of_band = size >= out_of_band_from_;
    count((static_cast<std::uint64_t>(size) << 1) | (out_of_band ? 1u : 0u));
    if (out_of_band) {
      buffers_.push_back({static_cast<const std::byte*>(source), size, adoptable});
    } else {
      raw(source, size);
    }
  }

  std::size_t size() const noexcept { return bytes_.size(); }
  std::size_t out_of_band_from() const noexcept { return out_of_band_from_; }
  std::span<const std::byte> bytes() const noexcept { return bytes_.span(); }
  const std::vector<ConstBuffer>& buffers() const noexcept { return buffers_; }
  /// Overwrites what was written at `position`, for lengths that are known later.
  template <class T>
  void patch(std::size_t position, const T& source) {
    std::memcpy(bytes_.data() + position, &source, sizeof(T));
  }
  void clear() noexcept {
    bytes_.clear();
    buffers_.clear();
  }
  /// Takes back everything written after `size()` was `position`.
  void truncate(std::size_t position) noexcept { bytes_.resize(position); }
  /// Takes back the buffers noted after the first `count`.
  void drop_buffers(std::size_t count) { buffers_.resize(count); }
  Bytes take() { return std::move(bytes_); }

 private:
  std::byte* extend(std::size_t size) {
    const std::size_t old = bytes_.size();
    if (old + size > bytes_.capacity()) bytes_.reserve(std::max<std::size_t>(old + size, 64));
    bytes_.resize(old + size);
    return bytes_.data() + old;
  }

  Bytes bytes_;
  std::vector<ConstBuffer> buffers_;
  std::size_t out_of_band_from_ = all_inline;
};

/// Something that can be pointed to a buffer which lies elsewhere: an empty vector, for example.
/// With null it becomes empty again.
struct AdoptedBuffer {
  void* place = nullptr;
  void (*point)(void* place, void* data, std::size_t size) noexcept = nullptr;
  std::size_t number = 0;  ///< of the buffer among those out of band
};

/// Reads what a Writer wrote. Whatever the bytes are it never reads outside of them: bad bytes
/// throw Error with ErrorCode::corrupt_data.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  /// `out_of_band_sizes` are the sizes of the buffers that travel beside the stream, in order.
  Reader(std::span<const std::byte> bytes, std::span<const std::uint64_t> out_of_band_sizes)
      : bytes_(bytes), out_of_band_sizes_(out_of_band_sizes) {}

  void raw(void* destination, std::size_t size) {
    if (size == 0) return;
    std::memcpy(destination, view(size).data(), size);
  }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void value(T& destination) { std::memcpy(&destination, view(sizeof(T)).data(), sizeof(T)); }
  template <class T>
  requires std::is_trivially_copyable_v<T> T value() {
    T result;
    value(result);
    return result;
  }
  std::uint64_t count() { return value<std::uint64_t>(); }
  /// A count of things that take at least `bytes_each` bytes of the stream each, checked against
  /// what is left.
  std::uint64_t count_of(std::size_t bytes_each) {
    const std::uint64_t number = count();
    if (bytes_each != 0 && number > remaining() / bytes_each) too_short();
    return number;
  }
  std::string_view text() {
    const auto size = static_cast<std::size_t>(count_of(1));
    const auto bytes = view(size);
    return {reinterpret_cast<const char*>(bytes.data()), size};
  }
  /// The next `size` bytes, in place.
  std::span<const std::byte> view(std::size_t size) {
    if (size > remaining()) too_short();
    const auto result = bytes_.subspan(position_, size);
    position_ += size;
    return result;
  }
  /// The size of the buffer that comes next. end_buffer() must follow.
  std::size_t begin_buffer();
  /// Copies the buffer to `destination`, or notes that it has to arrive there.
  void end_buffer(void* destination);
  /// From here on buffers out of band need no memory where adopt_buffer() is called for them.
  /// Whatever it is called for must stay where it is until the value ends.
  void allow_adoption() noexcept { adopts_ = true; }
  /// Instead of end_buffer(): notes what will be pointed to the buffer. False when that is not
  /// wanted, or the buffer is in the stream.
  bool adopt_buffer(void* place, void (*point)(void*, void*, std::size_t) noexcept);

  std::size_t remaining() const noexcept { return bytes_.size() - position_; }
  bool at_end() const noexcept { return remaining() == 0; }
  /// Where the out-of-band buffers have to arrive, in order.
  /// Of those that are adopted only the size.
  const std::vector<MutableBuffer>& destinations() const noexcept { return destinations_; }
  const std::vector<AdoptedBuffer>& adopted() const noexcept { return adopted_; }
  /// Throws unless everything was read.
  void expect_end() const;

 private:
  [[noreturn]] static void too_short();

  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
  std::span<const std::uint64_t> out_of_band_sizes_;
  std::vector<MutableBuffer> destinations_;
  std::vector<AdoptedBuffer> adopted_;
  bool adopts_ = false;
  std::size_t buffer_size_ = 0;
  bool buffer_out_of_band_ = false;
};

}  // namespace tutti

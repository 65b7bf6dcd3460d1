#pragma once

/// Segment: shared memory without a name, which ends with its last user however that ends.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace tutti::node {

/// Where another process of the node finds a segment.
struct SegmentAddress {
  std::int64_t pid = 0;
  std::int64_t descriptor = -1;  ///< negative: there is none
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
};

class Segment {
 public:
  enum class Use : std::uint8_t {
    /// Whoever opens it can read, and the system sees to that where it can (sealed).
    read_by_others,
    /// Whoever opens it can write.
    written_by_others
  };

  Segment() = default;
  Segment(Segment&& other) noexcept { *this = static_cast<Segment&&>(other); }
  Segment& operator=(Segment&& other) noexcept;
  ~Segment();

  /// A new one, all of it backed by memory, which the caller can write to. On failure there is
  /// none, and `problem` says why: a lack of memory shows here and not at a later access.
  static Segment create(std::size_t bytes, Use use, std::string& problem);
  /// Opens what another process (or this one) created. None, and `problem`, when that is barred or
  /// something else lies there.
  static Segment open(const SegmentAddress& address, Use use, std::string& problem);

  explicit operator bool() const noexcept { return data_ != nullptr; }
  std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  /// Of a segment that was created here, while its descriptor is open.
  SegmentAddress address() const noexcept { return address_; }
  /// When nobody is going to open it any more. The memory stays.
  void close_descriptor() noexcept;

 private:
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  int descriptor_ = -1;
  SegmentAddress address_;
};

}  // namespace tutti::node

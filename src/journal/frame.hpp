#pragma once

/// Frames: what a segment of the journal consists of. Each has a magic, a length, a sequence number
/// and a checksum (XXH3) over all of it, so that a torn end is told from damage. Pure.

#include "tutti/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace tutti::journal {

/// Stands before each payload.
struct FrameHeader {
  std::uint64_t magic = 0;
  std::uint64_t payload_bytes = 0;
  std::uint64_t sequence = 0;
  std::uint64_t checksum = 0;  ///< of the two before and of the payload
};
static_assert(sizeof(FrameHeader) == 32);

struct Frame {
  std::uint64_t offset = 0;  ///< of the header
  std::uint64_t sequence = 0;
  std::span<const std::byte> payload;
};

/// Frames that go to the disk together. Large pieces are not copied: they must stay where they are
/// until the batch is written.
class FrameBatch {
 public:
  /// A frame with this stream, and these pieces behind it.
  void add(std::uint64_t sequence, std::span<const std::byte> stream,
           std::span<const ConstBuffer> pieces = {});
  /// All bytes, in order. Valid until the next add().
  std::vector<ConstBuffer> pieces() const;
  std::uint64_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }
  void clear();

 private:
  struct Outside {
    std::size_t position = 0;  ///< in `copied_`
    ConstBuffer buffer;
  };
  Writer copied_;
  std::vector<Outside> outside_;
  std::uint64_t bytes_ = 0;
};

/// Bytes between two valid frames, or before the first, that are none.
struct Damage {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool has_before = false;
  std::uint64_t sequence_before = 0;  ///< of the last valid frame before
  std::uint64_t sequence_after = 0;   ///< of the first valid one behind
};

/// What a segment's bytes are.
struct Scan {
  std::uint64_t valid_bytes = 0;  ///< up to the end of the last valid frame
  std::uint64_t torn_bytes = 0;   ///< behind it: no valid frame is among them
  std::vector<Damage> damages;
};

/// Walks all valid frames in order, whatever the bytes are.
Scan scan(std::span<const std::byte> bytes, const std::function<void(const Frame&)>& visit);

}  // namespace tutti::journal

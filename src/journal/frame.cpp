#include "journal/frame.hpp"

#include "journal/checksum.hpp"

#include <cstring>
#include <optional>

namespace tutti::journal {
namespace {

constexpr std::uint64_t magic = 0x314d5246'4a545554;  // "TUTJFRM1"
/// Pieces from this size on are not copied, in bytes.
constexpr std::size_t outside_bytes_min = 64 << 10;

std::uint64_t seed_of(std::uint64_t payload_bytes, std::uint64_t sequence) {
  return sequence * 0x9e3779b97f4a7c15u ^ payload_bytes;
}

/// The frame that begins at `offset`, if one does.
std::optional<Frame> frame_at(std::span<const std::byte> bytes, std::uint64_t offset) {
  if (bytes.size() - offset < sizeof(FrameHeader)) return std::nullopt;
  FrameHeader header;
  std::memcpy(&header, bytes.data() + offset, sizeof header);
  const std::uint64_t room = bytes.size() - offset - sizeof header;
  if (header.magic != magic || header.payload_bytes > room) return std::nullopt;
  const auto payload = bytes.subspan(offset + sizeof header, header.payload_bytes);
  if (checksum_of(payload, seed_of(header.payload_bytes, header.sequence)) != header.checksum)
    return std::nullopt;
  return Frame{offset, header.sequence, payload};
}

/// The first valid frame at `offset` or behind.
std::optional<Frame> next_frame(std::span<const std::byte> bytes, std::uint64_t offset) {
  while (offset < bytes.size()) {
    const void* found =
        ::memmem(bytes.data() + offset, bytes.size() - offset, &magic, sizeof magic);
    if (found == nullptr) return std::nullopt;
    offset = static_cast<std::uint64_t>(static_cast<const std::byte*>(found) - bytes.data());
    if (const auto frame = frame_at(bytes, offset)) return frame;
    ++offset;
  }
  return std::nullopt;
}

}  // namespace

void FrameBatch::add(std::uint64_t sequence, std::span<const std::byte> stream,
                     std::span<const ConstBuffer> pieces) {
  FrameHeader header{magic, stream.size(), sequence, 0};
  for (const ConstBuffer& piece : pieces) header.payload_bytes += piece.size;
  const std::size_t position = copied_.size();
  const std::size_t outside_before = outside_.size();
  copied_.value(header);
  copied_.raw(stream.data(), stream.size());
  for (const ConstBuffer& piece : pieces) {
    if (piece.size >= outside_bytes_min) {
      outside_.push_back({copied_.size(), piece});
    } else {
      copied_.raw(piece.data, piece.size);
    }
  }
  const std::uint64_t seed = seed_of(header.payload_bytes, sequence);
  if (outside_.size() == outside_before) {
    header.checksum = checksum_of(copied_.bytes().subspan(position + sizeof header), seed);
  } else {
    Checksum checksum(seed);
    checksum.add(stream);
    for (const ConstBuffer& piece : pieces) checksum.add({piece.data, piece.size});
    header.checksum = checksum.value();
  }
  copied_.patch(position, header);
  bytes_ += sizeof header + header.payload_bytes;
}

std::vector<ConstBuffer> FrameBatch::pieces() const {
  std::vector<ConstBuffer> all;
  std::size_t position = 0;
  const std::byte* const copied = copied_.bytes().data();
  for (const Outside& each : outside_) {
    if (each.position != position)
      all.push_back({copied + position, each.position - position, false});
    all.push_back(each.buffer);
    position = each.position;
  }
  if (position != copied_.size())
    all.push_back({copied + position, copied_.size() - position, false});
  return all;
}

void FrameBatch::clear() {
  copied_.clear();
  outside_.clear();
  bytes_ = 0;
}

Scan scan(std::span<const std::byte> bytes, const std::function<void(const Frame&)>& visit) {
  Scan result;
  bool has_before = false;
  std::uint64_t before = 0;
  std::uint64_t offset = 0;
  while (offset < bytes.size()) {
    std::optional<Frame> frame = frame_at(bytes, offset);
    if (!frame) {
      frame = next_frame(bytes, offset + 1);
      if (!frame) break;
      result.damages.push_back({offset, frame->offset, has_before, before, frame->sequence});
    }
    visit(*frame);
    has_before = true;
    before = frame->sequence;
    offset = frame->offset + sizeof(FrameHeader) + frame->payload.size();
    result.valid_bytes = offset;
  }
  result.torn_bytes = bytes.size() - result.valid_bytes;
  return result;
}

}  // namespace tutti::journal

// Segments of a journal: whatever the bytes are, reading them gives results that lie within them,
// or corrupt_data. Bytes rarely have a checksum by chance, so they are also read as the payload of
// a frame.

#include "journal/segment.hpp"
#include "tutti/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

namespace {

using namespace tutti;
using namespace tutti::journal;

void read(std::span<const std::byte> bytes) {
  try {
    const SegmentContents contents = read_segment(bytes);
    if (contents.scan.valid_bytes + contents.scan.torn_bytes != bytes.size()) std::abort();
    for (const Block& block : contents.blocks) {
      if (block.series >= contents.series.size()) std::abort();
      for (const ConstBuffer& piece : block.pieces) {
        if (piece.data < bytes.data() || piece.data + piece.size > bytes.data() + bytes.size())
          std::abort();
      }
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt_data) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  read(bytes);
  // Two frames: the first half may define what the second half refers to.
  FrameBatch batch;
  batch.add(1, bytes.first(size / 2));
  batch.add(2, bytes.subspan(size / 2));
  std::vector<std::byte> framed;
  for (const ConstBuffer& piece : batch.pieces())
    framed.insert(framed.end(), piece.data, piece.data + piece.size);
  read(framed);
  return 0;
}

// Whole packets: whatever the bytes are, decode() gives messages or throws corrupt_data, and what
// it gives encodes to the same bytes again.

#include "protocol/codec.hpp"
#include "tutti/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <variant>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> packet(reinterpret_cast<const std::byte*>(data), size);
  tutti::Reader reader(packet);
  try {
    tutti::Writer writer;
    while (!reader.at_end()) {
      const std::size_t begin = size - reader.remaining();
      const tutti::protocol::Message message = tutti::protocol::decode(reader);
      writer.clear();
      std::visit([&](const auto& each) { tutti::protocol::encode(writer, each); }, message);
      const auto read = packet.subspan(begin, size - reader.remaining() - begin);
      if (writer.size() != read.size() ||
          std::memcmp(writer.bytes().data(), read.data(), read.size()) != 0) {
        std::abort();
      }
    }
  } catch (const tutti::Error& error) {
    if (error.code() != tutti::ErrorCode::corrupt_data) std::abort();
  }
  return 0;
}

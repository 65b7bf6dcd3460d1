#include "tutti/bytes.hpp"

#include "tutti/error.hpp"

namespace tutti {

void Reader::too_short() {
  throw Error(ErrorCode::corrupt_data, "bytes end before the value that should stand in them");
}

void Reader::expect_end() const {
  if (!at_end())
    throw Error(ErrorCode::corrupt_data, "bytes are left over after the value that was read");
}

std::size_t Reader::begin_buffer() {
  const std::uint64_t word = count();
  const std::uint64_t size = word >> 1;
  buffer_out_of_band_ = (word & 1) != 0;
  if (buffer_out_of_band_) {
    const std::size_t index = destinations_.size();
    if (index >= out_of_band_sizes_.size() || out_of_band_sizes_[index] != size) {
      throw Error(ErrorCode::corrupt_data, "an out-of-band buffer was not announced with its size");
    }
  } else if (size > remaining()) {
    too_short();
  }
  buffer_size_ = static_cast<std::size_t>(size);
  return buffer_size_;
}

void Reader::end_buffer(void* destination) {
  if (buffer_out_of_band_) {
    destinations_.push_back({static_cast<std::byte*>(destination), buffer_size_});
  } else {
    raw(destination, buffer_size_);
  }
}

bool Reader::adopt_buffer(void* place, void (*point)(void*, void*, std::size_t) noexcept) {
  if (!adopts_ || !buffer_out_of_band_) return false;
  adopted_.push_back({place, point, destinations_.size()});
  destinations_.push_back({nullptr, buffer_size_});
  return true;
}

}  // namespace tutti

#include "journal/checksum.hpp"

#include <new>
#include <xxhash.h>

namespace tutti::journal {

struct Checksum::State {
  XXH3_state_t* state = XXH3_createState();
  explicit State(std::uint64_t seed) {
    if (state == nullptr || XXH3_64bits_reset_withSeed(state, seed) == XXH_ERROR)
      throw std::bad_alloc();
  }
  ~State() { XXH3_freeState(state); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Checksum::Checksum(std::uint64_t seed) : state_(std::make_unique<State>(seed)) {}
Checksum::~Checksum() = default;

void Checksum::add(std::span<const std::byte> bytes) {
  if (!bytes.empty()) XXH3_64bits_update(state_->state, bytes.data(), bytes.size());
}

std::uint64_t Checksum::value() const { return XXH3_64bits_digest(state_->state); }

std::uint64_t checksum_of(std::span<const std::byte> bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace tutti::journal

#include "base/content_hash.hpp"

#include "base/fast_xxhash.hpp"

#include <new>

namespace tutti::base {

struct ContentHasher::State {
  XXH3_state_t* state = XXH3_createState();
  State() {
    if (state == nullptr || XXH3_128bits_reset(state) == XXH_ERROR) throw std::bad_alloc();
  }
  ~State() { XXH3_freeState(state); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

ContentHash content_hash(std::span<const std::byte> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

ContentHasher::ContentHasher() : state_(std::make_unique<State>()) {}
ContentHasher::~ContentHasher() = default;

void ContentHasher::add(std::span<const std::byte> bytes) {
  if (!bytes.empty()) XXH3_128bits_update(state_->state, bytes.data(), bytes.size());
}

ContentHash ContentHasher::finish() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->state);
  return {hash.low64, hash.high64};
}

}  // namespace tutti::base

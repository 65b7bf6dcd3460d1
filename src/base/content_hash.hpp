#pragma once

/// Content hash: 128 bits that stand for the bytes of a value. Not for secrets.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace tutti::base {

struct ContentHash {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  auto operator<=>(const ContentHash&) const = default;
};

/// Of bytes that are all there; the same as from a ContentHasher.
ContentHash content_hash(std::span<const std::byte> bytes);

/// Takes the bytes piece by piece; the same bytes in other pieces give the same hash.
class ContentHasher {
 public:
  ContentHasher();
  ~ContentHasher();
  ContentHasher(const ContentHasher&) = delete;
  ContentHasher& operator=(const ContentHasher&) = delete;

  void add(std::span<const std::byte> bytes);
  ContentHash finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tutti::base

#pragma once

/// Checksum: XXH3 of 64 bits over bytes that come in pieces.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace tutti::journal {

class Checksum {
 public:
  explicit Checksum(std::uint64_t seed = 0);
  ~Checksum();
  Checksum(const Checksum&) = delete;
  Checksum& operator=(const Checksum&) = delete;

  void add(std::span<const std::byte> bytes);
  std::uint64_t value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The same of bytes that are all there.
std::uint64_t checksum_of(std::span<const std::byte> bytes, std::uint64_t seed = 0);

}  // namespace tutti::journal

#pragma once

/// Network: when a packet arrives. Order is kept between each pair of ranks and nowhere else.

#include "sim/packets.hpp"
#include "sim/random.hpp"

#include <tsl/robin_map.h>

#include <algorithm>
#include <cstdint>

namespace tutti::sim {

struct NetworkOptions {
  std::uint64_t latency_ns = 2'000;
  /// Each packet takes up to so much longer, which reorders packets between different pairs.
  std::uint64_t jitter_ns = 2'000;
  double bandwidth_bytes_per_ns = 4.0;
};

class Network {
 public:
  Network(NetworkOptions options, std::uint64_t seed) : options_(options), random_(seed) {}

  /// The time at which a packet sent now arrives.
  std::uint64_t arrival_ns(const Packet& packet, std::uint64_t now_ns) {
    const auto bytes = static_cast<double>(packet.bytes.size() + packet.data_bytes);
    const auto wire_ns = static_cast<std::uint64_t>(bytes / options_.bandwidth_bytes_per_ns);
    const std::uint64_t jitter_ns =
        options_.jitter_ns == 0 ? 0 : random_.below(options_.jitter_ns + 1);
    const std::uint64_t pair =
        static_cast<std::uint64_t>(packet.from) << 32 | static_cast<std::uint64_t>(packet.to);
    std::uint64_t& last = last_[pair];
    last = std::max(last + 1, now_ns + options_.latency_ns + jitter_ns + wire_ns);
    return last;
  }

 private:
  /// Spreads pairs that differ in their upper half only.
  struct PairHash {
    std::size_t operator()(std::uint64_t pair) const noexcept {
      return static_cast<std::size_t>(mix(pair, 3));
    }
  };

  NetworkOptions options_;
  Random random_;
  tsl::robin_map<std::uint64_t, std::uint64_t, PairHash> last_;
};

}  // namespace tutti::sim

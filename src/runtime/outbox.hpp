#pragma once

/// Outbox: messages to each rank, packed into packets. A packet goes when it is full, or when
/// flush() is called at the end of a turn; never after a timer.

#include "protocol/codec.hpp"
#include "transport/transport.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace tutti::runtime {

class Outbox {
 public:
  explicit Outbox(transport::Transport& transport)
      : transport_(transport), packets_(static_cast<std::size_t>(transport.size())) {}

  /// Appends a message that takes at most `bytes_max` bytes. One that no packet can hold goes in
  /// fragments.
  template <class Message>
  void add(int to, const Message& message, std::size_t bytes_max) {
    if (bytes_max > transport::packet_bytes_max) return add_fragments(to, message);
    Writer& packet = packets_[static_cast<std::size_t>(to)];
    if (packet.size() + bytes_max > transport::packet_bytes_max) send(to);
    if (packet.size() == 0) dirty_.push_back(to);
    protocol::encode(packet, message);
  }
  /// Sends all that was added. True when there was something.
  bool flush() {
    if (dirty_.empty()) return false;
    for (const int to : dirty_) send(to);
    dirty_.clear();
    return true;
  }
  bool empty() const { return dirty_.empty(); }

 private:
  template <class Message>
  void add_fragments(int to, const Message& message) {
    Writer whole;
    protocol::encode(whole, message);
    std::span<const std::byte> left = whole.bytes();
    constexpr std::size_t fragment_bytes = transport::packet_bytes_max / 2;
    while (!left.empty()) {
      const std::size_t size = std::min(left.size(), fragment_bytes);
      add(to, protocol::Fragment{size == left.size(), left.first(size)}, size + 16);
      left = left.subspan(size);
    }
  }
  void send(int to) {
    Writer& packet = packets_[static_cast<std::size_t>(to)];
    if (packet.size() != 0) transport_.send(to, packet.take());
  }

  transport::Transport& transport_;
  std::vector<Writer> packets_;
  std::vector<int> dirty_;
};

}  // namespace tutti::runtime

#pragma once

/// Outbox: messages to each rank, packed into packets. A packet goes when it is full, or when flush() is called at the end of a turn;
/// never after a timer.

#include <cstdint>
#include <vector>

#include "protocol/codec.hpp"
#include "transport/transport.hpp"

namespace tutti::runtime {

class Outbox {
 public:
  explicit Outbox(transport::Transport& transport)
      : transport_(transport), packets_(static_cast<std::size_t>(transport.size())) {}

  /// Appends a message that takes at most `bytes_max` bytes, which a packet can hold.
  template <class Message>
  void add(int to, const Message& message, std::size_t bytes_max) {
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
  void send(int to) {
    Writer& packet = packets_[static_cast<std::size_t>(to)];
    if (packet.size() != 0) transport_.send(to, packet.take());
  }

  transport::Transport& transport_;
  std::vector<Writer> packets_;
  std::vector<int> dirty_;
};

}  // namespace tutti::runtime

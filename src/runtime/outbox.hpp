#pragma once

/// Outbox: messages to each rank, packed into packets. A packet goes when it is full, or when
/// flush() is called at the end of a turn; never after a timer. What may wait for company goes
/// when its rank has nothing better to do.

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
      : transport_(transport),
        packets_(static_cast<std::size_t>(transport.size())),
        states_(packets_.size(), State::empty) {}

  /// Appends a message that takes at most `bytes_max` bytes. One that no packet can hold goes in
  /// fragments.
  template <class Message>
  void add(int to, const Message& message, std::size_t bytes_max) {
    if (bytes_max > transport::packet_bytes_max) return add_fragments(to, message);
    append(to, message, bytes_max);
    State& state = states_[static_cast<std::size_t>(to)];
    if (state == State::goes) return;
    state = State::goes;
    dirty_.push_back(to);
  }
  /// The same for a message that may wait for company: it goes with the next one to that rank that
  /// may not, when the packet is full, or with flush_all().
  template <class Message>
  void add_patient(int to, const Message& message, std::size_t bytes_max) {
    append(to, message, bytes_max);
    State& state = states_[static_cast<std::size_t>(to)];
    if (state != State::empty) return;
    state = State::waits;
    patient_.push_back(to);
  }
  /// Sends all that may not wait, and what lies in the same packets. True when there was something.
  bool flush() { return send_all(dirty_); }
  bool flush_all() {
    const bool sent = flush();
    return send_all(patient_) || sent;
  }

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
  template <class Message>
  void append(int to, const Message& message, std::size_t bytes_max) {
    Writer& packet = packets_[static_cast<std::size_t>(to)];
    if (packet.size() + bytes_max > transport::packet_bytes_max) transport_.send(to, packet.take());
    protocol::encode(packet, message);
  }
  bool send_all(std::vector<int>& ranks) {
    bool sent = false;
    for (const int to : ranks) {
      Writer& packet = packets_[static_cast<std::size_t>(to)];
      states_[static_cast<std::size_t>(to)] = State::empty;
      if (packet.size() == 0) continue;
      transport_.send(to, packet.take());
      sent = true;
    }
    ranks.clear();
    return sent;
  }

  enum class State : std::uint8_t { empty, waits, goes };

  transport::Transport& transport_;
  std::vector<Writer> packets_;
  std::vector<State> states_;
  std::vector<int> dirty_;    ///< ranks whose packets go with the next flush
  std::vector<int> patient_;  ///< ranks whose packets wait for company, or did
};

}  // namespace tutti::runtime

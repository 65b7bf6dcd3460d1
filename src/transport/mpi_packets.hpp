#pragma once

/// Control packets over MPI: a ring of receives that are always posted, and sends that own their
/// bytes.

#include "transport/mpi_requests.hpp"
#include "tutti/bytes.hpp"

#include <mpi.h>

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace tutti::transport {

/// Receives packets from any rank. The receives match in the order of the ring and are delivered in
/// it, so the packets of a sender keep their order.
class PacketRing {
 public:
  using OnPacket = std::function<void(int from, std::span<const std::byte> packet)>;

  explicit PacketRing(MPI_Comm communicator);
  /// The receives must have been stopped.
  ~PacketRing() = default;
  PacketRing(const PacketRing&) = delete;
  PacketRing& operator=(const PacketRing&) = delete;

  /// Delivers what is there. Returns whether there was anything. `thorough`: what had arrived
  /// before the call is delivered for sure; else it may take the next call.
  bool poll(const OnPacket& on_packet, bool thorough);
  /// Withdraws the receives, at the end.
  void stop();

 private:
  static constexpr std::size_t slots = 16;

  struct Arrived {
    bool is_there = false;
    MPI_Status status;
  };

  void test_all();
  void test_next();
  void deliver_next(const OnPacket& on_packet);

  std::unique_ptr<std::byte[]> buffers_;
  std::array<MPI_Request, slots> requests_;
  std::array<Arrived, slots> arrived_;
  std::size_t next_ = 0;
};

/// Sends packets and keeps those that MPI still needs.
///
/// MPI takes small packets from a sender at once and piles them up at a receiver that is slow,
/// without limit over TCP. So one packet in a while is sent synchronously, which completes when the
/// receiver takes it, and no more than two of those are on the way to one rank: other packets wait
/// here.
class PacketSender {
 public:
  /// `on_late` is told the receiver of a packet that had to wait, once it has gone.
  PacketSender(MPI_Comm communicator, RequestSet& requests, std::function<void(int to)> on_late);
  PacketSender(const PacketSender&) = delete;
  PacketSender& operator=(const PacketSender&) = delete;

  void send(int to, Bytes packet);
  /// Packets that have not gone.
  std::size_t pending() const noexcept { return pending_; }

 private:
  struct Slot final : Operation {
    void on_complete(const MPI_Status&) override { owner->gone(*this); }
    PacketSender* owner = nullptr;
    int to = 0;
    bool is_synchronous = false;
    Bytes packet;
  };

  /// The way to one rank.
  struct Lane {
    std::size_t bytes_since_synchronous = 0;
    int synchronous = 0;  // on the way
    std::deque<Bytes> waiting;
    bool is_open() const { return synchronous < synchronous_max; }
  };

  static constexpr int synchronous_max = 2;

  void post(int to, Bytes packet);
  void gone(Slot& slot);

  MPI_Comm communicator_;
  RequestSet& requests_;
  std::function<void(int to)> on_late_;
  std::vector<Lane> lanes_;
  std::deque<Slot> slots_;
  std::vector<Slot*> free_;
  std::size_t pending_ = 0;
};

}  // namespace tutti::transport

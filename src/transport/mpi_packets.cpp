#include "transport/mpi_packets.hpp"

#include "transport/mpi_session.hpp"
#include "transport/transport.hpp"
#include "tutti/check.hpp"

#include <utility>

namespace tutti::transport {

namespace {

constexpr int packet_tag = 0;
/// Up to this size MPI libraries send eagerly, so that the send is mostly complete at once, in
/// bytes.
constexpr std::size_t eager_bytes_max = 4096;
/// After so many bytes to one rank a packet is sent synchronously; a packet counts for some bytes
/// more than it has, for what MPI keeps about it.
constexpr std::size_t synchronous_every_bytes = 64 * 1024;
constexpr std::size_t bytes_about_a_packet = 64;

}  // namespace

PacketRing::PacketRing(MPI_Comm communicator)
    : buffers_(std::make_unique_for_overwrite<std::byte[]>(slots * packet_bytes_max)) {
  for (std::size_t i = 0; i < slots; ++i) {
    check_mpi(MPI_Recv_init(buffers_.get() + i * packet_bytes_max,
                            static_cast<int>(packet_bytes_max), MPI_BYTE, MPI_ANY_SOURCE,
                            packet_tag, communicator, &requests_[i]));
    check_mpi(MPI_Start(&requests_[i]));
  }
}

bool PacketRing::poll(const OnPacket& on_packet, bool thorough) {
  test_all();
  if (thorough && !arrived_[next_].is_there) test_next();
  if (!arrived_[next_].is_there) return false;
  while (arrived_[next_].is_there) deliver_next(on_packet);
  return true;
}

// Open MPI first looks at the requests, and lets its network work (and yields the core) only when
// none is complete. So this costs a loop that finds something little, also when it stops at the
// last packet. But Open MPI does not look again after the network's work; the next call does.
void PacketRing::test_all() {
  int completed = 0;
  std::array<int, slots> indices;
  std::array<MPI_Status, slots> statuses;
  const int code = MPI_Testsome(static_cast<int>(slots), requests_.data(), &completed,
                                indices.data(), statuses.data());
  if (code != MPI_ERR_IN_STATUS) check_mpi(code);
  const auto count = completed == MPI_UNDEFINED ? 0 : static_cast<std::size_t>(completed);
  for (std::size_t i = 0; i < count; ++i) {
    if (code == MPI_ERR_IN_STATUS) check_mpi(statuses[i].MPI_ERROR);
    arrived_[static_cast<std::size_t>(indices[i])] = {true, statuses[i]};
  }
}

void PacketRing::test_next() {
  int complete = 0;
  Arrived& arrived = arrived_[next_];
  check_mpi(MPI_Test(&requests_[next_], &complete, &arrived.status));
  arrived.is_there = complete != 0;
}

void PacketRing::deliver_next(const OnPacket& on_packet) {
  const std::size_t slot = next_;
  next_ = (next_ + 1) % slots;
  arrived_[slot].is_there = false;
  const MPI_Status& status = arrived_[slot].status;
  int size = 0;
  check_mpi(MPI_Get_count(&status, MPI_BYTE, &size));
  try {
    on_packet(status.MPI_SOURCE,
              {buffers_.get() + slot * packet_bytes_max, static_cast<std::size_t>(size)});
  } catch (...) {
    // The ring goes on whatever the receiver thinks of the packet.
    MPI_Start(&requests_[slot]);
    throw;
  }
  check_mpi(MPI_Start(&requests_[slot]));
}

void PacketRing::stop() {
  for (MPI_Request& each : requests_) {
    check_mpi(MPI_Cancel(&each));
    check_mpi(MPI_Wait(&each, MPI_STATUS_IGNORE));
    check_mpi(MPI_Request_free(&each));
  }
}

PacketSender::PacketSender(MPI_Comm communicator, RequestSet& requests,
                           std::function<void(int to)> on_late)
    : communicator_(communicator), requests_(requests), on_late_(std::move(on_late)) {
  int size = 0;
  check_mpi(MPI_Comm_size(communicator, &size));
  lanes_ = std::vector<Lane>(static_cast<std::size_t>(size));
}

void PacketSender::send(int to, Bytes packet) {
  check(packet.size() <= packet_bytes_max, "a control packet has at most packet_bytes_max bytes");
  Lane& lane = lanes_[static_cast<std::size_t>(to)];
  if (lane.is_open() && lane.waiting.empty()) [[likely]] {
    post(to, std::move(packet));
  } else {
    lane.waiting.push_back(std::move(packet));
    ++pending_;
  }
}

void PacketSender::post(int to, Bytes packet) {
  Lane& lane = lanes_[static_cast<std::size_t>(to)];
  lane.bytes_since_synchronous += packet.size() + bytes_about_a_packet;
  const bool is_synchronous = lane.bytes_since_synchronous > synchronous_every_bytes;
  const auto begin_send = is_synchronous ? MPI_Issend : MPI_Isend;
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(begin_send(packet.data(), static_cast<int>(packet.size()), MPI_BYTE, to, packet_tag,
                       communicator_, &request));
  if (is_synchronous) {
    lane.bytes_since_synchronous = 0;
    ++lane.synchronous;
  } else if (packet.size() <= eager_bytes_max) {
    int complete = 0;
    check_mpi(MPI_Test(&request, &complete, MPI_STATUS_IGNORE));
    if (complete != 0) return;
  }
  if (free_.empty()) {
    slots_.emplace_back().owner = this;
    free_.push_back(&slots_.back());
  }
  Slot& slot = *free_.back();
  free_.pop_back();
  slot.to = to;
  slot.is_synchronous = is_synchronous;
  slot.packet = std::move(packet);
  ++pending_;
  requests_.add(request, slot);
}

void PacketSender::gone(Slot& slot) {
  const int to = slot.to;
  Lane& lane = lanes_[static_cast<std::size_t>(to)];
  if (slot.is_synchronous) --lane.synchronous;
  slot.packet = Bytes();
  --pending_;
  free_.push_back(&slot);
  while (lane.is_open() && !lane.waiting.empty()) {
    Bytes next = std::move(lane.waiting.front());
    lane.waiting.pop_front();
    --pending_;
    post(to, std::move(next));
  }
  on_late_(to);
}

}  // namespace tutti::transport

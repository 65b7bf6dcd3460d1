#pragma once

/// Transport: bytes between ranks. Control packets in order, bulk data into its place, collectives,
/// and sleeping until something arrives. Two implementations: MPI, and threads of one process.
///
/// Threads: `wake` may be called by any thread, `sleep` by one thread at a time, all else by one
/// thread at a time under the caller's lock, except `abort`: any thread. Nothing here blocks but
/// `sleep` and `finish`. A failure of the MPI library is thrown as Error (mpi).

#include "tutti/bytes.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace tutti::transport {

/// Called once, from poll(), when an operation is complete.
using Done = std::function<void()>;

/// Where a rank runs.
struct Place {
  std::string host;
  int node = 0;        ///< ranks with the same number share memory
  int local_rank = 0;  ///< position among the ranks of the node
  int pid = 0;
};

/// How many collectives of each kind were entered since the start.
struct CollectiveCounts {
  std::uint64_t broadcast = 0;
  std::uint64_t scatter = 0;
  std::uint64_t gather = 0;
};

/// Longest control packet that may be sent, in bytes.
inline constexpr std::size_t packet_bytes_max = 64 * 1024;

/// A scatter or gather whose pieces are longer than this in all, in bytes, must be entered as
/// large.
inline constexpr std::size_t collective_bytes_max = std::size_t{1} << 30;

class Transport {
 public:
  /// Called for each packet; the bytes are valid during the call only. It may send, but must not
  /// poll.
  using OnPacket = std::function<void(int from, std::span<const std::byte> packet)>;

  virtual ~Transport() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// One entry a rank.
  virtual const std::vector<Place>& places() const = 0;
  /// When this rank could first send: after MPI_Init.
  std::chrono::steady_clock::time_point ready_since() const { return ready_since_; }
  /// One line for people: library, version, and how bytes move.
  virtual std::string description() const = 0;

  /// Sends one control packet of at most packet_bytes_max bytes; packets between two ranks keep
  /// their order. To oneself is allowed. Rings the receiver's doorbell when it sleeps. Never
  /// blocks: packets that a slow receiver has not taken wait here, so a sender bounds its memory by
  /// sending on when busy() is false.
  virtual void send(int to, Bytes packet) = 0;
  /// Moves everything on: delivers packets that arrived, runs the callbacks of completed
  /// operations. Returns true when something was delivered or completed.
  virtual bool poll(const OnPacket& on_packet) = 0;

  /// Sends `data`, of any size (beyond 2 GiB too), to a matching receive_bulk. The memory must stay
  /// valid until `done`. Both sides pass the same size. Several transfers with one (pair, tag)
  /// match in order. MPI may use fewer bits of the tag (Open MPI: the lower 31), so give tags out
  /// by counting.
  virtual void send_bulk(int to, std::uint32_t tag, ConstBuffer data, Done done) = 0;
  virtual void receive_bulk(int from, std::uint32_t tag, MutableBuffer data, Done done) = 0;

  /// Collectives: all ranks enter the same ones in the same order. Sizes beyond 2 GiB are allowed.
  /// The root sends from `data`, the others receive into it; all know the size.
  virtual void broadcast(int root, MutableBuffer data, Done done) = 0;
  /// The root has one piece a rank (its own included, copied to `own`); the others pass no pieces.
  /// Each rank knows the size of its own piece. `large` says that the pieces are longer than
  /// collective_bytes_max in all: the root knows and tells the others, all ranks must pass the
  /// same. It may be true for less, too. Large ones move from rank to rank without a collective of
  /// MPI.
  virtual void scatter(int root, std::vector<ConstBuffer> pieces, MutableBuffer own, bool large,
                       Done done) = 0;
  virtual void gather(int root, ConstBuffer own, std::vector<MutableBuffer> pieces, bool large,
                      Done done) = 0;
  virtual CollectiveCounts collective_counts() const = 0;

  /// True while operations are under way that only poll() moves on; such a rank must not sleep
  /// long.
  virtual bool busy() const = 0;

  /// To sleep without missing a message: prepare_sleep(), poll() once more, then sleep(ticket,
  /// limit) if there was nothing (without the lock), and always end_sleep().
  virtual std::uint32_t prepare_sleep() = 0;
  /// True when somebody rang: something comes, perhaps a moment after.
  virtual bool sleep(std::uint32_t ticket, std::chrono::microseconds limit) = 0;
  virtual void end_sleep() = 0;
  /// Ends a sleep of this rank, or the next one that is prepared already. Async-signal-safe.
  virtual void wake() noexcept = 0;
  /// The longest sleep that keeps the latency of messages from other nodes in bounds, and what is
  /// under way in motion. It grows while the rank is idle.
  virtual std::chrono::microseconds sleep_limit() const = 0;

  /// The orderly end, entered by all ranks: completes what was sent, then leaves. Blocks; packets
  /// go to `on_packet`, which receives the bulk data that they announce: their sender waits for
  /// that. Throws Error (timeout) when the other ranks do not come within 30 s. A transport that is
  /// destroyed without it leaves MPI as it is, so that the launcher ends the job.
  virtual void finish(const OnPacket& on_packet) = 0;
  /// Ends all ranks of the job at once with this exit code.
  [[noreturn]] virtual void abort(int exit_code) noexcept = 0;

 private:
  std::chrono::steady_clock::time_point ready_since_ = std::chrono::steady_clock::now();
};

}  // namespace tutti::transport

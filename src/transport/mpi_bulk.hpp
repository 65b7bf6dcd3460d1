#pragma once

/// Data of any size over MPI, point to point, received into its place.

#include "transport/mpi_requests.hpp"
#include "transport/transport.hpp"
#include "tutti/bytes.hpp"

#include <mpi.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <vector>

namespace tutti::transport {

/// Longest piece that is given to MPI at once, in bytes: its counts are ints.
inline constexpr std::size_t piece_bytes_max = std::size_t{1} << 30;

/// Several requests that together are one thing to wait for: a transfer, or a collective.
class Transfer final : public Operation {
 public:
  void on_complete(const MPI_Status& status) override;

 private:
  friend class TransferTable;
  class TransferTable* owner = nullptr;
  std::size_t open = 0;            // requests that are not complete
  std::size_t expected_bytes = 0;  // to receive, in all
  std::size_t received_bytes = 0;
  bool counts_bytes = false;
  Done done;
};

/// The transfers under way. Their callbacks are collected here until they are run.
class TransferTable {
 public:
  explicit TransferTable(RequestSet& requests) : requests_(requests) {}
  TransferTable(const TransferTable&) = delete;
  TransferTable& operator=(const TransferTable&) = delete;

  /// Begins a transfer without requests; close() must follow.
  Transfer& open(Done done);
  void add(Transfer& transfer, MPI_Request request);
  /// All requests of the transfer were added.
  void close(Transfer& transfer);

  /// All pieces of a message are posted at once, so that messages of one pair and tag match in
  /// order.
  void add_send(Transfer& transfer, MPI_Comm communicator, int to, int tag, ConstBuffer data);
  void add_receive(Transfer& transfer, MPI_Comm communicator, int from, int tag,
                   MutableBuffer data);

  /// Runs the callbacks of what is complete. True when there were any.
  bool run_done();
  std::size_t pending() const noexcept { return pending_; }

 private:
  friend class Transfer;
  void finish_request(Transfer& transfer);

  RequestSet& requests_;
  std::deque<Transfer> transfers_;
  std::vector<Transfer*> free_;
  std::vector<Done> done_;
  std::size_t pending_ = 0;
};

}  // namespace tutti::transport

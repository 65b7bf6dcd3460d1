#include "transport/mpi_bulk.hpp"

#include "transport/mpi_session.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace tutti::transport {

void Transfer::on_complete(const MPI_Status& status) {
  if (counts_bytes) {
    int size = 0;
    check_mpi(MPI_Get_count(&status, MPI_BYTE, &size));
    received_bytes += static_cast<std::size_t>(size);
  }
  owner->finish_request(*this);
}

Transfer& TransferTable::open(Done done) {
  if (free_.empty()) {
    transfers_.emplace_back().owner = this;
    free_.push_back(&transfers_.back());
  }
  Transfer& transfer = *free_.back();
  free_.pop_back();
  transfer.open = 1;  // stands for the requests that will still be added
  transfer.expected_bytes = 0;
  transfer.received_bytes = 0;
  transfer.counts_bytes = false;
  transfer.done = std::move(done);
  ++pending_;
  return transfer;
}

void TransferTable::add(Transfer& transfer, MPI_Request request) {
  ++transfer.open;
  requests_.add(request, transfer);
}

void TransferTable::close(Transfer& transfer) { finish_request(transfer); }

void TransferTable::finish_request(Transfer& transfer) {
  if (--transfer.open != 0) return;
  if (transfer.received_bytes != transfer.expected_bytes) {
    throw Error(ErrorCode::mpi,
                "a transfer brought " + std::to_string(transfer.received_bytes) + " bytes where " +
                    std::to_string(transfer.expected_bytes) +
                    " were expected; its sender and receiver do not agree on its size");
  }
  done_.push_back(std::move(transfer.done));
  free_.push_back(&transfer);
  --pending_;
}

void TransferTable::add_send(Transfer& transfer, MPI_Comm communicator, int to, int tag,
                             ConstBuffer data) {
  std::size_t offset = 0;
  do {  // an empty message is one piece
    const std::size_t piece = std::min(piece_bytes_max, data.size - offset);
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Isend(data.data + offset, static_cast<int>(piece), MPI_BYTE, to, tag,
                        communicator, &request));
    add(transfer, request);
    offset += piece;
  } while (offset < data.size);
}

void TransferTable::add_receive(Transfer& transfer, MPI_Comm communicator, int from, int tag,
                                MutableBuffer data) {
  transfer.counts_bytes = true;
  transfer.expected_bytes += data.size;
  std::size_t offset = 0;
  do {
    const std::size_t piece = std::min(piece_bytes_max, data.size - offset);
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Irecv(data.data + offset, static_cast<int>(piece), MPI_BYTE, from, tag,
                        communicator, &request));
    add(transfer, request);
    offset += piece;
  } while (offset < data.size);
}

bool TransferTable::run_done() {
  if (done_.empty()) return false;
  // One by one off the list: a callback may begin transfers, and one may throw.
  std::size_t count = done_.size();
  std::size_t next = 0;
  try {
    while (next < count) {
      const Done done = std::move(done_[next++]);
      if (done) done();
    }
  } catch (...) {
    done_.erase(done_.begin(), done_.begin() + static_cast<std::ptrdiff_t>(next));
    throw;
  }
  done_.erase(done_.begin(), done_.begin() + static_cast<std::ptrdiff_t>(count));
  return true;
}

}  // namespace tutti::transport

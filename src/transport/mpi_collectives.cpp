#include "transport/mpi_collectives.hpp"

#include "transport/mpi_session.hpp"
#include "tutti/check.hpp"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

namespace tutti::transport {

namespace {

/// Large scatters and gathers: they match in order, so one tag does.
constexpr int large_tag = 0;

void copy(MutableBuffer to, ConstBuffer from) {
  check(to.size == from.size, "a rank's own piece is as long as the place for it");
  if (to.size != 0 && to.data != from.data) std::memcpy(to.data, from.data, to.size);
}

/// The pieces of a root as MPI wants them: one base address, counts and displacements in ints.
/// Where the pieces lie too far apart for that they are staged in one block. MPI reads the lists
/// until the end.
struct Layout {
  std::vector<int> counts;
  std::vector<int> displacements;
  std::byte* base = nullptr;
  Bytes staging;
};

/// `skipped`, the root, has no share in it: its own piece is copied directly.
template <class Buffer>
std::shared_ptr<Layout> lay_out(const std::vector<Buffer>& pieces, int skipped) {
  auto layout = std::make_shared<Layout>();
  std::uintptr_t lowest = UINTPTR_MAX;
  std::uintptr_t highest = 0;
  std::size_t total = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const bool counts = i != static_cast<std::size_t>(skipped) && pieces[i].size != 0;
    const std::size_t size = counts ? pieces[i].size : 0;
    total += size;
    check(total <= collective_bytes_max,
          "a collective that is not large is at most collective_bytes_max");
    layout->counts.push_back(static_cast<int>(size));
    if (!counts) continue;
    lowest = std::min(lowest, reinterpret_cast<std::uintptr_t>(pieces[i].data));
    highest = std::max(highest, reinterpret_cast<std::uintptr_t>(pieces[i].data));
  }
  const bool in_place = highest <= lowest || highest - lowest <= INT_MAX;
  if (!in_place) layout->staging.resize(total);
  layout->base = in_place ? reinterpret_cast<std::byte*>(lowest) : layout->staging.data();
  if (total == 0) layout->base = nullptr;
  std::size_t staged = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto count = static_cast<std::size_t>(layout->counts[i]);
    const std::size_t offset = count == 0 ? 0
                               : in_place
                                   ? reinterpret_cast<std::uintptr_t>(pieces[i].data) - lowest
                                   : staged;
    layout->displacements.push_back(static_cast<int>(offset));
    staged += count;
  }
  return layout;
}

}  // namespace

MpiCollectives::MpiCollectives(MPI_Comm communicator, int rank, int size, TransferTable& transfers)
    : communicator_(communicator), rank_(rank), size_(size), transfers_(transfers) {}

void MpiCollectives::broadcast(int root, MutableBuffer data, Done done) {
  ++counts_.broadcast;
  Transfer& transfer = transfers_.open(std::move(done));
  std::size_t offset = 0;
  do {
    const std::size_t piece = std::min(piece_bytes_max, data.size - offset);
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Ibcast(data.data + offset, static_cast<int>(piece), MPI_BYTE, root, communicator_,
                         &request));
    transfers_.add(transfer, request);
    offset += piece;
  } while (offset < data.size);
  transfers_.close(transfer);
}

void MpiCollectives::scatter(int root, const std::vector<ConstBuffer>& pieces, MutableBuffer own,
                             bool large, Done done) {
  ++counts_.scatter;
  check(pieces.size() == (rank_ == root ? static_cast<std::size_t>(size_) : 0),
        "the root of a scatter passes one piece a rank, the others none");
  if (rank_ == root) copy(own, pieces[static_cast<std::size_t>(root)]);
  if (rank_ == root && !large) return scatter_root(pieces, std::move(done));
  Transfer& transfer = transfers_.open(std::move(done));
  if (rank_ == root) {
    for (int to = 0; to < size_; ++to) {
      const ConstBuffer piece = pieces[static_cast<std::size_t>(to)];
      if (to != root) transfers_.add_send(transfer, communicator_, to, large_tag, piece);
    }
  } else if (large) {
    transfers_.add_receive(transfer, communicator_, root, large_tag, own);
  } else {
    check(own.size <= collective_bytes_max,
          "a piece of a scatter that is not large is short enough");
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Iscatterv(nullptr, nullptr, nullptr, MPI_BYTE, own.data,
                            static_cast<int>(own.size), MPI_BYTE, root, communicator_, &request));
    transfers_.add(transfer, request);
  }
  transfers_.close(transfer);
}

void MpiCollectives::scatter_root(const std::vector<ConstBuffer>& pieces, Done done) {
  const auto layout = lay_out(pieces, rank_);
  for (std::size_t i = 0; i < pieces.size() && !layout->staging.empty(); ++i) {
    if (layout->counts[i] == 0) continue;
    std::memcpy(layout->base + layout->displacements[i], pieces[i].data, pieces[i].size);
  }
  Transfer& transfer = transfers_.open([layout, done = std::move(done)] {
    if (done) done();
  });
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Iscatterv(layout->base, layout->counts.data(), layout->displacements.data(),
                          MPI_BYTE, MPI_IN_PLACE, 0, MPI_BYTE, rank_, communicator_, &request));
  transfers_.add(transfer, request);
  transfers_.close(transfer);
}

void MpiCollectives::gather(int root, ConstBuffer own, const std::vector<MutableBuffer>& pieces,
                            bool large, Done done) {
  ++counts_.gather;
  check(pieces.size() == (rank_ == root ? static_cast<std::size_t>(size_) : 0),
        "the root of a gather passes one piece a rank, the others none");
  if (rank_ == root) copy(pieces[static_cast<std::size_t>(root)], own);
  if (rank_ == root && !large) return gather_root(pieces, std::move(done));
  Transfer& transfer = transfers_.open(std::move(done));
  if (rank_ == root) {
    for (int from = 0; from < size_; ++from) {
      const MutableBuffer piece = pieces[static_cast<std::size_t>(from)];
      if (from != root) transfers_.add_receive(transfer, communicator_, from, large_tag, piece);
    }
  } else if (large) {
    transfers_.add_send(transfer, communicator_, root, large_tag, own);
  } else {
    check(own.size <= collective_bytes_max,
          "a piece of a gather that is not large is short enough");
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Igatherv(own.data, static_cast<int>(own.size), MPI_BYTE, nullptr, nullptr,
                           nullptr, MPI_BYTE, root, communicator_, &request));
    transfers_.add(transfer, request);
  }
  transfers_.close(transfer);
}

void MpiCollectives::gather_root(const std::vector<MutableBuffer>& pieces, Done done) {
  const auto layout = lay_out(pieces, rank_);
  Transfer& transfer = transfers_.open([layout, pieces, done = std::move(done)] {
    for (std::size_t i = 0; i < pieces.size() && !layout->staging.empty(); ++i) {
      if (layout->counts[i] == 0) continue;
      std::memcpy(pieces[i].data, layout->base + layout->displacements[i], pieces[i].size);
    }
    if (done) done();
  });
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Igatherv(MPI_IN_PLACE, 0, MPI_BYTE, layout->base, layout->counts.data(),
                         layout->displacements.data(), MPI_BYTE, rank_, communicator_, &request));
  transfers_.add(transfer, request);
  transfers_.close(transfer);
}

}  // namespace tutti::transport

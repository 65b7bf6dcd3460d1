#pragma once

/// Broadcast, scatter and gather over MPI's non-blocking collectives.

#include "transport/mpi_bulk.hpp"
#include "transport/transport.hpp"
#include "tutti/bytes.hpp"

#include <mpi.h>

#include <vector>

namespace tutti::transport {

/// The collectives of one communicator; see Transport for what they promise.
class MpiCollectives {
 public:
  MpiCollectives(MPI_Comm communicator, int rank, int size, TransferTable& transfers);

  void broadcast(int root, MutableBuffer data, Done done);
  void scatter(int root, const std::vector<ConstBuffer>& pieces, MutableBuffer own, bool large,
               Done done);
  void gather(int root, ConstBuffer own, const std::vector<MutableBuffer>& pieces, bool large,
              Done done);
  CollectiveCounts counts() const { return counts_; }

 private:
  void scatter_root(const std::vector<ConstBuffer>& pieces, Done done);
  void gather_root(const std::vector<MutableBuffer>& pieces, Done done);

  MPI_Comm communicator_;
  int rank_;
  int size_;
  TransferTable& transfers_;
  CollectiveCounts counts_;
};

}  // namespace tutti::transport

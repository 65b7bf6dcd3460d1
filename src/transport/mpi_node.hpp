#pragma once

/// The exchange at the start: who runs where, and the doorbells of the node.

#include "transport/doorbell.hpp"
#include "transport/mpi_session.hpp"
#include "transport/transport.hpp"

#include <memory>
#include <vector>

namespace tutti::transport {

/// What a rank knows about where all run.
struct Neighbourhood {
  std::vector<Place> places;
  int nodes = 0;
  /// Indexed by local rank, or one private bell when the node has none in common.
  std::unique_ptr<Doorbells> doorbells;
  bool doorbells_are_shared = false;
};

/// Collective over all ranks of the session.
Neighbourhood meet(const MpiSession& session);

}  // namespace tutti::transport

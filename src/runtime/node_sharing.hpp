#pragma once

/// NodeSharing: which ranks read each other's large values in place, and how they agree on it.

#include "node/node_store.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tutti::transport {
struct Place;
}

namespace tutti::runtime {

struct NodeSharing {
  /// Null when the ranks of this node share no memory.
  std::shared_ptr<node::NodeStore> store;
  /// By rank: its number among the ranks that share memory with this one; -1 for all others.
  std::vector<int> local_ranks;
  /// By rank: the first rank that shares memory with it, or itself.
  std::vector<int> leaders;

  bool with(int rank) const {
    return store != nullptr && local_ranks[static_cast<std::size_t>(rank)] >= 0;
  }
  bool anywhere() const;
  /// All leaders, in order.
  std::vector<int> all_leaders() const;
};

/// What a rank knows before it has heard of others: the first rank of each node has made the table.
struct NodeOffer {
  std::unique_ptr<node::NodeTable> table;
  node::TableAddress address;
  std::string problem;
};
/// Nothing where one process is alone on its node.
NodeOffer make_node_offer(const std::vector<transport::Place>& places, int rank);

/// Opens the table that the first rank of the node offers. Without one, a problem.
void accept_node_offer(NodeOffer& own, const node::TableAddress& offered,
                       const std::vector<transport::Place>& places, int rank);

/// How it ends, from what all ranks say: `problems` by rank, empty where a rank has the table. A
/// node shares memory when all its ranks can.
NodeSharing conclude_sharing(NodeOffer own, const std::vector<std::string>& problems,
                             const std::vector<transport::Place>& places, int rank,
                             std::uint64_t memory_limit_bytes);

/// The sentence for people when some node shares no memory although it could; else "".
std::string sharing_problem(const std::vector<std::string>& problems,
                            const std::vector<transport::Place>& places);

}  // namespace tutti::runtime

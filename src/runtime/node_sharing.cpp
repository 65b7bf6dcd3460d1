#include "runtime/node_sharing.hpp"

#include "transport/transport.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace tutti::runtime {
namespace {

using transport::Place;

/// The ranks of a node, in order.
std::vector<int> ranks_of_node(const std::vector<Place>& places, int node) {
  std::vector<int> ranks;
  for (std::size_t rank = 0; rank < places.size(); ++rank) {
    if (places[rank].node == node) ranks.push_back(static_cast<int>(rank));
  }
  return ranks;
}

std::vector<int> neighbours_of(const std::vector<Place>& places, int rank) {
  return ranks_of_node(places, places[static_cast<std::size_t>(rank)].node);
}

/// Several processes: ranks that are threads of one share all memory anyway.
bool could_share(const std::vector<Place>& places, const std::vector<int>& ranks) {
  std::set<int> processes;
  for (const int rank : ranks) processes.insert(places[static_cast<std::size_t>(rank)].pid);
  return ranks.size() > 1 && processes.size() == ranks.size();
}

/// Idle memory of one rank that is kept to be used again, at most, in bytes.
constexpr std::uint64_t idle_bytes_max = std::uint64_t{512} << 20;

}  // namespace

bool NodeSharing::anywhere() const {
  for (std::size_t rank = 0; rank < leaders.size(); ++rank) {
    if (leaders[rank] != static_cast<int>(rank)) return true;
  }
  return false;
}

std::vector<int> NodeSharing::all_leaders() const {
  std::vector<int> result;
  for (std::size_t rank = 0; rank < leaders.size(); ++rank) {
    if (leaders[rank] == static_cast<int>(rank)) result.push_back(static_cast<int>(rank));
  }
  return result;
}

NodeOffer make_node_offer(const std::vector<Place>& places, int rank) {
  NodeOffer offer;
  const std::vector<int> ranks = neighbours_of(places, rank);
  if (!could_share(places, ranks) || ranks.front() != rank) return offer;
  offer.table = node::NodeTable::create(static_cast<int>(ranks.size()), offer.problem);
  if (offer.table != nullptr) offer.address = offer.table->address();
  return offer;
}

void accept_node_offer(NodeOffer& own, const node::TableAddress& offered,
                       const std::vector<Place>& places, int rank) {
  if (own.table != nullptr || !own.problem.empty()) return;
  const std::vector<int> ranks = neighbours_of(places, rank);
  if (!could_share(places, ranks)) return;
  if (offered.segment.descriptor < 0) {
    own.problem = fmt::format("rank {} could not make shared memory", ranks.front());
    return;
  }
  own.table = node::NodeTable::open(offered, static_cast<int>(ranks.size()), own.problem);
}

NodeSharing conclude_sharing(NodeOffer own, const std::vector<std::string>& problems,
                             const std::vector<Place>& places, int rank,
                             std::uint64_t memory_limit_bytes) {
  NodeSharing sharing;
  sharing.local_ranks.assign(places.size(), -1);
  for (std::size_t each = 0; each < places.size(); ++each) {
    const std::vector<int> ranks = neighbours_of(places, static_cast<int>(each));
    const bool shares =
        could_share(places, ranks) && std::ranges::all_of(ranks, [&](int neighbour) {
          return problems[static_cast<std::size_t>(neighbour)].empty();
        });
    sharing.leaders.push_back(shares ? ranks.front() : static_cast<int>(each));
    if (!shares || static_cast<int>(each) != rank) continue;
    int local_rank = 0;
    int own_number = 0;
    for (const int neighbour : ranks) {
      if (neighbour == rank) own_number = local_rank;
      sharing.local_ranks[static_cast<std::size_t>(neighbour)] = local_rank++;
    }
    // All have opened it.
    own.table->close_descriptor();
    node::NodeLimits limits;
    limits.idle_bytes_max = idle_bytes_max;
    // 0: no limit.
    if (memory_limit_bytes != 0) {
      limits.owned_bytes_max = memory_limit_bytes;
      limits.idle_bytes_max = std::min(idle_bytes_max, memory_limit_bytes / 8);
    }
    sharing.store = std::make_shared<node::NodeStore>(std::move(own.table), own_number, limits);
  }
  return sharing;
}

std::string sharing_problem(const std::vector<std::string>& problems,
                            const std::vector<Place>& places) {
  for (std::size_t rank = 0; rank < problems.size(); ++rank) {
    if (problems[rank].empty()) continue;
    const std::size_t ranks = neighbours_of(places, static_cast<int>(rank)).size();
    return fmt::format(
        "the {} ranks on {} cannot share memory, so that values of 1 MiB and more are copied to "
        "each rank that uses them: rank {}: {}",
        ranks, places[rank].host, rank, problems[rank]);
  }
  return "";
}

}  // namespace tutti::runtime

#include "transport/mpi_node.hpp"

#include <boost/mpi/collectives.hpp>
#include <boost/mpi/datatype.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include <algorithm>
#include <functional>
#include <unistd.h>

namespace boost::serialization {

template <class Archive>
void serialize(Archive& archive, tutti::transport::Place& place, unsigned) {
  archive& place.host& place.node& place.local_rank& place.pid;
}

template <class Archive>
void serialize(Archive& archive, tutti::transport::DoorbellAddress& address, unsigned) {
  archive& address.pid& address.descriptor& address.device& address.inode& address.secret;
}

}  // namespace boost::serialization

namespace boost::mpi {

template <>
struct is_mpi_datatype<tutti::transport::DoorbellAddress> : mpl::true_ {};

}  // namespace boost::mpi

namespace tutti::transport {

namespace mpi = boost::mpi;

namespace {

/// Ranks of one node agree: all hear one set of bells, or each has its own.
std::unique_ptr<Doorbells> share_doorbells(const mpi::communicator& node) {
  std::unique_ptr<Doorbells> bells;
  DoorbellAddress address;
  if (node.rank() == 0) {
    bells = Doorbells::make_shared(node.size());
    if (bells != nullptr) address = bells->address();
  }
  mpi::broadcast(node, address, 0);
  if (node.rank() != 0) bells = Doorbells::open_shared(address, node.size());
  const int mine = bells != nullptr ? 1 : 0;
  if (mpi::all_reduce(node, mine, mpi::minimum<int>()) == 0) return nullptr;
  bells->close_descriptor();
  return bells;
}

/// Nodes by number, in the order of their first ranks.
int number_nodes(std::vector<Place>& places, const std::vector<int>& leaders) {
  std::vector<int> nodes(leaders);
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto node = std::lower_bound(nodes.begin(), nodes.end(), leaders[i]);
    places[i].node = static_cast<int>(node - nodes.begin());
  }
  return static_cast<int>(nodes.size());
}

}  // namespace

Neighbourhood meet(const MpiSession& session) {
  const mpi::communicator& world = session.control();
  MPI_Comm raw_node = MPI_COMM_NULL;
  check_mpi(
      MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, world.rank(), MPI_INFO_NULL, &raw_node));
  const mpi::communicator node(raw_node, mpi::comm_take_ownership);

  Neighbourhood result;
  int leader = world.rank();
  mpi::broadcast(node, leader, 0);
  std::vector<int> leaders;
  mpi::all_gather(world, leader, leaders);
  const Place mine{mpi::environment::processor_name(), 0, node.rank(), static_cast<int>(getpid())};
  mpi::all_gather(world, mine, result.places);
  result.nodes = number_nodes(result.places, leaders);

  result.doorbells = share_doorbells(node);
  result.doorbells_are_shared = result.doorbells != nullptr;
  if (result.doorbells == nullptr) result.doorbells = Doorbells::make_private(1);
  return result;
}

}  // namespace tutti::transport

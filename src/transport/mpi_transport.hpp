#pragma once

/// Transport over MPI. This header does not need mpi.h.

#include "transport/transport.hpp"

#include <memory>

namespace boost::mpi {
class communicator;
}

namespace tutti::transport {

/// Initialises MPI and joins all ranks of the job; finish() finalizes MPI. All ranks call it.
/// Throws Error (bad_launch) when MPI cannot be used, with the reason; where MPI_Init fails MPI
/// ends the process.
std::unique_ptr<Transport> start_mpi(int& argc, char**& argv);

/// Joins the ranks of a communicator of a program that has initialised MPI itself and will finalize
/// it. All its ranks call it; it is duplicated and may be used for other things.
std::unique_ptr<Transport> attach_mpi(const boost::mpi::communicator& world);

/// From which communicators of gangs are made: all ranks, in their order. Null for a transport
/// without MPI. It lives as long as the transport.
const boost::mpi::communicator* parent_of_gangs(const Transport& transport);

}  // namespace tutti::transport

#pragma once

/// Tasks that are parallel themselves: several ranks run one together, with a communicator of their
/// own.

#include "tutti/client.hpp"
#include "tutti/detail/gang_call.hpp"

#include <boost/mpi/communicator.hpp>

namespace tutti {

/// For submit: `client.submit(gang(4), f, arguments...)` runs `f(boost::mpi::communicator&,
/// arguments...)` on four ranks at once, beside other tasks. The future gets what the
/// communicator's rank 0 returns, when all have returned. Every member gets all arguments; none may
/// move from them, so a parameter by value is a copy.
///
/// The communicator is that of these ranks alone, and may serve later gangs of the same ranks: all
/// messages must have been received when the function returns. When a member throws, the others get
/// an error out of the call of MPI in which they wait (of Boost.MPI: boost::mpi::exception), and
/// the gang fails with what was thrown first. The same happens when it is cancelled, or its time is
/// over. Only calls of the thread that runs the member are watched so.
///
/// Throws Error at submit: unsatisfiable for more members than there are ranks that run tasks, and
/// inside of a gang; bad_argument for less than one. Without MPI a gang of one starts it.
inline Gang gang(int size) { return {size}; }

}  // namespace tutti

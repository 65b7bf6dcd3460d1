#pragma once

/// For programs that initialise MPI themselves.

#include "tutti/run.hpp"

#include <boost/mpi/communicator.hpp>

namespace tutti {

namespace detail {
int run_program(const boost::mpi::communicator& communicator, const Options& options,
                const std::function<int(Client&)>& main);
}

/// Like run(argc, argv, main), on the ranks of a communicator. All of its ranks call it; it is
/// duplicated and free for other use, and MPI stays initialised. MPI must have been initialised
/// with MPI_THREAD_SERIALIZED or MPI_THREAD_MULTIPLE.
template <std::invocable<Client&> Main>
int run(const boost::mpi::communicator& communicator, Main&& main, const Options& options = {}) {
  return detail::run_program(communicator, options, detail::as_main(main));
}

}  // namespace tutti

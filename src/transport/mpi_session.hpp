#pragma once

/// MPI's beginning and end, and how its failures become errors.

#include "tutti/source_location.hpp"

#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>
#include <mpi.h>

#include <memory>
#include <string>

namespace tutti::transport {

/// Throws Error (mpi) with MPI's own text when a call of the library failed.
void check_mpi(int code, SourceLocation where = SourceLocation::current());

/// Our use of MPI: initialised by us or by the program, and the communicators that are ours alone.
class MpiSession {
 public:
  /// Initialises MPI. Throws Error (bad_launch) when the program did so itself, or when the library
  /// gives no thread level that we can work with. When MPI_Init itself fails MPI ends the process.
  static std::unique_ptr<MpiSession> start(int& argc, char**& argv);
  /// Uses MPI as the program has initialised it; all ranks of `world` take part. It stays
  /// initialised.
  static std::unique_ptr<MpiSession> adopt(const boost::mpi::communicator& world);

  /// Leaves nothing to MPI: without leave() the communicators stay, and MPI is not finalized.
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  /// Frees the communicators and finalizes MPI if we initialised it. All ranks enter it.
  void leave();

  /// Errors are returned, not fatal, on these.
  const boost::mpi::communicator& control() const { return parts_->control; }
  const boost::mpi::communicator& data() const { return parts_->data; }
  const boost::mpi::communicator& collective() const { return parts_->collective; }
  /// From which communicators of gangs are made.
  const boost::mpi::communicator& gangs() const { return parts_->gangs; }

  /// For people, for example "thread multiple".
  std::string thread_level() const;
  /// For people, for example "Open MPI v4.1.4".
  static std::string library();

 private:
  struct Parts {
    std::unique_ptr<boost::mpi::environment> environment;  // last to be destroyed: it finalizes
    boost::mpi::communicator control;
    boost::mpi::communicator data;
    boost::mpi::communicator collective;
    boost::mpi::communicator gangs;
  };

  MpiSession(std::unique_ptr<boost::mpi::environment> environment,
             const boost::mpi::communicator& world);

  std::unique_ptr<Parts> parts_;
};

/// Ends all ranks of the job with this exit code, in about a second at most. Any thread.
[[noreturn]] void abort_job(int exit_code) noexcept;

}  // namespace tutti::transport

#pragma once

/// Watching the calls of MPI of members of gangs: they return an error once their gang was told to
/// stop, instead of waiting for a member that does not come any more.

#include <mpi.h>

#include <span>

namespace tutti::gang {

/// True on a thread that runs a member of a gang.
bool is_member();
/// True when that member was told to stop.
bool is_stopped();
/// What calls return then. MPI_Error_string tells why.
int stopped_code();

/// What becomes of a request when the gang is told to stop.
enum class AtStop {
  cancel,  ///< messages: what was not matched is cancelled
  wait,    ///< collectives, which cannot be
};

/// MPI_Wait, MPI_Waitall and so on for a member: `test(done)` looks whether it is over, once.
template <class Test>
int await(Test test, std::span<MPI_Request> requests, AtStop at_stop);

/// Waits until all of the communicator have come here. A collective whose members have all come
/// touches no memory of one that is told to stop before.
int await_all(MPI_Comm communicator);

/// Waits a moment, longer when it is called again and again.
class Patience {
 public:
  void pause();

 private:
  unsigned looks_ = 0;
};

/// Ends requests of a member that was told to stop, as far as they end within a moment: their
/// memory may be gone after that.
void give_up(std::span<MPI_Request> requests, AtStop at_stop);

template <class Test>
int await(Test test, std::span<MPI_Request> requests, AtStop at_stop) {
  Patience patience;
  for (;;) {
    int done = 0;
    const int code = test(&done);
    if (code != MPI_SUCCESS || done != 0) return code;
    if (is_stopped()) {
      give_up(requests, at_stop);
      return stopped_code();
    }
    patience.pause();
  }
}

/// The calls that are watched replace those of the library at link time. Whoever uses gangs calls
/// these, so that a linker takes the files that hold them out of a static library.
void link_collectives();
void link_makers();
void link_messages();

}  // namespace tutti::gang

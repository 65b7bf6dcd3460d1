#pragma once

/// Communicators: those of the gangs that this rank has been a member of, by the numbers that rank
/// 0 gives them.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace boost::mpi {
class communicator;
}

namespace tutti::gang {

class Communicators {
 public:
  /// `parent` has all ranks of the run, by their numbers, and is used for nothing else; it outlives
  /// this. Null in a run without MPI, which starts MPI when the first gang needs it. There is one
  /// object in a process.
  explicit Communicators(const boost::mpi::communicator* parent);
  ~Communicators();
  Communicators(const Communicators&) = delete;
  Communicators& operator=(const Communicators&) = delete;

  /// Why this run cannot have gangs; empty when it can.
  std::string problem() const;
  /// The communicator with this number, whose members are these ranks. When it is new all members
  /// come here at once. On the thread that runs the member, one at a time.
  boost::mpi::communicator& get(std::uint32_t number, std::span<const std::int32_t> members);
  /// It will not be asked for again. Freed by a later get(); after a failure it never is: messages
  /// may be on their way. Any thread.
  void drop(std::uint32_t number, bool failed);
  /// The orderly end, on all ranks: frees what can be freed, and finalizes MPI if it was started
  /// here.
  void leave();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tutti::gang

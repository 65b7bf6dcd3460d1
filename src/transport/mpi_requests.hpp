#pragma once

/// Everything that MPI has under way for us, tested together.

#include <mpi.h>

#include <cstddef>
#include <vector>

namespace tutti::transport {

/// What one or several requests belong to.
class Operation {
 public:
  /// Called for each request that completed, from RequestSet::poll(). It may add requests, but not
  /// poll.
  virtual void on_complete(const MPI_Status& status) = 0;

 protected:
  ~Operation() = default;
};

/// Requests that are under way, in any number; a poll looks at a limited number of them.
class RequestSet {
 public:
  /// `operation` must live until the request is complete.
  void add(MPI_Request request, Operation& operation);
  bool empty() const noexcept { return requests_.empty(); }
  std::size_t size() const noexcept { return requests_.size(); }
  /// Tells the operations of requests that completed. True when there were any.
  bool poll();

 private:
  struct Completion {
    Operation* operation;
    MPI_Status status;
  };

  void take_completed(std::size_t first, int completed);

  std::vector<MPI_Request> requests_;
  std::vector<Operation*> operations_;
  std::size_t next_ = 0;
  std::vector<int> indices_;
  std::vector<MPI_Status> statuses_;
  std::vector<Completion> completions_;
};

}  // namespace tutti::transport

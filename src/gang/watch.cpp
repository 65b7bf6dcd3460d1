#include "gang/watch.hpp"

#include "worker/task_context.hpp"

#include <chrono>
#include <sched.h>

namespace tutti::gang {
namespace {

using Clock = std::chrono::steady_clock;

/// A barrier that all have entered ends within so much time, also where ranks share cores.
constexpr std::chrono::milliseconds barrier_grace(50);
/// So long a transfer that was matched may take to end.
constexpr std::chrono::milliseconds transfer_grace(250);

int make_code() {
  int error_class = MPI_ERR_OTHER;
  int code = MPI_ERR_OTHER;
  if (PMPI_Add_error_class(&error_class) != MPI_SUCCESS ||
      PMPI_Add_error_code(error_class, &code) != MPI_SUCCESS)
    return MPI_ERR_OTHER;
  PMPI_Add_error_string(code,
                        "the gang was told to stop: another member failed, its time is over, or it "
                        "was cancelled");
  return code;
}

/// Requests of unknown kind are cancelled: some cannot be, and MPI tells MPI_COMM_WORLD so, whose
/// users may have it end the job.
class ErrorsReturn {
 public:
  ErrorsReturn() {
    PMPI_Comm_get_errhandler(MPI_COMM_WORLD, &before_);
    PMPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  }
  ~ErrorsReturn() {
    PMPI_Comm_set_errhandler(MPI_COMM_WORLD, before_);
    PMPI_Errhandler_free(&before_);
  }
  ErrorsReturn(const ErrorsReturn&) = delete;
  ErrorsReturn& operator=(const ErrorsReturn&) = delete;

 private:
  MPI_Errhandler before_ = MPI_ERRORS_RETURN;
};

/// True when all are over within the time.
bool end_within(std::span<MPI_Request> requests, std::chrono::milliseconds grace) {
  const Clock::time_point limit = Clock::now() + grace;
  Patience patience;
  for (;;) {
    bool all = true;
    for (MPI_Request& each : requests) {
      int done = 1;
      if (each != MPI_REQUEST_NULL) PMPI_Test(&each, &done, MPI_STATUS_IGNORE);
      all = all && done != 0;
    }
    if (all) return true;
    if (Clock::now() > limit) return false;
    patience.pause();
  }
}

}  // namespace

bool is_member() {
  const worker::TaskContext* task = worker::current_task();
  return task != nullptr && task->member != nullptr;
}

bool is_stopped() { return worker::current_task()->is_stopped(); }

int stopped_code() {
  static const int code = make_code();
  return code;
}

void Patience::pause() {
  constexpr unsigned looks_alone = 256;
  if (++looks_ > looks_alone) sched_yield();
}

void give_up(std::span<MPI_Request> requests, AtStop at_stop) {
  if (at_stop == AtStop::cancel) {
    const ErrorsReturn guard;
    for (MPI_Request& each : requests) {
      if (each != MPI_REQUEST_NULL) PMPI_Cancel(&each);
    }
  }
  end_within(requests, transfer_grace);
}

int await_all(MPI_Comm communicator) {
  if (is_stopped()) return stopped_code();
  MPI_Request request = MPI_REQUEST_NULL;
  const int code = PMPI_Ibarrier(communicator, &request);
  if (code != MPI_SUCCESS) return code;
  Patience patience;
  for (;;) {
    int done = 0;
    const int tested = PMPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (tested != MPI_SUCCESS || done != 0) return tested;
    // When others have seen that all are here, this member will too, in a moment.
    if (is_stopped())
      return end_within({&request, 1}, barrier_grace) ? MPI_SUCCESS : stopped_code();
    patience.pause();
  }
}

}  // namespace tutti::gang

// A run that loses a message: MPI's own call is replaced by one that swallows the packet with an
// assignment. Started by stuck_test.sh; with the argument "long" it loses nothing and its task
// takes longer than the watchdog's limit.

#include <mpi.h>
#include <tutti/tutti.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

namespace {

std::atomic<bool> armed{false};

}  // namespace

extern "C" int MPI_Isend(const void* data, int count, MPI_Datatype type, int to, int tag,
                         MPI_Comm communicator, MPI_Request* request) {
  if (armed.exchange(false)) to = MPI_PROC_NULL;
  return PMPI_Isend(data, count, type, to, tag, communicator, request);
}
extern "C" int MPI_Issend(const void* data, int count, MPI_Datatype type, int to, int tag,
                          MPI_Comm communicator, MPI_Request* request) {
  if (armed.exchange(false)) to = MPI_PROC_NULL;
  return PMPI_Issend(data, count, type, to, tag, communicator, request);
}

int main(int argc, char** argv) {
  const std::string how = argc > 1 ? argv[1] : "";
  return tutti::run(argc, argv, [&](tutti::Client& client) {
    if (how == "long") {
      const auto slow = [] { std::this_thread::sleep_for(std::chrono::seconds(4)); };
      client.submit(slow).result();
      // On the client's own thread, too.
      client.run([] {
        if (tutti::get_worker().rank() == 0) std::this_thread::sleep_for(std::chrono::seconds(4));
      });
      return 0;
    }
    (void)client.submit([](int x) { return x; }, 1).result();
    armed = true;
    return client
        .submit(
            {.name = "lost"}, [](int x) { return x + 1; }, 1)
        .result();
  });
}

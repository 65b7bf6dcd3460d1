// The collective calls of MPI as members of gangs make them, under MPI's own names; for all others
// they are what they were (the profiling interface of the standard). A member first waits for all
// to come, and then uses the twin of the call that does not wait.

#include "gang/watch.hpp"

#include <mpi.h>

namespace {

using tutti::gang::AtStop;
using tutti::gang::is_member;

/// `start` begins the call on a request.
template <class Start>
int watched(MPI_Comm comm, Start start) {
  if (const int code = tutti::gang::await_all(comm); code != MPI_SUCCESS) return code;
  MPI_Request request = MPI_REQUEST_NULL;
  if (const int code = start(&request); code != MPI_SUCCESS) return code;
  return tutti::gang::await([&](int* done) { return PMPI_Test(&request, done, MPI_STATUS_IGNORE); },
                            {&request, 1}, AtStop::wait);
}

}  // namespace

namespace tutti::gang {
void link_collectives() {}
}  // namespace tutti::gang

extern "C" {

int MPI_Barrier(MPI_Comm comm) {
  if (!is_member()) return PMPI_Barrier(comm);
  return watched(comm, [&](MPI_Request* request) { return PMPI_Ibarrier(comm, request); });
}

int MPI_Bcast(void* buffer, int count, MPI_Datatype type, int root, MPI_Comm comm) {
  if (!is_member()) return PMPI_Bcast(buffer, count, type, root, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Ibcast(buffer, count, type, root, comm, request);
  });
}

int MPI_Gather(const void* sent, int sent_count, MPI_Datatype sent_type, void* received,
               int received_count, MPI_Datatype received_type, int root, MPI_Comm comm) {
  if (!is_member())
    return PMPI_Gather(sent, sent_count, sent_type, received, received_count, received_type, root,
                       comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Igather(sent, sent_count, sent_type, received, received_count, received_type, root,
                        comm, request);
  });
}

int MPI_Gatherv(const void* sent, int sent_count, MPI_Datatype sent_type, void* received,
                const int* received_counts, const int* displacements, MPI_Datatype received_type,
                int root, MPI_Comm comm) {
  if (!is_member())
    return PMPI_Gatherv(sent, sent_count, sent_type, received, received_counts, displacements,
                        received_type, root, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Igatherv(sent, sent_count, sent_type, received, received_counts, displacements,
                         received_type, root, comm, request);
  });
}

int MPI_Scatter(const void* sent, int sent_count, MPI_Datatype sent_type, void* received,
                int received_count, MPI_Datatype received_type, int root, MPI_Comm comm) {
  if (!is_member())
    return PMPI_Scatter(sent, sent_count, sent_type, received, received_count, received_type, root,
                        comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Iscatter(sent, sent_count, sent_type, received, received_count, received_type, root,
                         comm, request);
  });
}

int MPI_Scatterv(const void* sent, const int* sent_counts, const int* displacements,
                 MPI_Datatype sent_type, void* received, int received_count,
                 MPI_Datatype received_type, int root, MPI_Comm comm) {
  if (!is_member())
    return PMPI_Scatterv(sent, sent_counts, displacements, sent_type, received, received_count,
                         received_type, root, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Iscatterv(sent, sent_counts, displacements, sent_type, received, received_count,
                          received_type, root, comm, request);
  });
}

int MPI_Allgather(const void* sent, int sent_count, MPI_Datatype sent_type, void* received,
                  int received_count, MPI_Datatype received_type, MPI_Comm comm) {
  if (!is_member())
    return PMPI_Allgather(sent, sent_count, sent_type, received, received_count, received_type,
                          comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Iallgather(sent, sent_count, sent_type, received, received_count, received_type,
                           comm, request);
  });
}

int MPI_Allgatherv(const void* sent, int sent_count, MPI_Datatype sent_type, void* received,
                   const int* received_counts, const int* displacements, MPI_Datatype received_type,
                   MPI_Comm comm) {
  if (!is_member())
    return PMPI_Allgatherv(sent, sent_count, sent_type, received, received_counts, displacements,
                           received_type, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Iallgatherv(sent, sent_count, sent_type, received, received_counts, displacements,
                            received_type, comm, request);
  });
}

int MPI_Alltoall(const void* sent, int sent_count, MPI_Datatype sent_type, void* received,
                 int received_count, MPI_Datatype received_type, MPI_Comm comm) {
  if (!is_member())
    return PMPI_Alltoall(sent, sent_count, sent_type, received, received_count, received_type,
                         comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Ialltoall(sent, sent_count, sent_type, received, received_count, received_type,
                          comm, request);
  });
}

int MPI_Alltoallv(const void* sent, const int* sent_counts, const int* sent_displacements,
                  MPI_Datatype sent_type, void* received, const int* received_counts,
                  const int* received_displacements, MPI_Datatype received_type, MPI_Comm comm) {
  if (!is_member())
    return PMPI_Alltoallv(sent, sent_counts, sent_displacements, sent_type, received,
                          received_counts, received_displacements, received_type, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Ialltoallv(sent, sent_counts, sent_displacements, sent_type, received,
                           received_counts, received_displacements, received_type, comm, request);
  });
}

int MPI_Alltoallw(const void* sent, const int* sent_counts, const int* sent_displacements,
                  const MPI_Datatype* sent_types, void* received, const int* received_counts,
                  const int* received_displacements, const MPI_Datatype* received_types,
                  MPI_Comm comm) {
  if (!is_member())
    return PMPI_Alltoallw(sent, sent_counts, sent_displacements, sent_types, received,
                          received_counts, received_displacements, received_types, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Ialltoallw(sent, sent_counts, sent_displacements, sent_types, received,
                           received_counts, received_displacements, received_types, comm, request);
  });
}

int MPI_Reduce(const void* sent, void* received, int count, MPI_Datatype type, MPI_Op operation,
               int root, MPI_Comm comm) {
  if (!is_member()) return PMPI_Reduce(sent, received, count, type, operation, root, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Ireduce(sent, received, count, type, operation, root, comm, request);
  });
}

int MPI_Allreduce(const void* sent, void* received, int count, MPI_Datatype type, MPI_Op operation,
                  MPI_Comm comm) {
  if (!is_member()) return PMPI_Allreduce(sent, received, count, type, operation, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Iallreduce(sent, received, count, type, operation, comm, request);
  });
}

int MPI_Reduce_scatter(const void* sent, void* received, const int* received_counts,
                       MPI_Datatype type, MPI_Op operation, MPI_Comm comm) {
  if (!is_member())
    return PMPI_Reduce_scatter(sent, received, received_counts, type, operation, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Ireduce_scatter(sent, received, received_counts, type, operation, comm, request);
  });
}

int MPI_Reduce_scatter_block(const void* sent, void* received, int received_count,
                             MPI_Datatype type, MPI_Op operation, MPI_Comm comm) {
  if (!is_member())
    return PMPI_Reduce_scatter_block(sent, received, received_count, type, operation, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Ireduce_scatter_block(sent, received, received_count, type, operation, comm,
                                      request);
  });
}

int MPI_Scan(const void* sent, void* received, int count, MPI_Datatype type, MPI_Op operation,
             MPI_Comm comm) {
  if (!is_member()) return PMPI_Scan(sent, received, count, type, operation, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Iscan(sent, received, count, type, operation, comm, request);
  });
}

int MPI_Exscan(const void* sent, void* received, int count, MPI_Datatype type, MPI_Op operation,
               MPI_Comm comm) {
  if (!is_member()) return PMPI_Exscan(sent, received, count, type, operation, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Iexscan(sent, received, count, type, operation, comm, request);
  });
}

int MPI_Neighbor_allgather(const void* sent, int sent_count, MPI_Datatype sent_type, void* received,
                           int received_count, MPI_Datatype received_type, MPI_Comm comm) {
  if (!is_member())
    return PMPI_Neighbor_allgather(sent, sent_count, sent_type, received, received_count,
                                   received_type, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Ineighbor_allgather(sent, sent_count, sent_type, received, received_count,
                                    received_type, comm, request);
  });
}

int MPI_Neighbor_allgatherv(const void* sent, int sent_count, MPI_Datatype sent_type,
                            void* received, const int* received_counts, const int* displacements,
                            MPI_Datatype received_type, MPI_Comm comm) {
  if (!is_member())
    return PMPI_Neighbor_allgatherv(sent, sent_count, sent_type, received, received_counts,
                                    displacements, received_type, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Ineighbor_allgatherv(sent, sent_count, sent_type, received, received_counts,
                                     displacements, received_type, comm, request);
  });
}

int MPI_Neighbor_alltoall(const void* sent, int sent_count, MPI_Datatype sent_type, void* received,
                          int received_count, MPI_Datatype received_type, MPI_Comm comm) {
  if (!is_member())
    return PMPI_Neighbor_alltoall(sent, sent_count, sent_type, received, received_count,
                                  received_type, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Ineighbor_alltoall(sent, sent_count, sent_type, received, received_count,
                                   received_type, comm, request);
  });
}

int MPI_Neighbor_alltoallv(const void* sent, const int* sent_counts, const int* sent_displacements,
                           MPI_Datatype sent_type, void* received, const int* received_counts,
                           const int* received_displacements, MPI_Datatype received_type,
                           MPI_Comm comm) {
  if (!is_member())
    return PMPI_Neighbor_alltoallv(sent, sent_counts, sent_displacements, sent_type, received,
                                   received_counts, received_displacements, received_type, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Ineighbor_alltoallv(sent, sent_counts, sent_displacements, sent_type, received,
                                    received_counts, received_displacements, received_type, comm,
                                    request);
  });
}

int MPI_Neighbor_alltoallw(const void* sent, const int* sent_counts,
                           const MPI_Aint* sent_displacements, const MPI_Datatype* sent_types,
                           void* received, const int* received_counts,
                           const MPI_Aint* received_displacements,
                           const MPI_Datatype* received_types, MPI_Comm comm) {
  if (!is_member())
    return PMPI_Neighbor_alltoallw(sent, sent_counts, sent_displacements, sent_types, received,
                                   received_counts, received_displacements, received_types, comm);
  return watched(comm, [&](MPI_Request* request) {
    return PMPI_Ineighbor_alltoallw(sent, sent_counts, sent_displacements, sent_types, received,
                                    received_counts, received_displacements, received_types, comm,
                                    request);
  });
}

}  // extern "C"

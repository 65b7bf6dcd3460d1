// Calls of MPI that make something together and have no twin that does not wait. A member waits for
// all to come before it makes the call itself.

#include "gang/watch.hpp"

#include <mpi.h>

namespace {

int entered(MPI_Comm comm) {
  return tutti::gang::is_member() ? tutti::gang::await_all(comm) : MPI_SUCCESS;
}

}  // namespace

namespace tutti::gang {
void link_makers() {}
}  // namespace tutti::gang

extern "C" {

int MPI_Comm_dup(MPI_Comm comm, MPI_Comm* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code : PMPI_Comm_dup(comm, made);
}

int MPI_Comm_dup_with_info(MPI_Comm comm, MPI_Info info, MPI_Comm* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code : PMPI_Comm_dup_with_info(comm, info, made);
}

int MPI_Comm_create(MPI_Comm comm, MPI_Group group, MPI_Comm* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code : PMPI_Comm_create(comm, group, made);
}

int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code : PMPI_Comm_split(comm, color, key, made);
}

int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code : PMPI_Comm_split_type(comm, type, key, info, made);
}

int MPI_Cart_create(MPI_Comm comm, int dimensions, const int* sizes, const int* periods,
                    int reorder, MPI_Comm* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code
                             : PMPI_Cart_create(comm, dimensions, sizes, periods, reorder, made);
}

int MPI_Cart_sub(MPI_Comm comm, const int* remain, MPI_Comm* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code : PMPI_Cart_sub(comm, remain, made);
}

int MPI_Graph_create(MPI_Comm comm, int nodes, const int* index, const int* edges, int reorder,
                     MPI_Comm* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code : PMPI_Graph_create(comm, nodes, index, edges, reorder, made);
}

int MPI_Dist_graph_create(MPI_Comm comm, int count, const int* sources, const int* degrees,
                          const int* destinations, const int* weights, MPI_Info info, int reorder,
                          MPI_Comm* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code
                             : PMPI_Dist_graph_create(comm, count, sources, degrees, destinations,
                                                      weights, info, reorder, made);
}

int MPI_Dist_graph_create_adjacent(MPI_Comm comm, int in_degree, const int* sources,
                                   const int* source_weights, int out_degree,
                                   const int* destinations, const int* destination_weights,
                                   MPI_Info info, int reorder, MPI_Comm* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code
                             : PMPI_Dist_graph_create_adjacent(
                                   comm, in_degree, sources, source_weights, out_degree,
                                   destinations, destination_weights, info, reorder, made);
}

int MPI_Intercomm_merge(MPI_Comm comm, int high, MPI_Comm* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code : PMPI_Intercomm_merge(comm, high, made);
}

int MPI_Win_create(void* base, MPI_Aint size, int unit, MPI_Info info, MPI_Comm comm,
                   MPI_Win* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code : PMPI_Win_create(base, size, unit, info, comm, made);
}

int MPI_Win_allocate(MPI_Aint size, int unit, MPI_Info info, MPI_Comm comm, void* base,
                     MPI_Win* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code : PMPI_Win_allocate(size, unit, info, comm, base, made);
}

int MPI_Win_allocate_shared(MPI_Aint size, int unit, MPI_Info info, MPI_Comm comm, void* base,
                            MPI_Win* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code : PMPI_Win_allocate_shared(size, unit, info, comm, base, made);
}

int MPI_Win_create_dynamic(MPI_Info info, MPI_Comm comm, MPI_Win* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code : PMPI_Win_create_dynamic(info, comm, made);
}

int MPI_File_open(MPI_Comm comm, const char* name, int mode, MPI_Info info, MPI_File* made) {
  const int code = entered(comm);
  return code != MPI_SUCCESS ? code : PMPI_File_open(comm, name, mode, info, made);
}

}  // extern "C"

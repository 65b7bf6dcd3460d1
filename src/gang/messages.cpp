// Sending, receiving and waiting as members of gangs do it, under MPI's own names; for all others
// these calls are what they were. The twin that does not wait is tested until it is done.

#include "gang/watch.hpp"

#include <mpi.h>

#include <cstddef>
#include <vector>

namespace {

using tutti::gang::AtStop;
using tutti::gang::await;
using tutti::gang::is_member;

template <class Start>
int watched(MPI_Status* status, Start start) {
  if (tutti::gang::is_stopped()) return tutti::gang::stopped_code();
  MPI_Request request = MPI_REQUEST_NULL;
  if (const int code = start(&request); code != MPI_SUCCESS) return code;
  return await([&](int* done) { return PMPI_Test(&request, done, status); }, {&request, 1},
               AtStop::cancel);
}

/// `look` gives what it found, and whether there was something.
template <class Look>
int probed(Look look) {
  return await(look, {}, AtStop::cancel);
}

std::span<MPI_Request> span_of(MPI_Request* requests, int count) {
  return {requests, static_cast<std::size_t>(count)};
}

/// The bytes of a message in memory of our own, so that its place can take the answer.
int pack(const void* buffer, int count, MPI_Datatype type, MPI_Comm comm,
         std::vector<char>& packed) {
  int bytes = 0;
  if (const int code = PMPI_Pack_size(count, type, comm, &bytes); code != MPI_SUCCESS) return code;
  packed.resize(static_cast<std::size_t>(bytes));
  int position = 0;
  const int code = PMPI_Pack(buffer, count, type, packed.data(), bytes, &position, comm);
  packed.resize(static_cast<std::size_t>(position));
  return code;
}

/// A send and a receive under way together.
int both(MPI_Request (&requests)[2], MPI_Status* status) {
  MPI_Status statuses[2];
  const int code = await([&](int* done) { return PMPI_Testall(2, requests, done, statuses); },
                         requests, AtStop::cancel);
  if (code == MPI_SUCCESS && status != MPI_STATUS_IGNORE) *status = statuses[0];
  return code;
}

}  // namespace

namespace tutti::gang {
void link_messages() {}
}  // namespace tutti::gang

extern "C" {

int MPI_Send(const void* buffer, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm) {
  if (!is_member()) return PMPI_Send(buffer, count, type, to, tag, comm);
  return watched(MPI_STATUS_IGNORE, [&](MPI_Request* request) {
    return PMPI_Isend(buffer, count, type, to, tag, comm, request);
  });
}

int MPI_Ssend(const void* buffer, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm) {
  if (!is_member()) return PMPI_Ssend(buffer, count, type, to, tag, comm);
  return watched(MPI_STATUS_IGNORE, [&](MPI_Request* request) {
    return PMPI_Issend(buffer, count, type, to, tag, comm, request);
  });
}

int MPI_Rsend(const void* buffer, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm) {
  if (!is_member()) return PMPI_Rsend(buffer, count, type, to, tag, comm);
  return watched(MPI_STATUS_IGNORE, [&](MPI_Request* request) {
    return PMPI_Irsend(buffer, count, type, to, tag, comm, request);
  });
}

int MPI_Recv(void* buffer, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm,
             MPI_Status* status) {
  if (!is_member()) return PMPI_Recv(buffer, count, type, from, tag, comm, status);
  return watched(status, [&](MPI_Request* request) {
    return PMPI_Irecv(buffer, count, type, from, tag, comm, request);
  });
}

int MPI_Mrecv(void* buffer, int count, MPI_Datatype type, MPI_Message* message,
              MPI_Status* status) {
  if (!is_member()) return PMPI_Mrecv(buffer, count, type, message, status);
  return watched(status, [&](MPI_Request* request) {
    return PMPI_Imrecv(buffer, count, type, message, request);
  });
}

int MPI_Sendrecv(const void* sent, int sent_count, MPI_Datatype sent_type, int to, int sent_tag,
                 void* received, int received_count, MPI_Datatype received_type, int from,
                 int received_tag, MPI_Comm comm, MPI_Status* status) {
  if (!is_member()) {
    return PMPI_Sendrecv(sent, sent_count, sent_type, to, sent_tag, received, received_count,
                         received_type, from, received_tag, comm, status);
  }
  if (tutti::gang::is_stopped()) return tutti::gang::stopped_code();
  MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
  int code =
      PMPI_Irecv(received, received_count, received_type, from, received_tag, comm, &requests[0]);
  if (code == MPI_SUCCESS)
    code = PMPI_Isend(sent, sent_count, sent_type, to, sent_tag, comm, &requests[1]);
  return code != MPI_SUCCESS ? code : both(requests, status);
}

int MPI_Sendrecv_replace(void* buffer, int count, MPI_Datatype type, int to, int sent_tag, int from,
                         int received_tag, MPI_Comm comm, MPI_Status* status) {
  if (!is_member()) {
    return PMPI_Sendrecv_replace(buffer, count, type, to, sent_tag, from, received_tag, comm,
                                 status);
  }
  if (tutti::gang::is_stopped()) return tutti::gang::stopped_code();
  std::vector<char> packed;
  if (const int code = pack(buffer, count, type, comm, packed); code != MPI_SUCCESS) return code;
  MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
  int code = PMPI_Irecv(buffer, count, type, from, received_tag, comm, &requests[0]);
  if (code == MPI_SUCCESS) {
    code = PMPI_Isend(packed.data(), static_cast<int>(packed.size()), MPI_PACKED, to, sent_tag,
                      comm, &requests[1]);
  }
  return code != MPI_SUCCESS ? code : both(requests, status);
}

int MPI_Probe(int from, int tag, MPI_Comm comm, MPI_Status* status) {
  if (!is_member()) return PMPI_Probe(from, tag, comm, status);
  return probed([&](int* found) { return PMPI_Iprobe(from, tag, comm, found, status); });
}

int MPI_Mprobe(int from, int tag, MPI_Comm comm, MPI_Message* message, MPI_Status* status) {
  if (!is_member()) return PMPI_Mprobe(from, tag, comm, message, status);
  return probed([&](int* found) { return PMPI_Improbe(from, tag, comm, found, message, status); });
}

int MPI_Wait(MPI_Request* request, MPI_Status* status) {
  if (!is_member()) return PMPI_Wait(request, status);
  return await([&](int* done) { return PMPI_Test(request, done, status); }, {request, 1},
               AtStop::cancel);
}

int MPI_Waitall(int count, MPI_Request* requests, MPI_Status* statuses) {
  if (!is_member()) return PMPI_Waitall(count, requests, statuses);
  return await([&](int* done) { return PMPI_Testall(count, requests, done, statuses); },
               span_of(requests, count), AtStop::cancel);
}

int MPI_Waitany(int count, MPI_Request* requests, int* index, MPI_Status* status) {
  if (!is_member()) return PMPI_Waitany(count, requests, index, status);
  return await([&](int* done) { return PMPI_Testany(count, requests, index, done, status); },
               span_of(requests, count), AtStop::cancel);
}

int MPI_Waitsome(int count, MPI_Request* requests, int* done_count, int* indices,
                 MPI_Status* statuses) {
  if (!is_member()) return PMPI_Waitsome(count, requests, done_count, indices, statuses);
  return await(
      [&](int* done) {
        const int code = PMPI_Testsome(count, requests, done_count, indices, statuses);
        // MPI_UNDEFINED, when none is under way, ends the wait as well.
        *done = *done_count != 0 ? 1 : 0;
        return code;
      },
      span_of(requests, count), AtStop::cancel);
}

}  // extern "C"

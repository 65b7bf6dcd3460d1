#!/usr/bin/env bash
# The core between hosts: transport, a first program, and the client's tests, over TCP alone.
# test timeout: 240
set -euo pipefail
export TUTTI_THREADS_PER_WORKER=2
. "$TUTTI_TEST_SOURCE_DIR/tests/multihost/lib.sh"

for count in 2 3; do
  on_hosts "$count" 2 "$test_bin/job_program" $((2 * count)) "$count"
  on_hosts "$count" 1 "$bin/01_hello_futures"
  on_hosts "$count" 1 "$test_bin/mpi_transport_test"
  on_hosts "$count" 1 "$test_bin/mpi_client_test"
done
on_hosts 2 2 "$test_bin/mpi_data_test"
on_hosts 2 2 "$test_bin/mpi_map_test"
finish

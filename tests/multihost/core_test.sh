#!/usr/bin/env bash
# The core between hosts: transport, a first program, and the client's tests, over TCP alone.
# test timeout: 240
set -euo pipefail
. "$TUTTI_SOURCE_DIR/tests/multihost/lib.sh"

for count in 2 3; do
  on_hosts "$count" 1 "$test_bin/job_program" "$count" "$count"
  on_hosts "$count" 2 "$test_bin/job_program" $((2 * count)) "$count"
  on_hosts "$count" 1 "$bin/01_hello_futures"
  for program in "$test_bin"/mpi_*_test; do
    on_hosts "$count" 1 "$program"
  done
done
on_hosts 2 2 "$test_bin/mpi_transport_test"
finish

#!/usr/bin/env bash
# Values that lie once on a node, between hosts: one rank of each receives a broadcast for all, and
# hosts with a single rank have nobody to share with.
# test timeout: 240
set -euo pipefail
export TUTTI_THREADS_PER_WORKER=2
. "$TUTTI_TEST_SOURCE_DIR/tests/multihost/lib.sh"

on_hosts 2 2 "$test_bin/mpi_node_test"
on_hosts 3 1 "$test_bin/mpi_node_test"
on_hosts 3 2 "$test_bin/mpi_node_test"
finish

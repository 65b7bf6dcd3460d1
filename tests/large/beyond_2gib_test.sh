#!/usr/bin/env bash
# Messages and collectives of more than 2 GiB, and of more elements than an int can count, on 3 ranks.
# test timeout: 300
set -euo pipefail

# Copies of the value lie on each rank and on their way.
need_mb=18000
free_mb=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
if [ "$free_mb" -lt $need_mb ]; then
  echo "needs $need_mb MB of memory, $free_mb are available"
  exit 77
fi
export TUTTI_TEST_LARGE=1 TUTTI_TEST_RANKS=3 TUTTI_THREADS_PER_WORKER=2
for program in mpi_transport_test mpi_data_test; do
  "$TUTTI_TEST_MPIRUN" -n 3 "$TUTTI_TEST_BIN_DIR/$program"
done

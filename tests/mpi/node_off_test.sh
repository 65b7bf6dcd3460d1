#!/usr/bin/env bash
# Without memory in common all values are the same: by the option, and when the limit is too small,
# which is said once and with sizes.
# test timeout: 180
set -euo pipefail

: "${TUTTI_TEST_BIN_DIR:?is set by ctest}" "${TUTTI_TEST_SOURCE_DIR:?is set by ctest}"
output=$(mktemp)
trap 'rm -f "$output"' EXIT
export TUTTI_THREADS_PER_WORKER=2 TUTTI_TEST_RANKS=3 TUTTI_LOG_LEVEL=warning
run() { timeout --kill-after=5 100 "$TUTTI_TEST_SOURCE_DIR/scripts/lib/mpirun.sh" -n 3 "$@"; }

echo "== node_store = 0"
TUTTI_NODE_STORE=0 run "$TUTTI_TEST_BIN_DIR/mpi_node_test"

echo "== a limit of 12 MB"
# The program broadcasts 8 MB twice.
TUTTI_MEMORY_LIMIT=12MB run "$TUTTI_TEST_BIN_DIR/node_end_program" "$output.pids" return 2>"$output"
cat "$output"
rm -f "$output.pids"
lines=$(grep -c 'do not fit into the memory that the ranks of this node share' "$output" || true)
if [ "$lines" -ne 1 ]; then
  echo "FAILED: the sentence came $lines times" >&2
  exit 1
fi
grep -q '8.4 MB do not fit.*12.0 MB' "$output"

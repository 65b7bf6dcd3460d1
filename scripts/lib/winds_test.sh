#!/usr/bin/env bash
# The test of the example `winds`: winds_test.sh RANKS, where 0 means one process without mpirun.
set -euo pipefail

ranks=$1
input=$("$TUTTI_SOURCE_DIR/scripts/lib/winds_data.sh" "$PWD/data")
output=$PWD/data/winds_$ranks.h5
rm -f "$output"
if [ "$ranks" -eq 0 ]; then
  "$TUTTI_BIN_DIR/winds" --input "$input" --output "$output"
else
  "$TUTTI_MPIRUN" -n "$ranks" "$TUTTI_BIN_DIR/winds" --input "$input" --output "$output"
fi
test -s "$output"

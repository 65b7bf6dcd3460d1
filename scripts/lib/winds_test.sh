#!/usr/bin/env bash
# The test of the example `winds`: winds_test.sh RANKS, where 0 means one process without mpirun. The
# file that it writes must be, byte by byte, that of a run without workers and with other tasks.
set -euo pipefail

ranks=$1
data=$("$TUTTI_TEST_SOURCE_DIR/scripts/lib/winds_data.sh" "$PWD/data")
output=$PWD/data/winds_$ranks.h5
expected=$PWD/data/winds_${ranks}_expected.h5
arguments=(--input "$data/monthly_navy_winds.nc" --topography "$data/etopo5.nc")
rm -f "$output" "$expected"

launcher=()
if [ "$ranks" -ne 0 ]; then
  launcher=("$TUTTI_TEST_MPIRUN" -n "$ranks")
fi
"${launcher[@]}" "$TUTTI_TEST_PROGRAMS_DIR/winds" "${arguments[@]}" --output "$output"
TUTTI_SERIAL=1 "$TUTTI_TEST_PROGRAMS_DIR/winds" "${arguments[@]}" --output "$expected" \
  --months-per-task 50 --rows-per-task 7 >/dev/null
cmp "$output" "$expected"

# A file that is not there: a sentence, exit code 1, and no result.
none=$PWD/data/winds_${ranks}_none.h5
if words=$("${launcher[@]}" "$TUTTI_TEST_PROGRAMS_DIR/winds" --input /no/such/file --output "$none" 2>&1); then
  echo "winds succeeded without its input" >&2
  exit 1
fi
grep -q "'/no/such/file' does not exist" <<<"$words"
test ! -e "$none"

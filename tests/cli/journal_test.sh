#!/usr/bin/env bash
# `tutti journal`: show, export, verify, and what they say of damage.
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/cli/lib.sh"

export TUTTI_TEST_RAN=$folder/ran
TUTTI_JOURNAL=run TUTTI_TEST_FAIL=1 "$TUTTI_TEST_BIN_DIR/journal_program" 10 >/dev/null 2>&1

expect 0 '^squares$' "$tutti" journal show run
expect 0 '^  results     10 finished, 0 failed, 80 B$' "$tutti" journal show run.h5
expect 0 '^  results     8 finished, 2 failed, 10 B$' "$tutti" journal show run.journal
expect 0 '^  type        std::vector<double' "$tutti" journal show run
expect 0 '^  failing\[5\] std::runtime_error: no fives$' "$tutti" journal show run --failures
expect 1 "there is no journal 'none.journal'; its path is the one that" "$tutti" journal show none
expect 2 'A subcommand is required' "$tutti" journal
expect 2 'journal is required' "$tutti" journal show

expect 0 "results are in 'plain.h5'" "$tutti" journal export run plain.h5
expect 2 "'plain.h5' is there already; choose another name, or add --force" "$tutti" journal export run plain.h5
expect 0 "results are in 'plain.h5'" "$tutti" journal export run plain.h5 --force
if command -v h5dump >/dev/null; then
  for file in run.h5 plain.h5; do
    # In the order in which they ended.
    expect 0 '\(0\): .*, 49(, |$)' h5dump -d /squares/result -w 0 "$file"
    expect 0 'no fives' h5dump -d /failing/failure_message "$file"
    expect 0 'H5T_IEEE_F64LE' h5dump -H -d /lists/values "$file"
  done
fi
if python3 -c 'import h5py' 2>/dev/null; then
  expect 0 '^45.0$' python3 -c '
import h5py
print(sum(h5py.File("run.h5")["squares/result"][:] ** 0.5))'
fi

expect 0 '^[0-9]+ results in 1 parts and 0 segments: all good$' "$tutti" journal verify run
cp -r run.journal bad.journal
size=$(stat -c %s bad.journal/part-000001.h5)
printf damage | dd of=bad.journal/part-000001.h5 bs=1 seek=$((size * 3 / 4)) conv=notrunc status=none
expect 1 'problems$' "$tutti" journal verify bad
printf damage >bad.journal/part-000001.h5
expect 1 'is not an HDF5 file' "$tutti" journal verify bad
expect 0 "renamed to 'part-000001.h5.damaged', and its results are lost" "$tutti" journal verify bad --repair
expect 0 '^0 results in 0 parts and 0 segments: all good$' "$tutti" journal verify bad
finish

#!/usr/bin/env bash
# Work that is left and that nobody does ends the job, with its state in a file; a task that only takes long does not.
# test timeout: 120
set -u
folder=$(mktemp -d "${TMPDIR:-/tmp}/tutti_stuck_XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0
complain() {
  echo "FAILED $1"
  sed 's/^/    | /' "$folder/out" | tail -25
  failures=$((failures + 1))
}
program=$TUTTI_TEST_BIN_DIR/stuck_program
export TUTTI_WATCHDOG_S=1

timeout -k 2 60 "$TUTTI_TEST_MPIRUN" -n 2 "$program" lose >out 2>&1
code=$?
{ [ $code -ne 0 ] && [ $code -ne 124 ]; } || complain "lost assignment: code $code"
grep -q "tutti: 1 tasks or maps are not done, but none of them runs anywhere" out || complain "lost assignment: no sentence"
state=$(ls tutti_stuck_*.txt 2>/dev/null)
[ -n "$state" ] || complain "lost assignment: no file"
grep -q "assigned to rank 1" "$state" || complain "the file does not tell the task"
grep -q "rank 1: 0 running" "$state" || complain "the file does not tell what the worker said"
grep -q ": lost" "$state" || complain "the file does not name the task"

for ranks in 1 2; do
  timeout -k 2 60 "$TUTTI_TEST_MPIRUN" -n $ranks "$program" long >out 2>&1
  code=$?
  [ $code -eq 0 ] || complain "long task on $ranks ranks: code $code"
done
exit $((failures != 0))

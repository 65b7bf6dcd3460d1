#!/usr/bin/env bash
# The same programs in other ways: TUTTI_SERIAL=1, TUTTI_VALIDATE=1, a rank 0 that works, one thread, without a launcher, and inside a
# program that initialised MPI.
# test timeout: 300
set -u

programs=$TUTTI_TEST_BIN_DIR
mpirun=$TUTTI_TEST_MPIRUN
unset TUTTI_TEST_SOURCE_DIR TUTTI_TEST_PROGRAMS_DIR TUTTI_TEST_BIN_DIR TUTTI_TEST_MPIRUN
export TUTTI_LOG_LEVEL=error
out=$(mktemp)
trap 'rm -f "$out"' EXIT
failures=0

passes() {
  if ! timeout -k 2 100 env "$@" >"$out" 2>&1 </dev/null; then
    echo "FAILED $*"
    sed 's/^/    | /' "$out" | tail -20
    failures=$((failures + 1))
  fi
}

for test in client nested delayed fold map functions data errors gang; do
  program=$programs/mpi_${test}_test
  [ -x "$program" ] || program=$programs/${test}_test
  passes TUTTI_SERIAL=1 "$program"
  passes TUTTI_THREADS_PER_WORKER=2 "$program"
  passes TUTTI_THREADS_PER_WORKER=2 TUTTI_RANK0_WORKS=1 "$mpirun" -n 2 "$program"
  passes TUTTI_THREADS_PER_WORKER=2 TUTTI_VALIDATE=1 "$mpirun" -n 3 "$program"
done
for ranks in 1 2 4; do passes "$mpirun" -n $ranks "$programs/embedded_program"; done

echo "$failures failures"
[ $failures -eq 0 ]

#!/usr/bin/env bash
# `tutti run` on one machine: ranks, exit codes, signals, as root and with more ranks than cores.
# test timeout: 120
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/cli/lib.sh"
job_program=$TUTTI_TEST_BIN_DIR/job_program
unset "${!OMPI_@}"

expect 0 '^ok: 4 ranks on 1 nodes' "$tutti" run -n 4 "$job_program" 4 1
expect 3 '^ok: 2 ranks on 1 nodes' "$tutti" run -n 2 "$job_program" 2 1 exit 3
expect 0 'OMPI_MCA_hwloc_base_binding_policy=none .*mpirun -n 3 .*/job_program .a b.$' "$tutti" run -n 3 --dry-run "$job_program" 'a b'
expect 2 'no program is given' "$tutti" run -n 4
expect 2 "there is no program './none' that can be run" "$tutti" run -n 4 ./none
expect 2 'there is no option --nproc' "$tutti" run --nproc 4 "$job_program"
expect 1 'there is no mpirun on the PATH' env PATH=/nonexistent "$tutti" run -n 2 "$job_program"
expect 1 'this is none \(no SLURM_JOB_ID\)' "$tutti" run --launcher srun -n 2 "$job_program"

# A signal reaches the ranks, and the exit code tells of it.
"$tutti" run -n 3 "$job_program" 3 1 wait >output 2>&1 &
launcher=$!
for _ in $(seq 300); do
  grep -q '^waiting$' output && break
  sleep 0.1
done
kill -TERM "$launcher"
code=0
wait "$launcher" || code=$?
if [ "$code" = 0 ]; then fail "exit code 0 after TERM"; fi
if pgrep -f "$job_program 3 1 wait" >/dev/null; then fail "ranks are left"; fi
finish

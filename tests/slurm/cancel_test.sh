#!/usr/bin/env bash
# scancel ends a job on all its nodes, and nothing of it is left.
# test timeout: 180
# test fixture: slurm_cluster
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/slurm/lib.sh"

for launcher in srun mpirun; do
  for name in quickstart multi_node; do
    say "$name, $launcher"
    submit --nodes=3 --ntasks=6 --ntasks-per-node=2 "$(template "slurm/$name.sbatch" "$launcher")" \
      "$job_program" 6 3 wait
    if ! wait_for 30 grep -q '^waiting$' "$output"; then
      fail "the job did not start" "$output"
      continue
    fi
    scancel "$job"
    if ! wait_for 20 job_is_over "$job"; then fail "the job is still there 20 s after scancel" "$output"; fi
    expect_nothing_left
  done
done
finish

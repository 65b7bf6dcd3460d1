#!/usr/bin/env bash
# The PBS templates through the `qsub` that Debian's slurm-wlm-torque puts in front of Slurm.
# test timeout: 120
# test fixture: slurm_cluster
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/slurm/lib.sh"

if ! command -v qsub >/dev/null; then
  # shellcheck source=scripts/lib/packages.sh
  . "$TUTTI_TEST_SOURCE_DIR/scripts/lib/packages.sh"
  if ! need_packages slurm-wlm-torque >/dev/null 2>&1; then
    say "skipped: the package slurm-wlm-torque is missing"
    exit 77
  fi
fi

# qsub_job EXPECTED_CODE SCRIPT ARGUMENTS...
qsub_job() {
  rm -f "$output"
  say "qsub ${*:2}"
  job=$(qsub -V -N "$(basename "$folder")" -o "$output" "${@:2}" | tail -n 1)
  expect_code "$1" "$job"
}

for launcher in mpirun srun tutti; do
  qsub_job 0 "$(template pbs/quickstart.pbs "$launcher")" "$job_program" 4 1
  expect_line '^ok: 4 ranks on 1 nodes'
  qsub_job 0 "$(template pbs/multi_node.pbs "$launcher")" "$job_program" 8 2
  expect_line '^ok: 8 ranks on 2 nodes'
  qsub_job 3 "$(template pbs/multi_node.pbs "$launcher")" "$job_program" 8 2 exit 3
done
qsub_job 0 -l select=3:ncpus=2:mpiprocs=2 "$(template pbs/multi_node.pbs mpirun)" "$job_program" 6 3
expect_line '^ok: 6 ranks on 3 nodes'

say "qdel"
job=$(qsub -V -N "$(basename "$folder")" -o "$output" "$(template pbs/multi_node.pbs mpirun)" "$job_program" 8 2 wait | tail -n 1)
if ! wait_for 30 grep -q '^waiting$' "$output"; then fail "the job did not start" "$output"; fi
qdel "$job"
if ! wait_for 20 job_is_over "$job"; then fail "the job is still there 20 s after qdel" "$output"; fi
expect_nothing_left
finish

#!/usr/bin/env bash
# A run asks Slurm when its job ends, ends before that, and does the rest when the job was put back.
# test timeout: 240
# test fixture: slurm_cluster
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/slurm/lib.sh"

tutti=$TUTTI_TEST_PROGRAMS_DIR/tutti
# A job of a minute that wants to be over 42 seconds before its end; nobody warns it.
export TUTTI_WALLTIME_MARGIN_S=42
for launcher in srun mpirun; do
  say "$launcher"
  rm -f ran farm.log
  submit --nodes=2 --ntasks-per-node=1 --cpus-per-task=2 --time=1 --signal=USR1@0 \
    "$(template slurm/requeue.sbatch "$launcher")" \
    "$tutti" farm --joblog "$folder/farm.log" --resume-failed "sleep 1; echo {} >>$folder/ran" ::: $(seq 100)
  expect_code 0 "$job"
  expect_line 'tutti: every task that is left takes longer than the job will last\|tutti: the job ends in [0-9]* s'
  expect_line 'interrupted, run it again'
  expect_line "exit code 75: job $job goes back into the queue after run 1"
  expect_line '100 of 100 commands done ([1-9][0-9]* before)'
  if [ "$(sort -n ran | tr '\n' ' ')" != "$(seq 100 | tr '\n' ' ')" ]; then
    fail "not every command was done exactly once" ran "$output"
  fi
done
expect_nothing_left
finish

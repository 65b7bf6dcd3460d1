#!/usr/bin/env bash
# A job's exit code is that of the program, also when the program fails.
# test timeout: 240
# test fixture: slurm_cluster
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/slurm/lib.sh"

for launcher in srun mpirun; do
  for name in quickstart multi_node; do
    script=$(template "slurm/$name.sbatch" "$launcher")
    options=(--nodes=2 --ntasks=4 --ntasks-per-node=2)
    say "$name, $launcher: exit 3"
    run_job 3 "${options[@]}" "$script" "$job_program" 4 2 exit 3
    say "$name, $launcher: main throws"
    run_job 1 "${options[@]}" "$script" "$job_program" 4 2 throw
    expect_line 'main fails on purpose'
    say "$name, $launcher: a task throws"
    run_job 1 "${options[@]}" "$script" "$job_program" 4 2 task_throws
    expect_line 'this task fails on purpose'
  done
done
expect_nothing_left
finish

#!/usr/bin/env bash
# The templates over 1, 2 and 3 nodes, with all launchers.
# test timeout: 400
# test fixture: slurm_cluster
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/slurm/lib.sh"

for launcher in srun mpirun tutti; do
  quickstart=$(template slurm/quickstart.sbatch "$launcher")
  multi_node=$(template slurm/multi_node.sbatch "$launcher")
  say "quickstart, $launcher"
  run_job 0 "$quickstart" "$job_program" 4 1
  expect_line "^ok: 4 ranks on 1 nodes, sum 2666466670000$"
  for count in 2 3; do
    say "multi_node, $launcher, $count nodes"
    run_job 0 --nodes="$count" --ntasks-per-node=2 --cpus-per-task=2 "$multi_node" "$job_program" $((2 * count)) "$count"
    expect_line "^ok: $((2 * count)) ranks on $count nodes, sum 2666466670000$"
  done
  say "requeue, $launcher"
  run_job 0 --ntasks-per-node=2 "$(template slurm/requeue.sbatch "$launcher")" "$job_program" 4 2
  expect_line "^ok: 4 ranks on 2 nodes"
done

say "big_memory, gpu"
run_job 0 --ntasks-per-node=2 --cpus-per-task=2 --mem=500M "$TUTTI_TEST_SOURCE_DIR/slurm/big_memory.sbatch" "$job_program" 4 2
expect_line "^ok: 4 ranks on 2 nodes"
run_job 0 --ntasks-per-node=2 --cpus-per-task=2 --gres=none "$TUTTI_TEST_SOURCE_DIR/slurm/gpu.sbatch" "$job_program" 2 1
expect_line "^ok: 2 ranks on 1 nodes"

say "array"
submit --ntasks-per-node=2 --array=0-1 "$TUTTI_TEST_SOURCE_DIR/slurm/array.sbatch" "$job_program" 2 1
array_is_over() { [ -z "$(squeue --noheader --jobs="$job" --states=PENDING,RUNNING,COMPLETING,CONFIGURING)" ]; }
if ! wait_for 90 array_is_over; then fail "the array has not ended" "$output"; fi
if [ "$(grep -c '^ok: 2 ranks on 1 nodes' "$output")" != 2 ]; then fail "not both parts ran" "$output"; fi

expect_nothing_left
finish

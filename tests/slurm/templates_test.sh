#!/usr/bin/env bash
# Both templates over 2 and 3 nodes, with both launchers.
# test timeout: 240
# test fixture: slurm_cluster
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/slurm/lib.sh"

for launcher in srun mpirun; do
  quickstart=$(template slurm/quickstart.sbatch "$launcher")
  multi_node=$(template slurm/multi_node.sbatch "$launcher")
  for count in 2 3; do
    say "quickstart, $launcher, $count nodes"
    run_job 0 --nodes="$count" "$quickstart" "$job_program" 4 "$count"
    expect_line "^ok: 4 ranks on $count nodes, sum 2666466670000$"
    say "multi_node, $launcher, $count nodes"
    run_job 0 --nodes="$count" --ntasks-per-node=2 --cpus-per-task=2 "$multi_node" "$job_program" $((2 * count)) "$count"
    expect_line "^ok: $((2 * count)) ranks on $count nodes, sum 2666466670000$"
  done
done
expect_nothing_left
finish

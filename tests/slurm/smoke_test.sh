#!/usr/bin/env bash
# The shortest proof that a job works: the quickstart template as it is, on 2 nodes.
# test labels: slurm_smoke
# test fixture: slurm_cluster
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/slurm/lib.sh"

quickstart=$TUTTI_TEST_SOURCE_DIR/slurm/quickstart.sbatch
run_job 0 --nodes=2 --ntasks-per-node=2 "$quickstart" "$job_program" 4 2
expect_line '^ok: 4 ranks on 2 nodes, sum 2666466670000$'
run_job 3 --nodes=2 --ntasks-per-node=2 "$quickstart" "$job_program" 4 2 exit 3
finish

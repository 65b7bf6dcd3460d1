#!/usr/bin/env bash
# srun without MPI makes each process a world of one: one sentence says so, and the job fails.
# test fixture: slurm_cluster
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/slurm/lib.sh"

sed 's/^srun --mpi=pmix /srun --mpi=none /' "$TUTTI_TEST_SOURCE_DIR/slurm/quickstart.sbatch" >without_mpi.sbatch
run_job 1 --nodes=2 --ntasks-per-node=2 without_mpi.sbatch "$job_program" 4 2
expect_line 'srun started 4 copies of this program.*srun --mpi=pmix'
if [ "$(grep -c '^tutti:' "$output")" != 1 ]; then fail "more than one sentence" "$output"; fi
if grep -q '^ok:' "$output"; then fail "the program ran all the same" "$output"; fi
finish

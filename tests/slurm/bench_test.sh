#!/usr/bin/env bash
# slurm/bench.sbatch measures on 1 and on 2 nodes and leaves a table.
# test timeout: 180
# test fixture: slurm_cluster
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/slurm/lib.sh"

mkdir benchmarks
cp "$TUTTI_TEST_SOURCE_DIR/benchmarks/nodes.sh" benchmarks/
bench=$TUTTI_TEST_PROGRAMS_DIR/tutti-bench
run_job 0 --nodes=2 --ntasks-per-node=2 "$TUTTI_TEST_SOURCE_DIR/slurm/bench.sbatch" "$bench" \
  'roundtrip --quick' 'map_empty --quick'
expect_line '^{"nodes":1,"case":"roundtrip"'
expect_line '^{"nodes":2,"case":"map_empty"'
expect_line '^| 2 ranks a node | 1 node | 2 nodes |$'
expect_line '^| roundtrip (us) | [0-9.e+]* | [0-9.e+]* |$'
# A case that does not exist, and a program that does not, are errors that name them.
run_job 1 --nodes=1 --ntasks-per-node=2 "$TUTTI_TEST_SOURCE_DIR/slurm/bench.sbatch" "$bench" nothing
expect_line "nodes.sh: 'nothing' failed on 1 nodes"
run_job 2 --nodes=1 --ntasks-per-node=2 "$TUTTI_TEST_SOURCE_DIR/slurm/bench.sbatch" /no/such/bench
expect_line "'/no/such/bench' is no program"
finish

#!/usr/bin/env bash
# Writes the job templates of slurm/ and pbs/ by the program tutti: scripts/templates.sh TUTTI [FOLDER]
# TUTTI is the program, such as build/release/bin/tutti; FOLDER holds slurm/ and pbs/, else those of tutti.
set -euo pipefail

tutti=$(realpath "${1:?names the program: scripts/templates.sh build/release/bin/tutti}")
folder=${2:-$(dirname "$0")/..}
# Settings of this machine have no place in a template.
unset TUTTI_CONFIG TUTTI_PROFILE "${!TUTTI_JOBS_@}"
export HOME=/nonexistent

# template NAME OPTIONS...: writes both.
template() {
  local name=$1
  shift
  "$tutti" job-script --scheduler slurm "$@" >"$folder/slurm/$name.sbatch"
  "$tutti" job-script --scheduler pbs "$@" >"$folder/pbs/$name.pbs"
}

template quickstart --walltime 10m --ranks-per-node 4
template multi_node --walltime 1h --nodes 2 --ranks-per-node 4 --exclusive
template big_memory --walltime 4h --nodes 2 --ranks-per-node 4 --cores-per-worker 8 --memory-per-worker 60GiB
template requeue --walltime 1h --nodes 2 --ranks-per-node 4 --requeue --warn 120s
template gpu --walltime 1h --ranks-per-node 5 --cores-per-worker 4 --gpus-per-node 4
template array --walltime 30m --ranks-per-node 4 --array 0-9

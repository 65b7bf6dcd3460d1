#!/usr/bin/env bash
# Runs tutti-bench on 1, 2, 4, ... nodes of the job that it is started in, and prints a table:
#   benchmarks/nodes.sh TUTTI_BENCH [CASE [OPTIONS]]...
# Cases are given as one word each, with their options: "broadcast --bytes 256MB". Inside a job of Slurm it starts
# ranks by srun, inside one of PBS by mpirun, elsewhere on this machine alone. RANKS_PER_NODE (that of the job, else 4).
# The lines of tutti-bench come before the table, and into nodes-JOB.jsonl.
set -euo pipefail

bench=${1:?names tutti-bench: benchmarks/nodes.sh build/release/bin/tutti-bench}
shift
if ! command -v "$bench" >/dev/null; then
  echo "nodes.sh: '$bench' is no program; build the target tutti-bench, or give its path" >&2
  exit 2
fi
cases=("$@")
[ $# -gt 0 ] || cases=(map_empty submit_empty roundtrip chain transfer broadcast scatter gather)

if [ -n "${SLURM_JOB_ID:-}" ]; then
  job=$SLURM_JOB_ID
  mapfile -t hosts < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
  per_node=${RANKS_PER_NODE:-${SLURM_NTASKS_PER_NODE:-4}}
elif [ -n "${PBS_NODEFILE:-}" ]; then
  job=${PBS_JOBID:-pbs}
  mapfile -t hosts < <(awk '!seen[$0]++' "$PBS_NODEFILE")
  per_node=${RANKS_PER_NODE:-$(($(wc -l <"$PBS_NODEFILE") / ${#hosts[@]}))}
else
  job=here
  hosts=("$(hostname)")
  per_node=${RANKS_PER_NODE:-4}
fi

# launch NODES COMMAND...: on the first nodes of the job.
launch() {
  local nodes=$1 list=()
  shift
  if [ -n "${SLURM_JOB_ID:-}" ]; then
    SLURM_PMIX_FENCE=tree srun --mpi=pmix --nodes="$nodes" --ntasks=$((nodes * per_node)) \
      --ntasks-per-node="$per_node" "$@"
  elif [ -n "${PBS_NODEFILE:-}" ]; then
    for host in "${hosts[@]:0:nodes}"; do list+=("$host:$per_node"); done
    mpirun --host "$(IFS=, && echo "${list[*]}")" -n $((nodes * per_node)) "$@"
  else
    mpirun -n "$per_node" "$@"
  fi
}

lines=nodes-${job%%.*}.jsonl
: >"$lines"
failed=0
for ((nodes = 1; nodes <= ${#hosts[@]}; nodes *= 2)); do
  for case in "${cases[@]}"; do
    # shellcheck disable=SC2086 # a case and its options are words
    if line=$(launch "$nodes" "$bench" $case | grep '^{'); then
      echo "{\"nodes\":$nodes,${line#\{}" | tee -a "$lines"
    else
      echo "nodes.sh: '$case' failed on $nodes nodes" >&2
      failed=1
    fi
  done
done

# One row a case, one column a number of nodes.
awk -v per_node="$per_node" '
  function field(name,  rest) {
    if (!match($0, "\"" name "\":\"?[^,\"}]*")) return ""
    rest = substr($0, RSTART, RLENGTH)
    sub("^\"" name "\":\"?", "", rest)
    return rest
  }
  {
    row = field("case") " (" field("unit") ")"
    if (!(row in known)) { known[row] = 1; rows[++count] = row }
    column = field("nodes")
    if (!(column in columns)) { columns[column] = 1; order[++width] = column }
    figures[row, column] = field("figure")
  }
  END {
    printf "\n| %d ranks a node |", per_node
    for (i = 1; i <= width; ++i) printf " %s node%s |", order[i], order[i] == 1 ? "" : "s"
    printf "\n| --- |"
    for (i = 1; i <= width; ++i) printf " ---: |"
    for (r = 1; r <= count; ++r) {
      printf "\n| %s |", rows[r]
      for (i = 1; i <= width; ++i) printf " %.4g |", figures[rows[r], order[i]]
    }
    print ""
  }' "$lines"
exit $failed

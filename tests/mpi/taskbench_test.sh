#!/usr/bin/env bash
# Each pattern of Task Bench runs in tutti and in plain MPI, on 1, 3 and 4 ranks, with small and large
# outputs, and in Dask where it is installed; every task checks its inputs. The lines have the fields
# that benchmarks/README.md promises.
# test timeout: 300
set -euo pipefail

tutti=$TUTTI_TEST_PROGRAMS_DIR/tutti-bench
plain=$TUTTI_TEST_PROGRAMS_DIR/plain-mpi-taskbench
if [ ! -x "$tutti" ] || [ ! -x "$plain" ]; then
  echo "built without benchmarks"
  exit 77
fi
if ! command -v python3 >/dev/null; then
  echo "no python3, which reads the JSON"
  exit 77
fi

patterns=(trivial no_comm stencil_1d stencil_1d_periodic fft tree dom nearest spread random_nearest all_to_all)
list=$(IFS=,; echo "${patterns[*]}")

# fields SYSTEM RANKS WORKERS PATTERN...: reads lines, of the grains 8 and 0 for each pattern.
fields() {
  python3 -c '
import json, sys

system, ranks, workers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
lines = [json.loads(line) for line in sys.stdin if line.startswith("{")]
runs = [(line["pattern"], line["iterations"]) for line in lines]
assert runs == [(pattern, grain) for pattern in sys.argv[4:] for grain in (8, 0)], runs
for line in lines:
    assert line["case"] == "taskbench" and line["system"] == system, line
    assert line["ranks"] == ranks and line["workers"] == workers and line["unit"] == "us", line
    granularity = line["seconds"] * workers / line["tasks"] * 1e6
    assert abs(line["figure"] / granularity - 1) < 1e-6, line
    assert line["tasks_per_s"] > 0 and "flops_per_s_and_worker" in line, line
' "$@"
}

export TUTTI_THREADS_PER_WORKER=1
options=(--steps=9 --iterations=8,0 --repetitions=1 --radix=4 --imbalance=1)
for ranks in 1 3 4; do
  workers=$((ranks == 1 ? 1 : ranks - 1))
  # 7 points over the ranks, and fewer points than ranks; outputs inside of messages, and beside them.
  for shape in '--width=7 --output-bytes=24' '--width=2 --output-bytes=40000'; do
    read -ra words <<<"--pattern=$list $shape"
    "$TUTTI_TEST_MPIRUN" -n "$ranks" "$tutti" taskbench "${words[@]}" "${options[@]}" |
      fields tutti "$ranks" "$workers" "${patterns[@]}"
    "$TUTTI_TEST_MPIRUN" -n "$ranks" "$plain" "${words[@]}" "${options[@]}" |
      fields "plain MPI" "$ranks" "$ranks" "${patterns[@]}"
  done
done

"$plain" --alone "${options[@]}" | fields "kernel alone" 1 1 stencil_1d
"$TUTTI_TEST_MPIRUN" -n 2 "$tutti" taskbench --kernel=memory --working-set-bytes=65536 --steps=20 \
  --width=4 --iterations=3 --repetitions=1 | grep -q '"bytes_per_s":'
"$TUTTI_TEST_MPIRUN" -n 2 "$tutti" taskbench --kernel=empty --steps=20 --width=4 --repetitions=1 |
  grep -q '"kernel":"empty"'

if /usr/bin/python3 -c 'import distributed, numpy' 2>/dev/null; then
  /usr/bin/python3 -B "$TUTTI_TEST_SOURCE_DIR/benchmarks/compare/dask_taskbench.py" --workers=2 \
    --library="$TUTTI_TEST_PROGRAMS_DIR/libtaskbench.so" --pattern="$list" --width=3 --steps=3 \
    --iterations=8,0 --repetitions=1 --output-bytes=24 | fields Dask 3 2 "${patterns[@]}"
fi

#!/usr/bin/env bash
# benchmarks/metg.py finds METG as the paper does, and prints a line for each run and a table.
# test timeout: 120
set -euo pipefail

if [ ! -x "$TUTTI_TEST_PROGRAMS_DIR/tutti-bench" ]; then
  echo "built without benchmarks"
  exit 77
fi
if ! command -v python3 >/dev/null; then
  echo "no python3"
  exit 77
fi

python3 - "$TUTTI_TEST_SOURCE_DIR/benchmarks" <<'PYTHON'
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import metg

peak = metg.Peak(rate=100.0, iteration_us=1.0)


def lines(*points):
    return [{"figure": us, "flops_per_s_and_worker": efficiency} for efficiency, us in points]


def expect(points, value, bound):
    found = metg.metg(lines(*points), peak, 0.5)
    assert abs(found[0] - value) < 1e-9 and found[1] == bound, (points, found)


# Half way between the points around the threshold.
expect([(90, 40), (60, 20), (40, 10)], 15, "")
# The smallest granularity counts, wherever a slow moment was.
expect([(90, 40), (45, 80), (70, 12), (30, 8)], 10, "")
# A finer grain that takes longer improves nothing.
expect([(90, 40), (60, 20), (10, 30)], 20, "")
# Never crossed.
expect([(90, 40), (80, 20)], 20, "at most ")
expect([(40, 40), (20, 20)], 40, "more than ")
PYTHON

output=$(python3 -B "$TUTTI_TEST_SOURCE_DIR/benchmarks/metg.py" --quick --systems 'tutti,plain MPI' \
  --patterns trivial,stencil_1d --bin "$TUTTI_TEST_PROGRAMS_DIR")
python3 - "$output" <<'PYTHON'
import json, sys

rows = sys.argv[1].splitlines()
lines = [json.loads(row) for row in rows if row.startswith("{")]
found = {(line["system"], line["pattern"]) for line in lines if line["case"] == "metg"}
assert len(found) == 4, found
assert all(line["efficiency"] > 0 for line in lines if line["case"] == "taskbench")
table = [row.split(" | ") for row in rows if row.startswith("| ")]
assert [row[0] for row in table] == ["| METG(50 %), us", "| ---", "| tutti", "| plain MPI"], table
assert all(len(row) == 3 for row in table), table
PYTHON

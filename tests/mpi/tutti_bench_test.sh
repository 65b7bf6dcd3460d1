#!/usr/bin/env bash
# tutti-bench prints one valid JSON line a figure, with the fields that benchmarks/README.md promises,
# and a table of all its cases.
# test timeout: 120
set -euo pipefail

bench=$TUTTI_TEST_PROGRAMS_DIR/tutti-bench
if [ ! -x "$bench" ]; then
  echo "built without benchmarks"
  exit 77
fi
if ! command -v python3 >/dev/null; then
  echo "no python3, which reads the JSON"
  exit 77
fi

# fields CASE RANKS: reads lines, each of which must be such a figure.
fields() {
  python3 -c '
import json, sys

lines = [json.loads(line) for line in sys.stdin if line.startswith("{")]
assert lines, "no figure was printed"
for line in lines:
    assert line["case"] == sys.argv[1] and line["system"] == "tutti", line
    assert line["ranks"] == int(sys.argv[2]) and line["figure"] > 0, line
    assert line["unit"] and line["repetitions"] >= 1, line
' "$@"
}

"$TUTTI_TEST_MPIRUN" -n 2 "$bench" roundtrip --quick --count=200 | fields roundtrip 2
"$TUTTI_TEST_MPIRUN" -n 2 "$bench" startup | fields startup 2
"$bench" roundtrip --quick --count=200 | fields roundtrip 1

table=$("$TUTTI_TEST_MPIRUN" -n 2 "$bench" all --quick --count=200 --bytes=4096)
for name in startup map_empty submit_empty roundtrip roundtrip_idle chain payload_argument \
  payload_result payload_fetch broadcast idle memory_live_task memory_map_element sim; do
  if ! grep -q "^$name " <<<"$table"; then
    printf 'the table lacks %s:\n%s\n' "$name" "$table" >&2
    exit 1
  fi
done

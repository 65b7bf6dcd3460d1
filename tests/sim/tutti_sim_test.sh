#!/usr/bin/env bash
# tutti-sim runs every workload and keeps all laws, gives the same for the same seed, and answers wrong input with a
# sentence.
# test timeout: 120
set -euo pipefail

sim=$TUTTI_TEST_PROGRAMS_DIR/tutti-sim
if [ ! -x "$sim" ]; then
  echo "built without benchmarks"
  exit 77
fi

fail() {
  echo "$*" >&2
  exit 1
}

# has TEXT WORDS...: each stands in the text.
has() {
  local text=$1 word
  shift
  for word in "$@"; do
    grep -qF -- "$word" <<<"$text" || fail "'$word' is not in: $text"
  done
}

for workload in "tasks --tasks 300" "chain --tasks 100" "fan --width 200" "tree --leaves 128" "stencil --width 16 --steps 10" \
  "random --tasks 200 --fan-in 3" "map --elements 2000" "skewed-map --elements 2000 --skew 20" \
  "map-of-maps --elements 300 --steps 3" "map-reduce --elements 500 --fan-in 4"; do
  # shellcheck disable=SC2086  # the options are words
  line=$("$sim" $workload --workers 5 --slots 2 --duration-us 20 --distribution lognormal --sigma 1 --laws --json)
  has "$line" '"makespan_ms":' '"greedy_ms":' '"ratio":' '"bound_ms":' '"idle_share":' '"messages":' \
    '"scheduler_us_per_event":' '"scheduler_us_per_task":' '"log":'
done

log_of() { "$sim" map --elements 3000 --workers 7 --slow-share 0.3 --seed "$1" --json | grep -o '"log":"[0-9a-f]*"'; }
[ "$(log_of 3)" = "$(log_of 3)" ] || fail "the same seed gave two logs"
[ "$(log_of 3)" != "$(log_of 4)" ] || fail "two seeds gave the same log"

has "$("$sim" tasks --tasks 500 --failure-probability 0.5 --laws --json)" '"failed":2'
has "$("$sim" chain)" makespan_ms greedy_ms bound_ms idle_share scheduler_us_per_task

# wrong WORDS ARGUMENTS...: exit code 2, and a sentence with these words.
wrong() {
  local words=$1 code=0 text
  shift
  text=$("$sim" "$@" 2>&1) || code=$?
  [ "$code" = 2 ] || fail "exit code $code for: $*"
  has "$text" "tutti-sim: " "$words"
}
wrong "workload is required"
wrong "not in {tasks,chain" orchestra
wrong "--width means nothing to 'chain': give --tasks" chain --width 3
wrong "give --distribution lognormal too" tasks --sigma 1
wrong "give --slow-share too" tasks --slow-factor 3
wrong "--workers: Value 0 not in range" tasks --workers 0
wrong "is too large" stencil --width 100000 --steps 100000

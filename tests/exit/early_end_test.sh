#!/usr/bin/env bash
# Runs that end before their work is done: near the end of the job, and by signals.
# test timeout: 120
set -uo pipefail
program=$TUTTI_TEST_BIN_DIR/early_end_program
folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit
unset "${!SLURM_@}" "${!PBS_@}"
export TUTTI_LOG_LEVEL=error
failures=0

fail() {
  echo "FAILED: $*"
  sed 's/^/    /' out
  failures=$((failures + 1))
}
start() { if [ "$1" = 1 ]; then shift; "$@"; else "$TUTTI_TEST_MPIRUN" -n "$@"; fi; }
# expect NAME CODE WORDS RANKS ARGUMENTS...
expect() {
  local name=$1 code=$2 words=$3 ranks=$4 got=0
  shift 4
  start "$ranks" "$program" "$@" >out 2>&1 </dev/null || got=$?
  if [ $got != "$code" ]; then fail "$name, $ranks ranks: exit code $got instead of $code"; fi
  if ! grep -q -- "$words" out; then fail "$name, $ranks ranks: no '$words'"; fi
}
# How many tasks had ended.
done_in_out() { sed -n 's/^ended early after \([0-9]*\):.*/\1/p' out; }

for ranks in 1 3; do
  export TUTTI_THREADS_PER_WORKER=2 TUTTI_WALLTIME_S=6 TUTTI_WALLTIME_MARGIN_S=1
  # Tasks of 2 s, and 5 s for them: the run ends by itself before the last second begins.
  expect 'what would not fit' 75 'every task that is left takes longer' $ranks 100 2000 begun
  if grep -q 'did not stop' out; then fail "a task was begun that did not fit, $ranks ranks"; fi
  if [ "$(done_in_out)" -lt 4 ]; then fail "only $(done_in_out) tasks ended, $ranks ranks"; fi
  expect 'all fits' 0 'all done' $ranks 4 100 begun
  # Nobody knows how long they take, so they start, and end with the run.
  TUTTI_WALLTIME_S=3 expect 'too long' 75 'the job ends in [01] s' $ranks 4 20000 begun
  TUTTI_WALLTIME_S=3 expect 'main that catches' 75 'the job ends in [01] s' $ranks 4 20000 begun catches
  # They are told to stop, and have time to save what they have.
  TUTTI_WALLTIME_S=3 expect 'tasks that look at their token' 75 'the job ends in [01] s' $ranks 4 20000 begun polls
  if grep -q 'did not stop' out; then fail "a task that looks at its token was ended, $ranks ranks"; fi
  if [ ! -e begun.saved ]; then fail "no task was told to stop, $ranks ranks"; fi
  rm -f begun.saved
  unset TUTTI_WALLTIME_S TUTTI_WALLTIME_MARGIN_S

  for signal in USR1 TERM; do
    rm -f begun
    # Without a shell between, so that the signal reaches the program or the launcher.
    if [ $ranks = 1 ]; then command=("$program"); else command=("$TUTTI_TEST_MPIRUN" -n 3 "$program"); fi
    TUTTI_TEST_TIMEOUT='' "${command[@]}" 50 20000 "$folder/begun" >out 2>&1 </dev/null &
    job=$!
    for _ in $(seq 300); do
      if [ -e begun ]; then break; fi
      sleep 0.1
    done
    began=$(date +%s%N)
    kill -$signal $job
    code=0
    wait $job || code=$?
    took_ms=$((($(date +%s%N) - began) / 1000000))
    wanted=$([ $signal = USR1 ] && echo 75 || echo 143)
    # mpirun ends ranks by itself after TERM, with a code of its own.
    if [ $ranks = 3 ] && [ $signal = TERM ]; then
      if [ $code = 0 ]; then fail "exit code 0 after TERM"; fi
    elif [ $code != "$wanted" ]; then
      fail "exit code $code after $signal, $ranks ranks"
    fi
    if ! grep -q "received SIG$signal" out; then fail "no word of $signal, $ranks ranks"; fi
    if [ $took_ms -gt 10000 ]; then fail "it took $took_ms ms to end after $signal, $ranks ranks"; fi
    echo "$signal, $ranks ranks: ended after $took_ms ms, code $code"
  done
done
echo "$failures failures"
[ $failures = 0 ]

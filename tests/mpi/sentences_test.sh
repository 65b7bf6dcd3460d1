#!/usr/bin/env bash
# What the user reads when something is wrong, and what TUTTI_VERBOSE counts.
# test timeout: 120
set -u

program=$TUTTI_TEST_BIN_DIR/sentences_program
mpirun=$TUTTI_TEST_MPIRUN
winds=$TUTTI_TEST_PROGRAMS_DIR/winds
unset TUTTI_TEST_SOURCE_DIR TUTTI_TEST_PROGRAMS_DIR TUTTI_TEST_BIN_DIR TUTTI_TEST_MPIRUN
export TUTTI_THREADS_PER_WORKER=2
out=$(mktemp)
trap 'rm -f "$out"' EXIT
failures=0

# says NAME RANKS CODE WORDS COMMAND...: what it prints contains WORDS; once, when there are several ranks.
says() {
  local name=$1 ranks=$2 wanted=$3 words=$4 code
  shift 4
  if [ "$ranks" -eq 1 ]; then
    timeout -k 2 20 env "$@" >"$out" 2>&1 </dev/null
  else
    timeout -k 2 20 "$mpirun" -n "$ranks" env "$@" >"$out" 2>&1 </dev/null
  fi
  code=$?
  local times
  times=$(grep -c -F -- "$words" "$out")
  if [ "$times" -ne 1 ] || { [ "$wanted" = any ] && [ $code -eq 0 ]; } || { [ "$wanted" != any ] && [ $code -ne "$wanted" ]; }; then
    echo "FAILED $name on $ranks rank(s): exit code $code (wanted $wanted), said $times times: $words"
    sed 's/^/    | /' "$out" | head -20
    failures=$((failures + 1))
  fi
}

for ranks in 1 3; do
  says plain $ranks 0 "sum 49" "$program" plain
  says bad_number $ranks 1 "the environment variable TUTTI_THREADS_PER_WORKER is 'abc', but it must be" TUTTI_THREADS_PER_WORKER=abc "$program"
  says too_large $ranks 1 "the environment variable TUTTI_THREADS_PER_WORKER is '5000', but it must be" TUTTI_THREADS_PER_WORKER=5000 "$program"
  says bad_switch $ranks 1 "the environment variable TUTTI_PIN is 'maybe', but it must be" TUTTI_PIN=maybe "$program"
  says bad_memory $ranks 1 "the environment variable TUTTI_MEMORY_LIMIT is '4 elephants'" "TUTTI_MEMORY_LIMIT=4 elephants" "$program"
  says nearest_name $ranks 0 "the environment variable TUTTI_THREAD_PER_WORKER is not an option of tutti and has no effect; did you mean TUTTI_THREADS_PER_WORKER?" \
    TUTTI_THREAD_PER_WORKER=2 "$program"
  says far_name $ranks 0 "the environment variable TUTTI_WHATEVER_ELSE is not an option of tutti and has no effect" TUTTI_WHATEVER_ELSE=2 "$program"
  says reference $ranks 1 "captures a reference, pointer, const char* or view: the 8 bytes at position 0 point into the stack" "$program" reference
  says literal $ranks 1 "point to static data of sentences_program, such as a string literal or a global variable. It would point nowhere on another rank." "$program" literal
  says lengths $ranks 1 "was given ranges of unequal lengths (3, 4); they are zipped, so make them equally long, or wrap what goes whole to every call in tutti::constant()" \
    "$program" lengths
  says after_shutdown $ranks 1 "a future was used after the end of the run that made it; take results before shutdown" "$program" after_shutdown
  says thrown $ranks 1 "task 'reads day 7'" "$program" thrown
  says client $ranks 0 "<Client: $ranks rank$([ "$ranks" -eq 1 ] || echo s) = " "$program" client
  says known_names $ranks 0 "sum 49" TUTTI_ROOT=/a TUTTI_DIR=/b TUTTI_HOME=/c TUTTI_VERSION=1 TUTTI_TASK_ID=7 TUTTI_LOG_LEVEL=off "$program"
done
says no_client 1 1 "tutti::client() was called outside of a run; call it inside tutti::run(argc, argv, [](tutti::Client& client) {...}), or after tutti::setup(argc, argv) returned true, on rank 0" \
  "$program" no_client
says nobody_works 1 1 "this run has one rank and rank0_works is off, so that nobody would run tasks; start more ranks (mpirun -n 4 ...) or leave" \
  TUTTI_RANK0_WORKS=0 "$program"
says nobody_works_under_mpirun 1 1 "this run has one rank and rank0_works is off" "$mpirun" -n 1 env TUTTI_RANK0_WORKS=0 "$program"
says result 3 1 "which cannot travel to another rank; return something that can, or run in one process" "$program" result
says placement 3 0 "sum 49" TUTTI_VERBOSE=1 "$program" plain
says serial 1 0 "sum 998001" TUTTI_SERIAL=1 "$program" large_map
says serial_on_ranks 3 0 "sum 49" TUTTI_SERIAL=1 "$program" plain
says rank0_works 3 0 "sum 998001" TUTTI_RANK0_WORKS=1 "$program" large_map
# A map of any length announces its function by one broadcast; 400 KB of results come back in place, without a collective. The start
# needs four broadcasts itself: what the ranks are, and which of them share memory.
says start_alone 3 0 "tutti: collectives: broadcast 4, scatter 0, gather 0" TUTTI_VERBOSE=1 "$program" plain
says one_broadcast 3 0 "tutti: collectives: broadcast 5, scatter 0, gather 0" TUTTI_VERBOSE=1 "$program" collectives
# broadcast(): the stream and one buffer. scatter(): the same by scatters. run(): one announcement.
says collective_kinds 3 0 "tutti: collectives: broadcast 7, scatter 2, gather 0" TUTTI_VERBOSE=1 "$program" collective_kinds
# Arguments that are on their way when main ends hold nobody up.
for round in 1 2 3; do says dropped_$round 3 0 "leaves at once" TUTTI_NODE_STORE=0 "$program" dropped_arguments; done
[ -x "$winds" ] && says missing_file 1 any "/nowhere/winds.nc" "$winds" /nowhere/winds.nc

# A large constant that call after call sends again is named once, with the line to write; one that changes is not.
says repeated_constant 3 0 "Send it once: auto data = client.scatter({.broadcast = true}, value); then client.submit(f, data, ...)" \
  "$program" repeated_constant
says changing_arguments 3 0 "no warning needed" "$program" changing_arguments
if grep -q "Send it once" "$out"; then
  echo "FAILED changing_arguments: a warning although each call has another argument"
  failures=$((failures + 1))
fi

echo "$failures failures"
[ $failures -eq 0 ]

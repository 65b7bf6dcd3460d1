#!/usr/bin/env bash
# Every end of a program, in one process and on 3 ranks: exit code, the last sentence, how long it takes, and that nothing is left.
# test timeout: 300
# With arguments only these cases run: exits_test.sh exit3 kill_worker
set -u

folder=$(mktemp -d "${TMPDIR:-/tmp}/tutti_exit_XXXXXX")
trap 'rm -rf "$folder"' EXIT
# A name of its own, by which the processes of the job are found.
program=$folder/tutti_exit_$$
name=tutti_exit_$$
cp "$TUTTI_TEST_BIN_DIR/exit_program" "$program"
mpirun=$TUTTI_TEST_MPIRUN
programs=$TUTTI_TEST_BIN_DIR
unset TUTTI_TEST_SOURCE_DIR TUTTI_TEST_PROGRAMS_DIR TUTTI_TEST_BIN_DIR TUTTI_TEST_MPIRUN TUTTI_TEST_TIMEOUT
export TUTTI_THREADS_PER_WORKER=2 TUTTI_LOG_LEVEL=error
# The promise is 2 s; a loaded machine gets more.
limit_ms=4000
failures=0
only=" $* "

now_ms() { date +%s%3N; }

complain() {
  echo "FAILED $1: $2"
  sed 's/^/    | /' "$folder/out" | tail -25
  failures=$((failures + 1))
}

wait_for_file() {
  for ((i = 0; i < 1500; ++i)); do
    [ -s "$1" ] && return 0
    sleep 0.01
  done
  return 1
}

# What is checked of every end: check NAME RANKS CODE WORDS RETURNED EVENT_MS. WORDS stand in a sentence of tutti; those after "mpi:" are
# the launcher's or the MPI library's, as a regular expression; "none" means that tutti says nothing.
check() {
  local case=$1 ranks=$2 wanted=$3 words=$4 code=$5 began=$6 ended
  ended=$(now_ms)
  local label="$case on $ranks rank(s)"
  [ "$code" -eq 124 ] && complain "$label" "it did not end"
  case $wanted in
    any) [ "$code" -ne 0 ] || complain "$label" "exit code 0, not another" ;;
    *) [ "$code" -eq "$wanted" ] || complain "$label" "exit code $code, not $wanted" ;;
  esac
  [ $((ended - began)) -le $limit_ms ] || complain "$label" "it took $((ended - began)) ms after the event"
  local last
  last=$(grep -h -a -E '^(tutti: |\[tutti )' "$folder/out" | tail -1)
  if [ "$words" = none ]; then
    [ -z "$(grep -a '^tutti: ' "$folder/out")" ] || complain "$label" "tutti said: $last"
  elif [ "${words#mpi:}" != "$words" ]; then
    grep -q -a -E -- "${words#mpi:}" "$folder/out" || complain "$label" "nobody says: ${words#mpi:}"
  elif ! grep -a '^tutti: ' "$folder/out" | grep -q -a -F -- "$words"; then
    complain "$label" "no sentence of tutti has the words: $words"
  fi
  # A rank that was killed may take a moment to go; what is dead and not buried does not count.
  local left
  for ((i = 0; i < 100; ++i)); do
    left=$(pgrep -r D,R,S,T -f "$name" || true)
    [ -z "$left" ] && break
    sleep 0.01
  done
  if [ -n "$left" ]; then
    complain "$label" "processes are left: $left"
    # They are this test's own.
    kill -9 $left 2>/dev/null
  fi
  printf '%-28s %s rank(s): code %3d, %5d ms  %s\n' "$case" "$ranks" "$code" $((ended - began)) "${last:0:150}"
}

launcher() {
  if [ "$1" -eq 1 ]; then echo "timeout -k 2 20"; else echo "timeout -k 2 20 $mpirun -n $1"; fi
}

wanted() { [ "$only" = "  " ] || [[ $only == *" $1 "* ]]; }

# A program that ends by itself: ends CASE CODE WORDS [RANKS...]
ends() {
  wanted "$1" || return 0
  local case=$1 code=$2 words=$3 ranks
  shift 3
  for ranks in ${*:-1 3}; do
    rm -f "$folder/event" "$folder/event.forgotten"
    $(launcher "$ranks") "$program" "$case" "$folder/event" >"$folder/out" 2>&1 </dev/null
    check "$case" "$ranks" "$code" "$words" $? "$(cut -d' ' -f1 "$folder/event" 2>/dev/null || now_ms)"
    if [ "$case" = forget ] && [ ! -s "$folder/event.forgotten" ]; then
      complain "$case on $ranks rank(s)" "the task that was fired did not finish"
    fi
  done
}

# A program that is ended from outside: ended CASE RANKS SIGNAL WHOM CODE WORDS [HOW]; WHOM is launcher or the number of a rank.
ended() {
  wanted "$1" || return 0
  local case=$1 ranks=$2 signal=$3 whom=$4 code=$5 words=$6 how=${7:-task_waits}
  rm -f "$folder/event"
  $(launcher "$ranks") "$program" "$how" "$folder/event" >"$folder/out" 2>&1 </dev/null &
  local job=$!
  if ! wait_for_file "$folder/event"; then complain "$case" "it did not start"; kill -9 $job; return; fi
  local pid=$job
  [ "$whom" = launcher ] || pid=$(cut -d' ' -f$((whom + 2)) "$folder/event")
  # The launcher stands behind one or two `timeout`s.
  while [ "$whom" = launcher ] && [ "$ranks" -gt 1 ] && [ "$(ps -o comm= -p "$pid")" != mpirun ]; do
    pid=$(pgrep -P "$pid" | head -n 1)
    [ -n "$pid" ] || { complain "$case" "mpirun is not there"; return; }
  done
  local began
  began=$(now_ms)
  kill "-$signal" "$pid"
  wait $job
  check "$case" "$ranks" "$code" "$words" $? "$began"
}

ends return0 0 none
ends return3 3 none
ends throw 1 "the program ended with std::runtime_error: the input is empty"
ends throw_int any "the program ended with int"
ends throw_in_task 1 "no such day"
ends forgotten_failure 1 "1 task failed and nobody asked for the result; the first one: "
ends dropped_failure 1 "1 task failed and nobody asked for the result; the first one: "
ends dropped_element 1 "nobody asked for the result; the first one: "
ends failure_seen_later 0 none
ends exit0 any "exit(0) was called on rank 0 before the run ended; return from main instead"
ends exit3 3 "exit(3) was called on rank 0 before the run ended; return from main instead"
ends thread_exits 4 "exit(4) was called on rank 0 before the run ended"
ends task_exit0 any "exit(0) was called on rank"
ends task_exit3 3 "exit(3) was called on rank"
ends abort any "was ended by SIGABRT in the code that it ran; the job ends"
ends task_abort any "was ended by SIGABRT in the code that it ran; the job ends"
ends task_segfault any "was ended by SIGSEGV in the code that it ran; the job ends"
ends long_task 0 "tasks that nobody waits for were still running at the end of main and were ended"
ends forget 0 none
ends setup_return0 0 none
ends setup_return3 3 none
ends setup_exit3 3 none
ends setup_shutdown 0 none
ends setup_forgotten_failure 1 "nobody asked for the result"

for signal in INT TERM; do
  ended "SIG${signal}_one_process" 1 $signal 0 any "received SIG$signal; the job ends"
  ended "SIG${signal}_main_works" 1 $signal 0 any "received SIG$signal; the job ends" main_works
  ended "SIG${signal}_rank0" 3 $signal 0 any "rank 0 received SIG$signal; the job ends"
  ended "SIG${signal}_worker" 3 $signal 2 any "rank 2 received SIG$signal; the job ends"
  ended "SIG${signal}_mpirun" 3 $signal launcher any "SIG"
done
ended kill_rank0 3 KILL 0 any "rank 0 is gone; leaving"
ended kill_worker 3 KILL 2 any "mpi:signal 9 \(Killed\)"

# A library that cannot start.
if wanted failing_init; then
  began=$(now_ms)
  OMPI_MCA_btl=nonsense $(launcher 3) "$program" return0 "$folder/event" >"$folder/out" 2>&1 </dev/null
  check failing_init 3 any "mpi:MPI|ORTE_ERROR" $? "$began"
fi
# srun without PMI: processes that know nothing of each other.
if wanted srun_without_pmi; then
  for rank in 0 1 2 3; do
    rm -f "$folder/event"
    began=$(now_ms)
    SLURM_JOB_ID=5 SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=4 SLURM_PROCID=$rank timeout -k 2 20 "$program" return0 "$folder/event" \
      >"$folder/out" 2>&1 </dev/null
    code=$?
    words="srun started 4 copies of this program, and each is a world of one"
    [ $rank -eq 0 ] || words=none
    check srun_without_pmi 1 1 "$words" $code "$began"
    [ ! -e "$folder/event" ] || complain srun_without_pmi "the program ran"
  done
fi
# One rank is another program: an error in the first second.
if wanted different_binary; then
  other=$folder/tutti_exit_other_$$
  cp "$programs/sentences_program" "$other"
  rm -f "$folder/event"
  began=$(now_ms)
  OMPI_MCA_rmaps_base_oversubscribe=1 $(launcher 1) "$mpirun" -n 1 "$program" return0 "$folder/event" : -n 1 "$other" plain : -n 1 "$program" \
    return0 >"$folder/out" 2>&1 </dev/null
  check different_binary 3 any "rank 1 runs another program than rank 0; all ranks must start the same build" $? "$began"
  [ ! -e "$folder/event" ] || complain different_binary "the program ran"
fi

echo "$failures failures"
[ $failures -eq 0 ]

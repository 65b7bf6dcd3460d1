#!/usr/bin/env bash
# `tutti farm` in one process and on several ranks: output, exit codes, joblog, resuming, stopping, signals.
# test timeout: 180
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/cli/lib.sh"
unset "${!OMPI_@}"
job_program=$TUTTI_TEST_BIN_DIR/job_program

# Started alone, and under mpirun.
alone=("$tutti" farm)
ranks() { TUTTI_TEST_TIMEOUT=60 TUTTI_LOG_LEVEL=error "$TUTTI_TEST_MPIRUN" -n 3 "$tutti" farm "$@"; }

same() {
  if ! diff "$1" "$2" >output 2>&1; then fail "$1 is not $2: $3"; fi
}
# nobody COMMAND_LINE...: waits until no process with these words is left.
nobody() {
  local tries=100
  while pgrep -f -- "$1" >/dev/null; do
    tries=$((tries - 1))
    if [ "$tries" = 0 ]; then
      fail "processes are left: $1"
      return
    fi
    sleep 0.1
  done
}

# -- what is run, and what comes out
printf 'echo one\n# a comment\n\necho two; exit 3\n  echo $TUTTI_TASK_ID\n' >commands.txt
expect 1 '2 of 3|3 of 3 commands done, 1 failed \(2\)' "${alone[@]}" commands.txt
for way in alone ranks; do
  run=("${alone[@]}")
  if [ $way = ranks ]; then run=(ranks); fi
  code=0
  "${run[@]}" -k commands.txt >lines 2>messages </dev/null || code=$?
  if [ $code != 1 ]; then fail "exit code $code ($way)"; fi
  printf 'one\ntwo\n3\n' >wanted
  same lines wanted "$way"
  seq 300 | sed 's/^/echo /' >many.txt
  "${run[@]}" -k many.txt >lines 2>messages </dev/null || fail "many commands ($way)"
  seq 300 >wanted
  same lines wanted "many commands in order, $way"
  expect 76 '75 failed' "${run[@]}" exit ::: $(seq 75 | sed 's/.*/1/')
  expect 101 '102 failed' "${run[@]}" false ::: $(seq 102)
done
echo 'echo from stdin' | "$tutti" farm >output 2>&1 || fail "standard input"
grep -q '^from stdin$' output || fail "no line of standard input"
expect 0 "^a b,1,1$" "${alone[@]}" 'echo {},{#},$TUTTI_TASK_ID' ::: 'a b'
expect 0 '^gzip y.b 1$' "${alone[@]}" --dry-run gzip {1} {2} ::: x.a y.b ::: 1 2
expect 0 '0 of 0 commands done' "${alone[@]}" /dev/null
"${alone[@]}" -q true ::: 1 2 >output 2>&1 || fail "quiet"
if [ -s output ]; then fail "quiet prints"; fi

# -- wrong use
expect 255 'there is no option --nope' "${alone[@]}" --nope
expect 255 "cannot read the file 'none.txt'" "${alone[@]}" none.txt
expect 255 'stands one file of commands' "${alone[@]}" gzip x
expect 255 '\-\-resume needs the joblog' "${alone[@]}" --resume commands.txt
expect 255 'soon,fail=1' "${alone[@]}" --halt later commands.txt
expect 255 '\-\-timeout takes seconds' "${alone[@]}" --timeout -1 commands.txt
expect 255 'place \{3\}, but the lists are 1' "${alone[@]}" echo {3} ::: a
expect 0 'Exit code: the number of commands that failed' "${alone[@]}" --help
ranks --nope >output 2>&1 </dev/null && fail "a wrong option on several ranks"
if [ "$(grep -c 'there is no option' output)" != 1 ]; then fail "the mistake is not told once"; fi

# -- files of output
expect 1 'done' "${alone[@]}" --results res commands.txt
if [ "$(cat res/2/stdout)" != two ] || [ -s res/2/stderr ]; then fail "results"; fi
expect 1 'done' "${alone[@]}" --logs logs 'echo out; echo err >&2; false' ::: 1
if [ "$(cat logs/1.log)" != $'out\nerr' ]; then fail "log: $(cat logs/1.log)"; fi

# -- joblog: what is resumed, and that GNU parallel reads it and we read its
rm -f ran
expect 1 '4 of 4 commands done, 1 failed \(3\)' "${alone[@]}" --joblog log 'echo {} >>ran; test {} != c' ::: a b c d
grep -v ' c >>ran' log | tail -n 1 >last
grep -vxFf last log >shorter && printf '4\tcut off' >>shorter
expect 0 '4 of 4 commands done \(3 before\)' "${alone[@]}" --joblog shorter --resume 'echo {} >>ran; test {} != c' ::: a b c d
cp log failed
expect 1 '4 of 4 commands done \(3 before\), 1 failed' "${alone[@]}" --joblog failed --resume-failed 'echo {} >>ran; test {} != c' ::: a b c d
# The last line of the log was cut off, so what it told of ran twice; c failed, and ran twice as well.
if [ "$(grep -c c ran)" -lt 2 ] || [ "$(wc -l <ran)" != 6 ]; then fail "what ran: $(tr '\n' ' ' <ran)"; fi
expect 255 "command [1-4] was .* in the joblog and is .x [a-d]. now" "${alone[@]}" --joblog log --resume x ::: a b c d
if [ "$(cut -f1,7,8 log | sort -n | tail -n 4 | tr '\t\n' ', ')" != '1,0,0 2,0,0 3,1,0 4,0,0 ' ]; then
  fail "joblog: $(cat log)"
fi
if command -v parallel >/dev/null; then
  printf 'echo a >>ran2\nfalse\necho c >>ran2\n' >list
  expect 1 'done' "${alone[@]}" --joblog ours list
  parallel --will-cite --joblog ours --resume-failed <list >output 2>&1 && fail "parallel with our joblog"
  if [ "$(sort ran2)" != $'a\nc' ]; then fail "parallel ran again what our joblog has"; fi
  if [ "$(cut -f1 ours | grep -c '^2$')" != 2 ]; then fail "parallel did not run the failed one again"; fi
  rm -f ran2
  parallel --will-cite --joblog theirs <list >output 2>&1 || true
  expect 1 '3 of 3 commands done \(2 before\), 1 failed \(2\)' "${alone[@]}" --joblog theirs --resume-failed list
  if [ "$(sort ran2)" != $'a\nc' ]; then fail "we ran again what their joblog has"; fi
fi

# -- failures: tries, time limits, stopping early
rm -f tries
expect 0 '1 of 1 command done, 2 tried again' "${alone[@]}" --retries 5 'echo x >>tries; test $(wc -l <tries) = 3 #' ::: 1
expect 1 'took longer than its time limit' "${alone[@]}" --timeout 0.3 --joblog slow 'sleep 77.7 #' ::: 1
if [ "$(tail -n 1 slow | cut -f7,8)" != $'0\t15' ]; then fail "joblog of a late command: $(cat slow)"; fi
nobody 'sleep 77.7'
for way in alone ranks; do
  run=("${alone[@]}")
  if [ $way = ranks ]; then run=(ranks); fi
  expect 1 'stopped early' "${run[@]}" -j 1 --halt soon,fail=1 'sleep 0.05; test {} != 2' ::: $(seq 200)
  expect 1 '.' "${run[@]}" -j 2 --halt now,fail=1 'test {} != 2 || { sleep 0.5; exit 1; }; sleep 77.8 #' ::: 1 2 3
  nobody 'sleep 77.8'
done

# -- commands that are programs of MPI and of tutti themselves, under ranks
cat >nested.txt <<NESTED
$job_program 1 1
$TUTTI_TEST_MPIRUN -n 2 $job_program 2 1
NESTED
code=0
OMPI_MCA_rmaps_base_oversubscribe=1 ranks nested.txt >output 2>&1 </dev/null || code=$?
if [ $code != 0 ]; then fail "programs of MPI as commands: $code"; fi
grep -q '^ok: 1 ranks' output || fail "a program of tutti as a command"
grep -q '^ok: 2 ranks' output || fail "mpirun as a command"

# -- signals: what was done is in the joblog, the rest runs again, nobody is left
for way in alone ranks; do
  for signal in TERM INT USR1; do
    rm -f log started
    run=("$tutti" farm)
    if [ $way = ranks ]; then run=("$tutti" run -n 3 "$tutti" farm); fi
    # No job control in scripts: a background process ignores INT, unless it is started otherwise.
    python3 -c 'import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])' \
      "${run[@]}" -j 1 --joblog log '{ test {} = 1 || echo {} >>started; } && { test {} = 1 || sleep 77.9; } #' ::: 1 2 3 4 5 6 \
      >output 2>&1 </dev/null &
    farm=$!
    for _ in $(seq 300); do
      if [ -s started ] && [ "$(wc -l <log)" = 2 ]; then break; fi
      sleep 0.1
    done
    kill -$signal $farm
    code=0
    wait $farm || code=$?
    # mpirun gives no exit code of ranks after TERM and INT, which it answers by ending them itself.
    if [ $way = alone ] || [ $signal = USR1 ]; then
      declare -A codes=([USR1]=75 [TERM]=143 [INT]=130)
      if [ $code != "${codes[$signal]}" ]; then fail "exit code $code after $signal, $way"; fi
      grep -q 'interrupted, run it again' output || fail "no word about $signal, $way"
    elif [ $code = 0 ]; then
      fail "exit code 0 after $signal, $way"
    fi
    nobody 'sleep 77.9'
    if [ "$(wc -l <log)" != 2 ]; then fail "joblog after $signal, $way: $(cat log)"; fi
  done
done

# -- a rank that is killed takes its commands with it
"$tutti" farm 'echo {} >>begun; sleep 78.1 #' ::: 1 2 >output 2>&1 </dev/null &
farm=$!
for _ in $(seq 300); do
  if [ -s begun ]; then break; fi
  sleep 0.1
done
kill -KILL $farm
wait $farm || true
nobody 'sleep 78.1'
finish

#!/usr/bin/env bash
# What users see of memory limits: results that find no room, disks that cannot be written to, ranks that pause, and that
# nothing is left of what was spilled.
# test timeout: 240
# With arguments only these cases run: memory_test.sh kill
set -u

folder=$(mktemp -d "${TMPDIR:-/tmp}/tutti_memory_XXXXXX")
mkdir "$folder/spill"
trap 'rm -rf "$folder"' EXIT
program=$TUTTI_TEST_BIN_DIR/memory_program
mpirun=$TUTTI_TEST_MPIRUN
unset TUTTI_TEST_SOURCE_DIR TUTTI_TEST_PROGRAMS_DIR TUTTI_TEST_BIN_DIR TUTTI_TEST_MPIRUN TUTTI_TEST_TIMEOUT
export TUTTI_THREADS_PER_WORKER=1 TUTTI_MEMORY_LIMIT=64MB TUTTI_LOCAL_DIRECTORY=$folder/spill
failures=0
only=" $* "

wanted() { [ "$only" = "  " ] || [ "${only#* $1 }" != "$only" ]; }

complain() {
  echo "FAILED $1: $2"
  sed 's/^/    | /' "$folder/out" | head -20
  failures=$((failures + 1))
}

# start RANKS COMMAND...: its output goes to $folder/out.
start() {
  local ranks=$1
  shift
  if [ "$ranks" -eq 1 ]; then
    timeout -k 2 60 env "$@" >"$folder/out" 2>&1 </dev/null
  else
    timeout -k 2 60 "$mpirun" -n "$ranks" env "$@" >"$folder/out" 2>&1 </dev/null
  fi
}

# says CASE RANKS CODE WORDS... -- NAME=VALUE... ACTION: the output has all the words, and nothing is left in the directory.
says() {
  local case=$1 ranks=$2 code=$3 words=() got
  wanted "$case" || return 0
  shift 3
  while [ "$1" != -- ]; do
    words+=("$1")
    shift
  done
  shift
  local action=${!#}
  start "$ranks" "${@:1:$#-1}" "$program" "$action"
  got=$?
  [ $got -eq "$code" ] || complain "$case on $ranks rank(s)" "exit code $got, not $code"
  local each
  for each in "${words[@]}"; do
    grep -q -F -- "$each" "$folder/out" || complain "$case on $ranks rank(s)" "nobody says: $each"
  done
  [ -z "$(ls -A "$folder/spill")" ] || complain "$case on $ranks rank(s)" "left: $(ls -A "$folder/spill")"
}

# not_said CASE WORDS: of the last case.
not_said() {
  wanted "$1" || return 0
  ! grep -q -F -- "$2" "$folder/out" || complain "$1" "somebody says: $2"
}

for ranks in 1 3; do
  says spills $ranks 0 "kept all" "goes on: 42" -- keep
  says spills_map $ranks 0 "kept all" "goes on: 42" -- keep_by_map
  says unlimited $ranks 0 "kept all" -- TUTTI_MEMORY_LIMIT=none keep
  says too_large $ranks 1 "takes 100.0 MB, and rank" "may use 64.0 MB (option memory_limit)" -- too_large
  says too_large_map $ranks 1 "may use 64.0 MB (option memory_limit)" -- too_large_map
  says off $ranks 0 "kept some" "cannot spill more: the option spill is off" "goes on: 42" -- TUTTI_SPILL=off keep
  says off_map $ranks 0 "kept some" "goes on: 42" -- TUTTI_SPILL=off keep_by_map
  says capped $ranks 0 "kept some" "the option spill_limit allows 8.3 MB" "goes on: 42" -- TUTTI_SPILL_LIMIT=8MiB keep
  says unwritable $ranks 0 "kept some" "cannot create a file for spilled values in $folder/none" "goes on: 42" \
    -- TUTTI_LOCAL_DIRECTORY=$folder/none keep
  # Known at the start, before anything is spilled.
  all=$(seq -s ", " 0 $((ranks - 1)))
  says unwritable_at_start $ranks 0 "values cannot be spilled to the local directory $folder/none (No such file or directory)" \
    "(rank $all on $(hostname))" -- TUTTI_LOCAL_DIRECTORY=$folder/none figures
  ! wanted unwritable_at_start || [ "$(grep -c 'values cannot be spilled' "$folder/out")" -eq 1 ] || complain unwritable_at_start "it is not said once"
  says no_variable $ranks 1 "there is no environment variable NO_SUCH_DIRECTORY" -- 'TUTTI_LOCAL_DIRECTORY=$NO_SUCH_DIRECTORY/x' keep
  says variable $ranks 0 "kept all" -- OWN_DIRECTORY=$folder/spill 'TUTTI_LOCAL_DIRECTORY=${OWN_DIRECTORY}' keep
  says corrupt $ranks 0 "damaged 1" "cannot read a value of type" "to a file in $folder/spill" "checksums differ" "goes on: 42" \
    -- corrupt
  says pauses $ranks 0 "hogged 1" "it runs one task at a time" -- hog
  says figures $ranks 0 "64.0" "MB on host" -- figures
  not_said figures "paused"
  says hardware $ranks 0 "disk write" "disk read" "memory copy" "from rank 0 on: $folder/spill" -- hardware
done
if wanted in_memory && [ -d /dev/shm ]; then
  says in_memory 3 0 "lies in memory (tmpfs)" "(rank 0, 1, 2 on " -- TUTTI_LOCAL_DIRECTORY=/dev/shm keep
  [ "$(grep -c 'lies in memory' "$folder/out")" -eq 1 ] || complain in_memory "it is not said once"
fi
if wanted full && [ "$(id -u)" -eq 0 ] && mkdir "$folder/small" && mount -t tmpfs -o size=16m tmpfs "$folder/small" 2>/dev/null; then
  says full 1 0 "kept some" "the disk is full" "goes on: 42" -- "TUTTI_LOCAL_DIRECTORY=$folder/small" keep
  umount "$folder/small"
fi

# All ranks are killed while values lie on disk: the disk has as much room as before, and there is no file.
if wanted kill; then
  "$mpirun" -n 2 "$program" hold >"$folder/out" 2>&1 </dev/null &
  job=$!
  # The launcher may pass a line on in parts: it is whole when its last word is there.
  for ((i = 0; i < 3000; ++i)); do
    own=$(sed -n 's/^ready \([0-9]*\) now$/\1/p' "$folder/out")
    [ -n "$own" ] && break
    sleep 0.01
  done
  [ -n "$own" ] || complain kill "it was never ready"
  ranks=$(pgrep -P "$(ps -o ppid= -p "$own" | tr -d ' ')")
  held=$(ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c "$folder/spill")
  [ "$held" -gt 0 ] || complain kill "nobody has a file in the directory"
  # shellcheck disable=SC2086
  kill -9 $ranks
  wait $job
  for ((i = 0; i < 500; ++i)); do
    held=$(ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c "$folder/spill")
    [ "$held" -eq 0 ] && break
    sleep 0.01
  done
  [ "$held" -eq 0 ] || complain kill "a file is still open"
  [ -z "$(ls -A "$folder/spill")" ] || complain kill "left: $(ls -A "$folder/spill")"
fi

echo "$failures failures"
[ $failures -eq 0 ]

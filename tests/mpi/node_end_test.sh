#!/usr/bin/env bash
# Whatever ends a run that shares memory, no name of it is left: return, exception, exit(), and
# kill -9 of one rank or of all.
# test timeout: 180
set -euo pipefail

: "${TUTTI_TEST_BIN_DIR:?is set by ctest}" "${TUTTI_TEST_SOURCE_DIR:?is set by ctest}"
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
failures=0

# What of ours could be left: only names, as memory without a name ends with its last process.
names() { find /dev/shm /tmp -maxdepth 1 -name 'tutti-*' 2>/dev/null | sort; }

for how in return throw exit one all; do
  echo "== $how"
  names >"$directory/before"
  file=$directory/pids_$how
  code=0
  timeout --kill-after=5 60 "$TUTTI_TEST_SOURCE_DIR/scripts/lib/mpirun.sh" -n 3 \
    "$TUTTI_TEST_BIN_DIR/node_end_program" "$file" "$how" >"$directory/out" 2>&1 &
  run=$!
  for ((turn = 0; turn < 3000; ++turn)); do
    [ -e "$file" ] && break
    kill -0 "$run" 2>/dev/null || break
    sleep 0.02
  done
  if [ ! -e "$file" ]; then
    cat "$directory/out"
    echo "FAILED: $how: the program did not come to its end" >&2
    exit 1
  fi
  mapfile -t pids <"$file"
  case $how in
    one) kill -9 "${pids[1]}" ;;
    all) kill -9 "${pids[@]}" ;;
  esac
  wait "$run" || code=$?
  # The launcher may be gone a moment before its processes.
  for pid in "${pids[@]}"; do
    for ((turn = 0; turn < 500; ++turn)); do
      if ! kill -0 "$pid" 2>/dev/null || grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null; then break; fi
      sleep 0.02
    done
    if grep -qs tutti-node "/proc/$pid/maps"; then
      echo "FAILED: $how: process $pid still has memory of the node" >&2
      failures=$((failures + 1))
    fi
  done
  if [ "$how" = return ] && [ "$code" -ne 0 ] || [ "$how" != return ] && [ "$code" -eq 0 ]; then
    cat "$directory/out"
    echo "FAILED: $how: exit code $code" >&2
    failures=$((failures + 1))
  fi
  names >"$directory/after"
  if ! diff "$directory/before" "$directory/after"; then
    echo "FAILED: $how: names are left" >&2
    failures=$((failures + 1))
  fi
done
[ "$failures" -eq 0 ]

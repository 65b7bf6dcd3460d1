#!/usr/bin/env bash
# Work with names and a journal: what is recorded does not run again, in any mode; what is new, changed
# or failed does.
# test timeout: 180
set -euo pipefail
program=$TUTTI_TEST_BIN_DIR/journal_program
folder=$(mktemp --directory "$PWD/journal_test.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export TUTTI_TEST_RAN=$folder/ran
failures=0

fail() {
  echo "FAILED: $*" >&2
  sed 's/^/    /' output >&2
  failures=$((failures + 1))
}

# start MODE COUNT [NAME=VALUE...]
start() {
  local mode=$1 count=$2
  shift 2
  : >ran
  case $mode in
    serial) env TUTTI_SERIAL=1 "$@" "$program" "$count" ;;
    alone) env "$@" "$program" "$count" ;;
    *) env "$@" "$TUTTI_TEST_MPIRUN" -n "$mode" "$program" "$count" ;;
  esac >output 2>&1
}
# good MODE COUNT [NAME=VALUE...]: all results are right.
good() {
  start "$@" || fail "exit code $?: $*"
  grep -q '^all right' output || fail "no line 'all right': $*"
}
# ran WHAT TIMES
ran() {
  local times
  times=$(grep -c "^$1\$" ran || true)
  if [ "$times" != "$2" ]; then fail "$1 ran $times times instead of $2"; fi
}
says() { grep -qE -- "$1" output || fail "no line '$1'"; }

for mode in serial alone 1 3; do
  echo "== $mode"
  export TUTTI_JOURNAL=$folder/in_$mode
  good "$mode" 20 TUTTI_TEST_FAIL=1
  for what in square pair text; do ran $what 20; done
  ran list 21
  for what in large sum nothing; do ran $what 1; done
  ran failing 21
  says '^failed 4 1$'

  good "$mode" 20 TUTTI_TEST_FAIL=1 TUTTI_JOURNAL_RETRY=off
  for what in square pair text large sum nothing failing; do ran $what 0; done
  ran list 1
  says '^failed 4 1$'

  good "$mode" 20
  for what in square pair text large sum nothing; do ran $what 0; done
  ran failing 5
  says '^failed 0 0$'

  good "$mode" 30
  for what in square pair text failing; do ran $what 10; done
  ran list 11

  good "$mode" 30 TUTTI_TEST_NEW_VERSION=2
  for what in square pair text; do ran $what 30; done
  for what in large sum failing; do ran $what 0; done

  [ -e "$TUTTI_JOURNAL.h5" ] || fail "there is no $TUTTI_JOURNAL.h5"
done

echo '== recorded in one mode, found in all others'
for mode in serial alone 3; do
  TUTTI_JOURNAL=$folder/in_1 good "$mode" 30 TUTTI_TEST_NEW_VERSION=2
  for what in square pair text large sum failing; do ran $what 0; done
done

echo '== a run that is killed goes on'
export TUTTI_JOURNAL=$folder/killed
if start alone 4000 TUTTI_TEST_KILL=1; then fail "the run was not killed"; fi
good alone 4000
says 'was left locked by process [0-9]+ .*, which is gone'
: >ran
good alone 4000
for what in square pair text; do ran $what 0; done

echo '== a journal that cannot be used ends the run with a sentence'
mkdir "$folder/held.journal"
printf 'host elsewhere\nprocess 7\nsince then\n' >"$folder/held.journal/lock"
export TUTTI_JOURNAL=$folder/held
for mode in serial alone 2; do
  if start "$mode" 3; then fail "the run did not end"; fi
  says 'is locked by process 7 on elsewhere'
done

if [ "$failures" -ne 0 ]; then
  echo "== $failures failed"
  exit 1
fi
echo '== all right'

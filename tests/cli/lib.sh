# What the tests of the program tutti share. To be sourced; it leaves the test in a new folder, which is
# removed at the end, with a home of its own and no settings.
# shellcheck shell=bash

: "${TUTTI_TEST_SOURCE_DIR:?is set by ctest}" "${TUTTI_TEST_PROGRAMS_DIR:?is set by ctest}"
# shellcheck disable=SC2034
tutti=$TUTTI_TEST_PROGRAMS_DIR/tutti
folder=$(mktemp --directory "$PWD/cli_test.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit
mkdir home bin
export HOME=$folder/home PATH=$folder/bin:$PATH
unset TUTTI_CONFIG TUTTI_PROFILE "${!TUTTI_JOBS_@}" "${!SLURM_@}" "${!PBS_@}"
failures=0

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  sed 's/^/    /' output >&2
  failures=$((failures + 1))
}

# expect CODE PATTERN COMMAND...: the exit code, and a line of output or messages.
expect() {
  local code=0 wanted=$1 pattern=$2
  shift 2
  "$@" >output 2>&1 </dev/null || code=$?
  if [ "$code" != "$wanted" ]; then fail "exit code $code instead of $wanted: $*"; fi
  if ! grep -qE -- "$pattern" output; then fail "no line '$pattern': $*"; fi
}

finish() {
  if [ "$failures" -ne 0 ]; then
    echo "== $failures failed"
    exit 1
  fi
  echo "== all right"
}

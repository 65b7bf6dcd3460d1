#!/usr/bin/env bash
# pbs/multi_node.pbs as OpenPBS starts it, with an Open MPI that knows no PBS: ranks reach the other
# hosts of $PBS_NODEFILE by pbs_tmrsh, for which a stand-in is used that has no shell either.
# test timeout: 90
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/multihost/lib.sh"

if ompi_info | grep -q 'MCA plm: tm'; then
  echo "skipped: this Open MPI knows PBS"
  exit 77
fi
folder=$(mktemp --directory "$PWD/pbs_test.XXXXXX")
trap 'bash "$hosts" down; rm -rf "$folder"' EXIT
printf '%s\n' tth1 tth1 tth2 tth2 tth3 >"$folder/nodes"
cat >"$folder/pbs_tmrsh" <<'STANDIN'
#!/bin/bash
exec ip netns exec "$1" unshare --uts bash -c 'hostname "$1"; exec "${@:2}"' host "$@"
STANDIN
chmod +x "$folder/pbs_tmrsh"
export PATH=$folder:$PATH PBS_NODEFILE=$folder/nodes PBS_O_WORKDIR=$folder PBS_JOBID=1.test
export OMPI_MCA_btl_tcp_if_include=eth0 OMPI_MCA_oob_tcp_if_include=eth0

# expect CODE PROGRAM: the script gets the program by a variable, as from `qsub -v`.
expect() {
  local code=0
  PROGRAM=$2 timeout --kill-after=5 40 bash "$hosts" tth1 bash "$TUTTI_TEST_SOURCE_DIR/pbs/multi_node.pbs" >"$folder/output" 2>&1 </dev/null || code=$?
  if [ "$code" != "$1" ] || ! grep -q '^ok: 5 ranks on 3 nodes' "$folder/output"; then
    echo "FAILED: exit code $code instead of $1: $2" >&2
    cat "$folder/output" >&2
    failures=$((failures + 1))
  fi
}
expect 0 "$test_bin/job_program 5 3"
# The launcher that finds hosts and the way to them by itself.
code=0
timeout --kill-after=5 40 bash "$hosts" tth1 "$bin/tutti" run "$test_bin/job_program" 5 3 >"$folder/output" 2>&1 </dev/null || code=$?
if [ "$code" != 0 ] || ! grep -q '^ok: 5 ranks on 3 nodes' "$folder/output"; then
  echo "FAILED: tutti run, exit code $code" >&2
  cat "$folder/output" >&2
  failures=$((failures + 1))
fi
expect 3 "$test_bin/job_program 5 3 exit 3"
finish

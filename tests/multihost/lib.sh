# What the tests over several hosts share. To be sourced; it brings the hosts up and takes them down.
# shellcheck shell=bash

: "${TUTTI_TEST_SOURCE_DIR:?is set by ctest}" "${TUTTI_TEST_BIN_DIR:?is set by ctest}"
test_bin=$TUTTI_TEST_BIN_DIR
# shellcheck disable=SC2034
bin=$(dirname "$test_bin")
hosts=$TUTTI_TEST_SOURCE_DIR/tests/multihost/hosts.sh

bash "$hosts" up || exit
trap 'bash "$hosts" down' EXIT

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_plm_rsh_agent="bash $hosts"
failures=0

# on_hosts HOSTS RANKS_OF_EACH PROGRAM...: mpirun on the first host, over as many hosts.
on_hosts() {
  local count=$1 each=$2 list="" k code=0
  shift 2
  for ((k = 1; k <= count; ++k)); do list+=${list:+,}tth$k:$each; done
  export TUTTI_TEST_RANKS=$((count * each))
  printf '== %s hosts with %s ranks each: %s\n' "$count" "$each" "${*/#*\//}"
  timeout --kill-after=5 60 bash "$hosts" tth1 mpirun \
    --mca btl_tcp_if_include eth0 --mca oob_tcp_if_include eth0 --host "$list" -n "$TUTTI_TEST_RANKS" "$@" </dev/null || code=$?
  if [ "$code" -ne 0 ]; then
    echo "FAILED: exit code $code: $*" >&2
    failures=$((failures + 1))
  fi
}

finish() {
  if [ "$failures" -ne 0 ]; then
    echo "== $failures failed"
    exit 1
  fi
}

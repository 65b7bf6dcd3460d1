#!/usr/bin/env bash
# mpirun, as it is needed on a small machine, as root or not: scripts/lib/mpirun.sh -n 4 program ...
# With TUTTI_TEST_TIMEOUT (seconds) the whole job is ended after that time.
set -euo pipefail

ranks=1
arguments=("$@")
for ((i = 0; i + 1 < ${#arguments[@]}; ++i)); do
  case ${arguments[i]} in
    -n | -np | -c) ranks=${arguments[i + 1]}; break ;;
    -*) ;;
    *) break ;;
  esac
done

if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
if [ "$ranks" -gt "$(nproc)" ]; then
  export OMPI_MCA_rmaps_base_oversubscribe=1
  export OMPI_MCA_mpi_yield_when_idle=1
  export OMPI_MCA_hwloc_base_binding_policy=none
fi

if [ -n "${TUTTI_TEST_TIMEOUT:-}" ]; then
  exec timeout --kill-after=10 "$TUTTI_TEST_TIMEOUT" mpirun "$@"
fi
exec mpirun "$@"

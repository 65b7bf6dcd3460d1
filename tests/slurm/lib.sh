# What the tests of jobs share. To be sourced; it leaves the test in a new folder, which is removed at the end.
# shellcheck shell=bash

: "${TUTTI_TEST_SOURCE_DIR:?is set by ctest}" "${TUTTI_TEST_BIN_DIR:?is set by ctest}"
export SLURM_CONF=/run/tutti-test-slurm/slurm.conf
nodes=(ttn1 ttn2 ttn3)
# shellcheck disable=SC2034
job_program=$TUTTI_TEST_BIN_DIR/job_program
# Where a job's script calls `tutti run`.
export PATH=$TUTTI_TEST_PROGRAMS_DIR:$PATH
# Jobs get the environment; what ctest puts there would look like misspelt options.
export -n TUTTI_TEST_SOURCE_DIR TUTTI_TEST_PROGRAMS_DIR TUTTI_TEST_BIN_DIR TUTTI_TEST_MPIRUN

# The nodes are virtual, their cores are few, and the user may be root.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_rmaps_base_oversubscribe=1

bash "$TUTTI_TEST_SOURCE_DIR/tests/slurm/cluster.sh" up || exit
folder=$(mktemp --directory "$PWD/job_test.XXXXXX")
output=$folder/output
cd "$folder" || exit
failures=0

# Also when a check ends the test early, the cluster is free for the next one.
leave() {
  local job
  for job in $(squeue --noheader --format=%i --name="$(basename "$folder")"); do scancel "$job"; done
  rm -rf "$folder"
}
trap leave EXIT

say() { printf '== %s\n' "$*"; }

fail() {
  printf 'FAILED: %s\n' "$1" >&2
  shift
  for file in "$@"; do
    printf -- '---- %s\n' "$file" >&2
    cat "$file" >&2
  done
  failures=$((failures + 1))
}

# wait_for SECONDS COMMAND...: tries every tenth of a second.
wait_for() {
  local tries=$(($1 * 10))
  shift
  while ! "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.1
  done
}

# template FILE LAUNCHER: prints the name of a copy of slurm/FILE or pbs/FILE in which LAUNCHER's line
# (srun, mpirun, tutti) is the active one, as a user would edit it.
template() {
  local launcher=$2 copy end=' "\$@"( &)?$'
  copy=$folder/$launcher-$(basename "$1")
  sed -E "s/^(srun --mpi=pmix|mpirun|tutti run)$end/# &/; s/^# ((SLURM_PMIX_FENCE=tree )?$launcher.*$end)/\1/" \
    "$TUTTI_TEST_SOURCE_DIR/$1" >"$copy"
  if [ "$(grep -cE "^(SLURM_PMIX_FENCE=tree )?(srun --mpi=pmix|mpirun|tutti run)$end" "$copy")" != 1 ] ||
    ! grep -qE "^(SLURM_PMIX_FENCE=tree )?$launcher.*$end" "$copy"; then
    echo "no line for $launcher in $1" >&2
    exit 1
  fi
  echo "$copy"
}

# What Slurm says about a job: field_of JOB FIELD.
field_of() { scontrol --oneliner show job "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"; }

job_is_over() {
  case $(field_of "$1" JobState) in PENDING | RUNNING | COMPLETING | CONFIGURING) return 1 ;; esac
}

# expect_code CODE JOB: waits for the end of the job and compares its exit code.
expect_code() {
  if ! wait_for 90 job_is_over "$2"; then
    fail "job $2 has not ended" "$output"
    scancel "$2"
  elif [ "$(field_of "$2" ExitCode)" != "$1:0" ]; then
    fail "job $2 ended with $(field_of "$2" ExitCode) instead of $1:0" "$output"
  fi
}

# submit ARGUMENTS_OF_SBATCH...: sets `job`; its output comes into the file `output`.
submit() {
  rm -f "$output"
  job=$(sbatch --parsable --job-name="$(basename "$folder")" --output="$output" "$@")
}

# run_job EXPECTED_CODE ARGUMENTS_OF_SBATCH...
run_job() {
  submit "${@:2}"
  expect_code "$1" "$job"
}

expect_line() {
  if ! grep -q -- "$1" "$output"; then fail "no line '$1'" "$output"; fi
}

# The processes of a node that are not the cluster's own.
processes_of() {
  local pid
  for pid in $(ip netns pids "$1"); do
    case $(cat "/proc/$pid/comm" 2>/dev/null) in
      unshare | bash | slurmd | '') ;;
      *) tr '\0' ' ' <"/proc/$pid/cmdline"; echo ;;
    esac
  done
}

# The root folder of a node, as its first process sees it.
root_of() {
  local pid
  for pid in $(ip netns pids "$1"); do
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = slurmd ]; then
      echo "/proc/$pid/root"
      return
    fi
  done
}

shared_memory_of() { ls -A "$(root_of "$1")/dev/shm"; }

no_processes() {
  local node
  for node in "${nodes[@]}"; do
    if [ -n "$(processes_of "$node")" ]; then return 1; fi
  done
}

expect_nothing_left() {
  local node
  if ! wait_for 15 no_processes; then fail "processes are left on a node"; fi
  for node in "${nodes[@]}"; do
    processes_of "$node"
    if [ -n "$(shared_memory_of "$node")" ]; then
      fail "$node: files are left in /dev/shm: $(shared_memory_of "$node" | tr '\n' ' ')"
      rm -rf "$(root_of "$node")"/dev/shm/*
    fi
  done
}

finish() {
  if [ "$failures" -ne 0 ]; then
    say "$failures failed"
    exit 1
  fi
  say "all right"
}

#!/usr/bin/env bash
# `tutti submit`, `list`, `logs` and `stop` through the qsub, qstat and qdel that stand in front of Slurm,
# and a PBS script that submits itself again.
# test timeout: 240
# test fixture: slurm_cluster
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/slurm/lib.sh"

if ! command -v qsub >/dev/null; then
  say "skipped: there is no qsub"
  exit 77
fi
tutti=$TUTTI_TEST_PROGRAMS_DIR/tutti
name=$(basename "$folder")
unset TUTTI_CONFIG TUTTI_PROFILE
# This qsub hands no environment on.
TUTTI_JOBS_ENV=$(env | grep -E '^(OMPI_|PATH=|SLURM_CONF=)')
export TUTTI_JOBS_ENV TUTTI_JOBS_JOBS_DIRECTORY=$folder/jobs TUTTI_JOBS_SCHEDULER=pbs
export TUTTI_JOBS_NAME=$name TUTTI_JOBS_WALLTIME=5m

# expect CODE PATTERN COMMAND...
expect() {
  local code=0 wanted=$1 pattern=$2
  shift 2
  "$@" >answer 2>&1 </dev/null || code=$?
  if [ "$code" != "$wanted" ]; then fail "exit code $code instead of $wanted: $*" answer; fi
  if ! grep -qE -- "$pattern" answer; then fail "no line '$pattern': $*" answer; fi
}

for launcher in mpirun tutti; do
  say "submit --wait, $launcher"
  expect 0 '^[0-9]+$' "$tutti" submit --wait --nodes 2 --ranks-per-node 2 --memory 500MiB --launcher "$launcher" "$job_program" 4 2
  job=$(grep -E '^[0-9]+$' answer)
  expect 0 '^ok: 4 ranks on 2 nodes' "$tutti" logs "$job"
  expect 0 "^$job +$name +STOPPED +2 +0 " "$tutti" list
done

say "stop"
expect 0 '^[0-9]+$' "$tutti" submit --nodes 2 --ranks-per-node 2 "$job_program" 4 2 wait
job=$(grep -E '^[0-9]+$' answer)
is_waiting() { "$tutti" logs "$job" 2>/dev/null | grep -q '^waiting$'; }
if ! wait_for 60 is_waiting; then fail "the job did not start" answer; fi
expect 0 "^$job .* RUNNING " "$tutti" list
expect 0 'is over$' "$tutti" stop
expect 0 "^$job .* FAILED " "$tutti" list

say "a script that submits itself again: asked to, then warned by its timer, then done"
cat >program.sh <<'PROGRAM'
#!/bin/bash
echo "run ${requeues:-0}" >>"$1/runs"
trap 'echo warned >>"$1/runs"; exit 1' USR1
case ${requeues:-0} in
  0) exit 75 ;;
  1) while :; do sleep 0.1; done ;;
esac
PROGRAM
chmod +x program.sh
"$tutti" job-script --ranks-per-node 1 --walltime 2m --requeue --warn 100s --log-directory "$folder/logs" \
  "$folder/program.sh" "$folder" >again.pbs
qsub -o /dev/null again.pbs >/dev/null
three_runs() { [ "$(cat runs)" = $'run 0\nrun 1\nwarned\nrun 2' ]; }
if ! wait_for 120 three_runs; then fail "the runs are not three" runs "$folder"/logs/*; fi
expect_nothing_left
finish

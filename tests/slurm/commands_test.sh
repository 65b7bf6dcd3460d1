#!/usr/bin/env bash
# `tutti submit`, `list`, `logs`, `stop` and `run` with a real Slurm.
# test timeout: 240
# test fixture: slurm_cluster
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/slurm/lib.sh"

tutti=$TUTTI_TEST_PROGRAMS_DIR/tutti
name=$(basename "$folder")
export TUTTI_JOBS_JOBS_DIRECTORY=$folder/jobs TUTTI_JOBS_SCHEDULER=slurm TUTTI_JOBS_NAME=$name
export TUTTI_JOBS_WALLTIME=5m
unset TUTTI_CONFIG TUTTI_PROFILE

# expect CODE PATTERN COMMAND...
expect() {
  local code=0 wanted=$1 pattern=$2
  shift 2
  "$@" >answer 2>&1 </dev/null || code=$?
  if [ "$code" != "$wanted" ]; then fail "exit code $code instead of $wanted: $*" answer; fi
  if ! grep -qE -- "$pattern" answer; then fail "no line '$pattern': $*" answer; fi
}

expect 2 'there is no job' "$tutti" stop
expect 0 '^#SBATCH --nodes=2$' "$tutti" submit --dry-run --nodes 2 --ranks-per-node 2 "$job_program"
if [ -e jobs ]; then fail "--dry-run made a folder"; fi
expect 2 "there is no program './none'" "$tutti" submit --ranks-per-node 2 ./none
expect 1 'sbatch refused the job.*' "$tutti" submit --ranks-per-node 2 --queue nosuchqueue "$job_program"
grep -qi 'partition' answer || fail "sbatch's words are missing" answer

for launcher in srun mpirun tutti; do
  say "submit --wait, $launcher"
  PATH=$TUTTI_TEST_PROGRAMS_DIR:$PATH expect 0 '^[0-9]+$' "$tutti" submit --wait --nodes 2 --ranks-per-node 2 --launcher "$launcher" "$job_program" 4 2
  job=$(grep -E '^[0-9]+$' answer)
  expect 0 '^ok: 4 ranks on 2 nodes' "$tutti" logs "$job"
  expect 0 "^$job +$name +STOPPED +2 +0 " "$tutti" list
done
expect 3 '^[0-9]+$' "$tutti" submit --wait --ranks-per-node 2 "$job_program" 2 1 exit 3
expect 0 ' FAILED +1 +3 ' "$tutti" list
expect 2 'jobs are there, say which by its id' "$tutti" logs
directories=$(stat --format=%a jobs/* | sort -u)
if [ "$directories" != 700 ]; then fail "folders of jobs have mode $directories"; fi

say "what reaches the ranks"
cat >show.sh <<'SHOW'
#!/bin/bash
echo "rank $SLURM_PROCID: $TUTTI_LOCAL_DIRECTORY, $TOKEN, $MODE, $FROM_PROLOGUE, $TUTTI_THREADS_PER_WORKER threads, $OMPI_MCA_btl_tcp_if_include"
SHOW
chmod +x show.sh
# shellcheck disable=SC2016
TOKEN=secret expect 0 '^[0-9]+$' "$tutti" submit --wait --nodes 2 --ranks-per-node 1 --cores-per-worker 2 --interface eth0 \
  --local-directory '$TMPDIR/x' --env TOKEN --env 'MODE=a b' --prologue 'export FROM_PROLOGUE=yes' ./show.sh
job=$(grep -E '^[0-9]+$' answer)
for rank in 0 1; do
  expect 0 "^rank $rank: \\\$TMPDIR/x, secret, a b, yes, 2 threads, eth0$" "$tutti" logs "$job"
done
if grep -rq secret jobs/*/job.sbatch; then fail "the value of TOKEN is in the script"; fi
expect 1 'ended from outside, or could not begin' "$tutti" submit --wait --nodes 2 --ranks-per-node 1 --interface ib9 ./show.sh
job=$(grep -E '^[0-9]+$' answer)
expect 0 '^ttn[1-3] has no network interface ib9, but .*eth0' "$tutti" logs "$job"
expect 2 'takes the value from here, but it is not set' "$tutti" submit --ranks-per-node 1 --env NO_SUCH ./show.sh

say "stop"
expect 0 '^[0-9]+$' "$tutti" submit --nodes 2 --ranks-per-node 2 "$job_program" 4 2 wait
job=$(grep -E '^[0-9]+$' answer)
is_waiting() { "$tutti" logs "$job" 2>/dev/null | grep -q '^waiting$'; }
if ! wait_for 60 is_waiting; then fail "the job did not start" answer; fi
expect 0 "^$job .* RUNNING " "$tutti" list --active
has_status() { "$tutti" status "$job" | grep -q '3 workers, 3 slots; memory [0-9.]* of '; }
if ! wait_for 20 has_status; then "$tutti" status "$job" >answer 2>&1; fail "no status" answer; fi
expect 0 '^[0-9]+/[0-9]+ tasks.*; 3 workers' "$tutti" status
expect 2 'jobs are there|there is no job' "$tutti" status nosuchjob
expect 0 "works with 2 from now on" "$tutti" scale "$job" 2
is_scaled() { "$tutti" status "$job" | grep -q '2 of 3 workers work'; }
if ! wait_for 20 is_scaled; then "$tutti" status "$job" >answer 2>&1; fail "it was not scaled" answer; fi
expect 0 'works with 1 to 3 workers' "$tutti" adapt "$job"
expect 2 'the job has 3; more need a new job' "$tutti" scale 9
expect 2 'is no number of workers' "$tutti" scale "$job" many
expect 0 'works with 3 from now on' "$tutti" scale 3
"$tutti" watch --interval 1 "$job" >watched 2>&1 &
watching=$!
expect 0 'is over$' "$tutti" stop
code=0
wait $watching || code=$?
if [ $code != 143 ]; then fail "watch ended with $code" watched; fi
grep -q '^RUNNING: ' watched || fail "watch said nothing" watched
# The run was asked, and said so; the batch system did not have to.
expect 0 'tutti stop. was called; the job ends' "$tutti" logs "$job"
expect 0 "^$job .* FAILED +2 +143" "$tutti" list
expect 0 'was over already' "$tutti" stop "$job"
expect_nothing_left
finish

#!/usr/bin/env bash
# `tutti farm` in jobs: over all nodes, by srun and by mpirun; a job that was warned goes on where it stopped.
# test timeout: 240
# test fixture: slurm_cluster
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/slurm/lib.sh"

tutti=$TUTTI_TEST_PROGRAMS_DIR/tutti
seq 60 | sed "s|.*|hostname >>$folder/hosts; echo done|" >commands.txt
# Programs of MPI and tutti are commands like any others.
echo "$job_program 1 1" >>commands.txt

for launcher in srun mpirun tutti; do
  say "$launcher"
  rm -f hosts
  script=$(template slurm/multi_node.sbatch "$launcher")
  run_job 0 --nodes=3 --ntasks-per-node=1 --cpus-per-task=2 --time=5 "$script" \
    "$tutti" farm --joblog "$folder/$launcher.log" "$folder/commands.txt"
  expect_line '61 of 61 commands done; '
  expect_line 'of 6 slots busy'
  expect_line '^ok: 1 ranks'
  if [ "$(grep -c '^done$' "$output")" != 60 ]; then fail "lines of output are missing" "$output"; fi
  if [ "$(sort -u hosts | tr '\n' ' ')" != 'ttn1 ttn2 ttn3 ' ]; then fail "not all nodes ran commands" hosts; fi
  if [ "$(cut -f2 "$launcher.log" | sort -u | grep -c ttn)" != 3 ]; then fail "hosts in the joblog" "$launcher.log"; fi
done

say "exit code"
run_job 2 --nodes=2 --ntasks-per-node=1 --time=5 "$(template slurm/multi_node.sbatch srun)" "$tutti" farm exit ::: 1 0 1 0

# The first ten end at once; the others wait for the second run.
for launcher in srun mpirun; do
  say "a warning: requeued and resumed, $launcher"
  rm -f ran go farm.log
  cat >one.sh <<'ONE'
#!/bin/bash
cd "$1" || exit
if [ "$TUTTI_TASK_ID" -gt 10 ] && [ "${SLURM_RESTART_COUNT:-0}" = 0 ]; then
  touch waiting
  sleep 300
fi
echo "$TUTTI_TASK_ID" >>ran
ONE
  chmod +x one.sh
  rm -f waiting
  submit --nodes=2 --ntasks-per-node=1 --time=5 "$(template slurm/requeue.sbatch "$launcher")" \
    "$tutti" farm --joblog "$folder/farm.log" --resume-failed "$folder/one.sh $folder #" ::: $(seq 30)
  ten_are_done() { [ "$(wc -l <farm.log)" = 11 ] && [ -e waiting ]; }
  if ! wait_for 60 ten_are_done; then fail "the job did not begin" "$output"; fi
  scancel --batch --signal=USR1 "$job"
  expect_code 0 "$job"
  expect_line 'interrupted, run it again'
  expect_line "exit code 75: job $job goes back into the queue after run 1"
  expect_line '30 of 30 commands done (10 before)'
  if [ "$(sort -n ran | tr '\n' ' ')" != "$(seq 30 | tr '\n' ' ')" ]; then
    fail "not every command was done exactly once" ran "$output"
  fi
done

say "scancel"
rm -f waiting
submit --nodes=2 --ntasks-per-node=1 --time=5 "$(template slurm/multi_node.sbatch srun)" \
  "$tutti" farm "touch $folder/waiting; sleep 300 #" ::: 1 2 3 4
if ! wait_for 60 test -e waiting; then fail "the job did not begin" "$output"; fi
scancel "$job"
if ! wait_for 30 job_is_over "$job"; then fail "the job has not ended" "$output"; fi
expect_nothing_left
finish

#!/usr/bin/env bash
# requeue.sbatch: a run that asks for it, or that was warned, starts again, and only so often.
# test timeout: 240
# test fixture: slurm_cluster
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/slurm/lib.sh"

# Counts its runs in a file; the first ends as $2 says.
cat >program.sh <<'PROGRAM'
#!/bin/bash
cd "$1" || exit
[ "$SLURM_PROCID" = 0 ] || exit 0
trap 'echo warned; exit 1' USR1
echo "run ${SLURM_RESTART_COUNT:-0}" >>runs
if [ "${SLURM_RESTART_COUNT:-0}" -lt "$3" ]; then
  if [ "$2" = asks ]; then exit 75; fi
  touch ready
  while :; do sleep 0.1; done
fi
exit 0
PROGRAM
chmod +x program.sh
script=$(template slurm/requeue.sbatch srun)
options=(--nodes=2 --ntasks-per-node=1 --time=5)

say "exit code 75"
submit "${options[@]}" "$script" "$folder/program.sh" "$folder" asks 1
expect_code 0 "$job"
expect_line "exit code 75: job $job goes back into the queue after run 1"
if [ "$(cat runs)" != $'run 0\nrun 1' ]; then fail "the runs are not two" runs; fi

say "a warning"
rm -f runs ready
submit "${options[@]}" "$script" "$folder/program.sh" "$folder" warned 1
if ! wait_for 60 test -e ready; then fail "the job did not start" "$output"; fi
scancel --batch --signal=USR1 "$job"
expect_code 0 "$job"
expect_line '^warned$'
if [ "$(cat runs)" != $'run 0\nrun 1' ]; then fail "the runs are not two" runs; fi

say "the limit"
rm -f runs
sed 's/-le 10 /-le 0 /' "$script" >limited.sbatch
submit "${options[@]}" limited.sbatch "$folder/program.sh" "$folder" asks 9
expect_code 75 "$job"
expect_line 'this was run 1, and the limit is 10 further runs'
expect_nothing_left
finish

#!/usr/bin/env bash
# requeue.sbatch hands a USR1 that Slurm sends before the time limit to every rank, and goes on.
# test timeout: 90
# test fixture: slurm_cluster
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/slurm/lib.sh"

# A rank leaves when all have the signal: the launcher ends the others as soon as one is gone, and bash
# runs a trap only after the command that it waits for.
cat >rank.sh <<'RANK'
#!/bin/bash
got() {
  touch "$1/got.$(hostname).$$"
  for _ in $(seq 100); do
    [ "$(find "$1" -maxdepth 1 -name 'got.*' | wc -l)" = 4 ] && break
    sleep 0.1
  done
  exit 5
}
trap 'got "$1"' USR1
touch "$1/ready.$(hostname).$$"
while :; do sleep 0.1; done
RANK
chmod +x rank.sh

# has COUNT PREFIX: whether that many such files are there.
has() { [ "$(find "$folder" -maxdepth 1 -name "$2.*" | wc -l)" = "$1" ]; }

for launcher in srun mpirun; do
  say "$launcher"
  # A warned run is not continued here, so that its exit code can be seen.
  without_requeue=$launcher.sbatch
  sed 's/-le 10 /-le 0 /' "$(template slurm/requeue.sbatch "$launcher")" >"$without_requeue"
  rm -f "$folder"/ready.* "$folder"/got.*
  submit --nodes=2 --ntasks-per-node=2 "$without_requeue" "$folder/rank.sh" "$folder"
  if ! wait_for 30 has 4 ready; then fail "the ranks did not start" "$output"; fi
  scancel --batch --signal=USR1 "$job"
  expect_code 5 "$job"
  if ! has 4 got; then fail "not all ranks got the signal" "$output"; fi
done
expect_nothing_left
finish

#!/usr/bin/env bash
# The templates of slurm/ and pbs/ are what scripts/templates.sh writes, and a shell can read them.
set -euo pipefail

folder=$(mktemp --directory "$PWD/cli_test.XXXXXX")
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/slurm" "$folder/pbs"
bash "$TUTTI_TEST_SOURCE_DIR/scripts/templates.sh" "$TUTTI_TEST_PROGRAMS_DIR/tutti" "$folder"
failures=0
for kind in slurm/*.sbatch pbs/*.pbs; do
  # shellcheck disable=SC2086
  for script in "$TUTTI_TEST_SOURCE_DIR"/$kind "$folder"/$kind; do
    name=${kind%/*}/${script##*/}
    bash -n "$script"
    if command -v shellcheck >/dev/null; then shellcheck "$script" || failures=$((failures + 1)); fi
    # It starts many programs one after the other and is written by hand.
    case $name in */bench.*) continue ;; esac
    if ! diff "$TUTTI_TEST_SOURCE_DIR/$name" "$folder/$name"; then
      echo "FAILED: $name is not what scripts/templates.sh writes" >&2
      failures=$((failures + 1))
    fi
    # One launcher is active, two are in comments.
    if [ "$(grep -cE '^(srun|mpirun|tutti run) .*"\$@"' "$script")" != 1 ] ||
      [ "$(grep -cE '^# (SLURM_PMIX_FENCE=tree )?(srun|mpirun|tutti run) .*"\$@"|^# (mpirun|tutti run) "\$@"' "$script")" != 2 ]; then
      echo "FAILED: $name has not one launcher and two in comments" >&2
      failures=$((failures + 1))
    fi
    case $name in
      */requeue.*) ;;
      *)
        if grep -qE '(scontrol requeue|qsub -v requeues)' "$script"; then
          echo "FAILED: $name submits itself again" >&2
          failures=$((failures + 1))
        fi
        ;;
    esac
  done
done
exit $((failures > 0))

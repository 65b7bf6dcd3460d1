#!/usr/bin/env bash
# What OpenPBS asks of a script, which no program here checks: directives, chunks, no Slurm or Torque words.
set -euo pipefail

failures=0
for script in "$TUTTI_TEST_SOURCE_DIR"/pbs/*.pbs; do
  expect() {
    if ! grep -qE -- "$1" "$script"; then
      echo "FAILED: $script has no line $1" >&2
      failures=$((failures + 1))
    fi
  }
  bash -n "$script"
  if command -v shellcheck >/dev/null; then shellcheck "$script"; fi
  expect '^#PBS -N [A-Za-z][A-Za-z0-9_-]{0,14}$'
  expect '^#PBS -l select=[0-9]+:ncpus=[0-9]+:mpiprocs=[0-9]+(:mem=[0-9]+[kmgt]b)?(:ngpus=[0-9]+)?$'
  expect '^#PBS -l walltime=[0-9]+:[0-9]{2}:[0-9]{2}$'
  expect '^#PBS -j oe$'
  expect '^cd "\$\{PBS_O_WORKDIR:-\.\}" \|\| exit$'
  # That one starts many programs by benchmarks/nodes.sh.
  if [ "${script##*/}" != bench.pbs ]; then
    expect '^mpirun "\$@"( &)?$'
    # shellcheck disable=SC2016
    expect '^exit \$rc$'
  fi
  # OpenPBS reads directives only before the first command.
  if sed '1,/^cd /d' "$script" | grep -q '^#PBS'; then
    echo "FAILED: $script has directives after its first command" >&2
    failures=$((failures + 1))
  fi
  if grep -qE '^#PBS -l (nodes|ppn)=|^[^#]*SLURM_|^#SBATCH' "$script"; then
    echo "FAILED: $script uses words of Torque or Slurm" >&2
    failures=$((failures + 1))
  fi
done
exit $((failures > 0))

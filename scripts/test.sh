#!/usr/bin/env bash
# Installs what is missing, builds and tests: scripts/test.sh [--all]
#   (nothing)  the preset release: unit, sim, mpi, install, exit, cli and the smoke tests of Slurm and of kills
#   --all      also the sanitizers, the fuzz targets, and all other tests that there are
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/packages.sh
. scripts/lib/build.sh

all=false
case ${1:-} in
  '') ;;
  --all) all=true ;;
  *) sed -n '2,4s/^# *//p' "$0"; exit 2 ;;
esac

need_packages "${packages_build[@]}"
if [ "$(id -u)" -eq 0 ]; then
  need_packages "${packages_data[@]}"
fi

failed=()
# test_preset PRESET LABELS [CTEST_ARGUMENT...]
test_preset() {
  local preset=$1 labels=$2
  shift 2
  say "$preset: testing ${labels:-everything}"
  ctest --test-dir "build/$preset" ${labels:+-L "$labels"} --output-on-failure --no-tests=error \
    --parallel "$jobs" "$@"
}

if $all; then
  need_packages "${packages_all[@]}"
  # Simulations have one thread: nothing for tsan to see, and it is slow.
  for check in 'asan unit|sim|san' 'tsan unit|san' 'fuzz fuzz'; do
    preset=${check%% *}
    if ! build_preset "$preset" || ! test_preset "$preset" "${check#* }"; then
      failed+=("$preset")
    fi
  done
fi

build_preset release
if ! $all; then
  test_preset release 'unit|sim|mpi|install|exit|cli|slurm_smoke|crash_smoke'
  exit
fi
if ! test_preset release ''; then failed+=(release); fi
if [ ${#failed[@]} -ne 0 ]; then
  say "failed: ${failed[*]}"
  exit 1
fi

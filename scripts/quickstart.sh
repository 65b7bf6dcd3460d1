#!/usr/bin/env bash
# Installs what is missing, builds the example `winds`, and runs it on real data on 4 ranks.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/packages.sh
. scripts/lib/build.sh

need_packages "${packages_build[@]}" "${packages_data[@]}"
build_preset release --target winds
say "data: 132 months of wind over all oceans and continents, and the heights of the earth"
data=$(scripts/lib/winds_data.sh build/data)
output=build/data/winds_statistics.h5
rm -f "$output"

run=(build/release/bin/winds --input "$data/monthly_navy_winds.nc" --topography "$data/etopo5.nc"
  --output "$output")
say "running: mpirun -n 4 ${run[*]}"
scripts/lib/mpirun.sh -n 4 "${run[@]}"
if [ ! -s "$output" ]; then
  say "the program ended without writing $output"
  exit 1
fi
say "done: mean and trend of the wind speed, by cell, month, latitude band and surface, are in $PWD/$output"

#!/usr/bin/env bash
# Installs what is missing, builds the example `winds`, and runs it on real data on 4 ranks.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/packages.sh
. scripts/lib/build.sh

need_packages "${packages_build[@]}" "${packages_data[@]}"
build_preset release --target winds
say "data: 132 months of wind over all oceans and continents"
input=$(scripts/lib/winds_data.sh build/data)
output=build/data/winds_mean_speed.h5
rm -f "$output"

say "running: mpirun -n 4 build/release/bin/winds --input $input --output $output"
scripts/lib/mpirun.sh -n 4 build/release/bin/winds --input "$input" --output "$output"
if [ ! -s "$output" ]; then
  say "the program ended without writing $output"
  exit 1
fi
say "done: the mean wind speed of each month and latitude band is in $PWD/$output"

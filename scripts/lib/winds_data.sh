#!/usr/bin/env bash
# Turns the monthly winds and the heights of Debian's ferret-datasets into netCDF-4 files, which are
# HDF5 inside, and prints their folder: scripts/lib/winds_data.sh [FOLDER]. They are
# monthly_navy_winds.nc and etopo5.nc. Exit code 77: the data is not installed.
set -euo pipefail
cd "$(dirname "$0")/../.."

sources=/usr/share/ferret-vis/data
folder=${1:-build/data}

for name in monthly_navy_winds etopo5; do
  if [ ! -r "$sources/$name.cdf" ] || ! command -v nccopy >/dev/null; then
    echo "The wind data is not there. Install it with: sudo apt-get install ferret-datasets netcdf-bin" >&2
    exit 77
  fi
  target=$folder/$name.nc
  if [ ! -e "$target" ] || [ "$sources/$name.cdf" -nt "$target" ]; then
    mkdir -p "$folder"
    nccopy -k nc4 "$sources/$name.cdf" "$target.$$"
    mv "$target.$$" "$target"
  fi
done
echo "$folder"

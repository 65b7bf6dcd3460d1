#!/usr/bin/env bash
# Turns the monthly winds of Debian's ferret-datasets into a netCDF-4 file, which is HDF5 inside, and
# prints its name: scripts/lib/winds_data.sh [FOLDER]. Exit code 77: the data is not installed.
set -euo pipefail
cd "$(dirname "$0")/../.."

source_file=/usr/share/ferret-vis/data/monthly_navy_winds.cdf
folder=${1:-build/data}
target=$folder/monthly_navy_winds.nc

if [ ! -r "$source_file" ] || ! command -v nccopy >/dev/null; then
  echo "The wind data is not there. Install it with: sudo apt-get install ferret-datasets netcdf-bin" >&2
  exit 77
fi
if [ ! -e "$target" ] || [ "$source_file" -nt "$target" ]; then
  mkdir -p "$folder"
  nccopy -k nc4 "$source_file" "$target.$$"
  mv "$target.$$" "$target"
fi
echo "$target"

#!/usr/bin/env bash
# Measures tutti and its rivals side by side: benchmarks/compare/run.sh [--quick]. Installs what is
# missing (as root), builds, measures, keeps the figures in benchmarks/results/, and writes the tables
# in docs/performance.md and README.md. Other options are those of compare.py, see its --help.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/packages.sh
. scripts/lib/build.sh

need_packages "${packages_build[@]}" python3-distributed python3-dask python3-mpi4py python3-numpy
build_preset release --target tutti-bench plain-mpi-bench
# Debian's own Python, which has the packages.
exec /usr/bin/python3 benchmarks/compare/compare.py "$@"

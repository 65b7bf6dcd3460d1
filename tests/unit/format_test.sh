#!/usr/bin/env bash
# Every C++ file lies as .clang-format says. To mend: clang-format-14 -i FILE...
set -euo pipefail
cd "$TUTTI_TEST_SOURCE_DIR"

if ! command -v clang-format-14 >/dev/null; then
  echo "no clang-format-14, and other versions lay out differently"
  exit 77
fi
mapfile -t files < <(find benchmarks examples include src tests -name '*.[ch]pp' | sort)
test ${#files[@]} -gt 100
clang-format-14 --dry-run --Werror "${files[@]}"
echo "${#files[@]} files are laid out as they should be"

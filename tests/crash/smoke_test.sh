#!/usr/bin/env bash
# A journal whose writer is killed 20 times: nothing that was there is lost, and nothing is corrupt.
# test labels: crash_smoke
# test timeout: 180
set -euo pipefail
folder=$(mktemp --directory "$PWD/crash_test.XXXXXX")
trap 'rm -rf "$folder"' EXIT
"$TUTTI_TEST_BIN_DIR/journal_kills_program" "$folder" "${1:-20}" "${2:-$RANDOM}"

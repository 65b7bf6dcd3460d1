#!/usr/bin/env bash
# The same as the smoke test with 200 kills.
# test timeout: 900
set -euo pipefail
bash "$TUTTI_TEST_SOURCE_DIR/tests/crash/smoke_test.sh" 200

#!/usr/bin/env bash
# The public headers with clang: the examples, and the tests that use most of the client, are accepted.
# test timeout: 240
set -euo pipefail

command -v clang++-14 >/dev/null || exit 77
cd "$TUTTI_TEST_SOURCE_DIR"
mpi_includes=$(pkg-config --cflags-only-I ompi-cxx)
# What GCC needs captured or declared may be idle words to clang.
check() {
  # shellcheck disable=SC2086
  clang++-14 -std=c++20 -fsyntax-only -pthread -Wall -Wextra -Werror -Wno-unused-lambda-capture \
    -DFMT_SHARED -Iinclude -Isrc -Itests $mpi_includes "$1"
}
export -f check
export mpi_includes
printf '%s\n' examples/*.cpp tests/mpi/{map,delayed,fold,data}_test.cpp |
  xargs -P "$(nproc)" -I '{}' bash -c 'check {}'

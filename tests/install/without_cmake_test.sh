#!/usr/bin/env bash
# The compiler's line of docs/user/quickstart.md, for programs that are built without CMake.
# test timeout: 240
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
cmake --install "$TUTTI_TEST_PROGRAMS_DIR/.." --prefix "$PWD/installed/tutti" >/dev/null
cat > app.cpp <<'END'
#include <tutti/tutti.hpp>
int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    const double sum = client.submit([](double a, double b) { return a + b; }, 1.5, 2.0).result();
    return sum == 3.5 ? 0 : 1;
  });
}
END
line=$(sed -n '/^mpicxx -std/,/^```/{/^```/d;p}' "$TUTTI_TEST_SOURCE_DIR/docs/user/quickstart.md")
[ -n "$line" ] || { echo "docs/user/quickstart.md has no line for mpicxx" >&2; exit 1; }
HOME=$PWD eval "$line"
./app

# Configuring and building a preset. To be sourced, in the top folder of tutti.

jobs=$(nproc)

# A user without a home folder still gets a compiler cache.
if [ ! -w "${HOME:-/nonexistent}" ]; then
  export CCACHE_DIR=${CCACHE_DIR:-$PWD/build/ccache}
fi

# build_preset PRESET [CMAKE_BUILD_ARGUMENT...]: quiet unless it fails.
build_preset() {
  local preset=$1
  shift
  local log=build/$preset/build.log
  mkdir -p "build/$preset"
  say "$preset: configuring and building in build/$preset (log: $log)"
  if ! { cmake --preset "$preset" && cmake --build --preset "$preset" --parallel "$jobs" "$@"; } \
      >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    say "$preset: the build failed, see $log"
    return 1
  fi
}

# The Debian packages that tutti needs, and how they are installed. To be sourced.

# To build and test.
packages_build=(
  cmake ninja-build ccache g++ pkg-config
  openmpi-bin libopenmpi-dev libboost-mpi-dev libboost-serialization-dev libhdf5-openmpi-dev
  libhwloc-dev libxxhash-dev libfmt-dev libspdlog-dev libcli11-dev nlohmann-json3-dev robin-map-dev doctest-dev
  libtoml11-dev librandom123-dev
)
# The data of the example `winds`, and what converts it.
packages_data=(ferret-datasets netcdf-bin)
# What only `scripts/test.sh --all` needs.
packages_all=(clang-14 libclang-rt-14-dev hdf5-tools parallel)

say() { printf '== %s\n' "$*"; }

# missing_packages NAME...: prints those that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
      printf '%s\n' "$package"
    fi
  done
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq -y \
    --no-install-recommends install "$@" >/dev/null
}

# need_packages NAME...: installs what is missing, as root; as somebody else it says what to run and fails.
need_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "this is no Debian: the build tells what is missing"
    return 0
  fi
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if [ ${#missing[@]} -eq 0 ]; then
    say "packages: all $# are installed"
    return 0
  fi
  if [ "$(id -u)" -ne 0 ]; then
    echo "Packages are missing. Install them with:" >&2
    echo "  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    return 1
  fi
  say "packages: installing ${missing[*]}"
  if apt-cache show "${missing[@]}" >/dev/null 2>&1 && apt_install "${missing[@]}" 2>/dev/null; then
    return 0
  fi
  # The lists of packages are absent or too old.
  apt-get -o DPkg::Lock::Timeout=300 -qq update && apt_install "${missing[@]}"
}

#!/usr/bin/env bash
# Three hosts on this machine, tth1 to tth3, for mpirun over TCP: hosts.sh up | down, or as root's
# `ssh`: hosts.sh HOST COMMAND...
#
# A host is a network namespace, a host name and a /dev/shm of its own. mpirun reaches it with
# --mca plm_rsh_agent hosts.sh. Exit code 77: this machine cannot have them.
set -euo pipefail

count=3
network=10.213.68

skip() {
  printf '== hosts: skipped: %s\n' "$*"
  exit 77
}

up() {
  [ "$(id -u)" -eq 0 ] || skip "virtual hosts need root"
  command -v ip >/dev/null || skip "the package iproute2 is missing"
  unshare --net --uts --mount true 2>/dev/null || skip "this machine does not allow namespaces"
  down
  ip link add tthbridge type bridge
  ip address add "$network.254/24" dev tthbridge
  ip link set tthbridge up
  local k
  for ((k = 1; k <= count; ++k)); do
    ip netns add "tth$k"
    ip -n "tth$k" link set lo up
    ip link add "tthv$k" type veth peer name eth0 netns "tth$k"
    ip link set "tthv$k" master tthbridge up
    ip -n "tth$k" address add "$network.$k/24" dev eth0
    ip -n "tth$k" link set eth0 up
    # `ip netns exec` shows these as the host's /etc/hosts and /etc/nsswitch.conf.
    mkdir -p "/etc/netns/tth$k"
    sed 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf >"/etc/netns/tth$k/nsswitch.conf"
    printf '%s\n' "127.0.0.1 localhost" "$network.1 tth1" "$network.2 tth2" "$network.3 tth3" \
      >"/etc/netns/tth$k/hosts"
  done
}

down() {
  local k pid
  for ((k = 1; k <= count; ++k)); do
    if [ -e "/run/netns/tth$k" ]; then
      for pid in $(ip netns pids "tth$k"); do kill -9 "$pid" 2>/dev/null || true; done
      ip netns delete "tth$k"
    fi
    rm -rf "/etc/netns/tth$k"
  done
  rmdir --ignore-fail-on-non-empty /etc/netns 2>/dev/null || true
  if [ -e /sys/class/net/tthbridge ]; then ip link delete tthbridge; fi
}

# Options of ssh come first, then the host; the rest is for the host's shell, as with ssh.
run() {
  while [ "${1#-}" != "$1" ]; do shift; done
  local host=$1
  shift
  # shellcheck disable=SC2016
  exec ip netns exec "$host" unshare --uts --mount --ipc bash -c '
    hostname "$1" && mount -t tmpfs tmpfs /dev/shm && exec bash -c "${*:2}"' host "$host" "$@"
}

case ${1:-} in
  up) up ;;
  down) [ "$(id -u)" -eq 0 ] || skip "virtual hosts need root"; down ;;
  tth* | -*) run "$@" ;;
  *) sed -n '2s/^# *//p' "$0"; exit 2 ;;
esac

#!/usr/bin/env bash
# A real Slurm of 3 virtual nodes with 4 CPUs each on this machine, for the tests: cluster.sh up | down
#
# Each node (ttn1, ttn2, ttn3) has its own network, host name, process tree, mounts and /dev/shm; the
# controller and whoever submits jobs stay outside. Configuration, keys, logs and state are in
# /run/tutti-test-slurm alone, so that a Slurm of the machine itself is not touched: use it with
# SLURM_CONF=/run/tutti-test-slurm/slurm.conf. `up` leaves a cluster that is up as it is. Exit code
# 77: this machine cannot have one (not root, or packages are missing).
set -euo pipefail

home=/run/tutti-test-slurm
nodes=3
cpus=4
network=10.213.66
packages=(slurmctld slurmd slurm-client munge libpmix2 openmpi-bin iproute2 util-linux)
export SLURM_CONF=$home/slurm.conf

tell() { printf "== slurm: %s\n" "$*"; }

skip() {
  tell "skipped: $*"
  exit 77
}

alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

# wait_for SECONDS COMMAND...: tries every tenth of a second.
wait_for() {
  local tries=$(($1 * 10))
  shift
  while ! "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.1
  done
}

need_machine() {
  [ "$(id -u)" -eq 0 ] || skip "a virtual cluster needs root"
  command -v dpkg-query >/dev/null || skip "this is no Debian"
  # shellcheck source=scripts/lib/packages.sh
  . "$(dirname "$0")/../../scripts/lib/packages.sh"
  need_packages "${packages[@]}" >"$home/packages.log" 2>&1 ||
    skip "packages are missing and cannot be installed: $(tail -n 1 "$home/packages.log")"
  unshare --net --uts --mount --ipc --pid --fork true 2>/dev/null ||
    skip "this machine does not allow namespaces"
}

write_configuration() {
  mkdir -p "$home"/{controller,log,local}
  sed 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf >"$home/nsswitch.conf"
  {
    echo "127.0.0.1 localhost"
    echo "$network.254 $(hostname)"
    for ((k = 1; k <= nodes; ++k)); do echo "$network.$k ttn$k"; done
  } >"$home/hosts"
  # Nodes share /tmp, and the files of PMIx would collide there.
  echo "PMIxCliTmpDirBase=$home/local" >"$home/mpi.conf"
  cat >"$home/slurm.conf" <<CONFIGURATION
ClusterName=tutti_test
SlurmctldHost=$(hostname)($network.254)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$home/munge.socket,cred_expire=15
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SlurmctldPidFile=$home/slurmctld.pid
SlurmdPidFile=$home/slurmd.%n.pid
SlurmctldPort=16817
SlurmdPort=16818
SlurmdSpoolDir=$home/spool.%n
StateSaveLocation=$home/controller
SlurmctldLogFile=$home/log/slurmctld.log
SlurmdLogFile=$home/log/slurmd.%n.log
SwitchType=switch/none
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=200000,batch_sched_delay=0,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
SlurmdParameters=config_overrides
SlurmctldTimeout=30
SlurmdTimeout=20
KillWait=5
MinJobAge=300
InactiveLimit=0
NodeName=ttn[1-$nodes] NodeAddr=$network.[1-$nodes] CPUs=$cpus Boards=1 SocketsPerBoard=1 CoresPerSocket=$cpus ThreadsPerCore=1 RealMemory=2000 State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE DefaultTime=10 GraceTime=0 OverSubscribe=NO State=UP
CONFIGURATION
}

start_munge() {
  (umask 077 && head -c 1024 /dev/urandom >"$home/munge.key")
  munged --force --socket="$home/munge.socket" --key-file="$home/munge.key" --num-threads=2 \
    --pid-file="$home/munge.pid" --log-file="$home/log/munge.log" --seed-file="$home/munge.seed" \
    </dev/null >>"$home/log/munge.out" 2>&1
  wait_for 10 munge --socket="$home/munge.socket" --no-input
}

start_network() {
  ip link add ttnbridge type bridge
  ip address add "$network.254/24" dev ttnbridge
  ip link set ttnbridge up
  for ((k = 1; k <= nodes; ++k)); do
    ip netns add "ttn$k"
    ip -n "ttn$k" link set lo up
    ip link add "ttnv$k" type veth peer name eth0 netns "ttn$k"
    ip link set "ttnv$k" master ttnbridge up
    ip -n "ttn$k" address add "$network.$k/24" dev eth0
    ip -n "ttn$k" link set eth0 up
    ip -n "ttn$k" route add default via "$network.254"
  done
}

# The first process of a node: makes it a host of its own, then runs slurmd until it ends.
run_node() {
  local k=$1
  hostname "ttn$k"
  mount --make-rprivate /
  mount -t proc proc /proc
  mount -t tmpfs -o size=2g tmpfs /dev/shm
  mount -t tmpfs tmpfs "$home/local"
  mount --bind "$home/nsswitch.conf" /etc/nsswitch.conf
  mount --bind "$home/hosts" /etc/hosts
  slurmd -D -f "$SLURM_CONF" -N "ttn$k" &
  local daemon=$!
  # Waiting, a shell also reaps the orphans that it inherits as process 1.
  while kill -0 "$daemon" 2>/dev/null; do wait "$daemon" || true; done
}

start_daemons() {
  slurmctld -f "$SLURM_CONF" </dev/null >>"$home/log/slurmctld.out" 2>&1
  local script
  script=$(realpath "$0")
  for ((k = 1; k <= nodes; ++k)); do
    mkdir -p "$home/spool.ttn$k"
    setsid nsenter --net="/run/netns/ttn$k" unshare --uts --mount --ipc --pid --fork --kill-child \
      bash "$script" node "$k" </dev/null >"$home/log/node$k.out" 2>&1 &
    echo $! >"$home/node$k.pid"
  done
  wait_for 20 nodes_are_ready
}

nodes_are_ready() {
  [ "$(sinfo --noheader --states=idle,alloc,mix --format=%D | awk '{ sum += $1 } END { print sum + 0 }')" = "$nodes" ]
}

is_up() {
  alive "$home/slurmctld.pid" || return 1
  for ((k = 1; k <= nodes; ++k)); do alive "$home/node$k.pid" || return 1; done
  nodes_are_ready
}

up() {
  [ "$(id -u)" -eq 0 ] || skip "a virtual cluster needs root"
  mkdir -p "$home"
  if is_up 2>/dev/null; then
    tell "already up"
    return
  fi
  down
  mkdir -p "$home"
  need_machine
  write_configuration
  start_munge
  start_network
  if ! start_daemons; then
    tell "the nodes did not come up"
    sinfo || true
    tail -n 5 "$home"/log/*
    exit 1
  fi
  tell "up: $nodes nodes of $cpus CPUs; SLURM_CONF=$SLURM_CONF"
}

# Ends what the file says, softly, then not.
stop() {
  if alive "$1"; then
    local pid
    pid=$(cat "$1")
    kill "$pid"
    for _ in $(seq 50); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
  fi
  rm -f "$1"
}

down() {
  [ "$(id -u)" -eq 0 ] || skip "a virtual cluster needs root"
  # The end of a node's first process is the end of all its processes.
  for file in "$home"/node*.pid; do
    if alive "$file"; then kill -9 "$(cat "$file")"; fi
  done
  stop "$home/slurmctld.pid"
  stop "$home/munge.pid"
  for ((k = 1; k <= nodes; ++k)); do
    [ -e "/run/netns/ttn$k" ] || continue
    for pid in $(ip netns pids "ttn$k"); do kill -9 "$pid" 2>/dev/null || true; done
    ip netns delete "ttn$k"
  done
  if [ -e /sys/class/net/ttnbridge ]; then ip link delete ttnbridge; fi
  rm -rf "$home"
}

case ${1:-} in
  up) up ;;
  down) down ;;
  node) run_node "$2" ;;
  *) sed -n '2s/^# *//p' "$0"; exit 2 ;;
esac

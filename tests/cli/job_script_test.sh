#!/usr/bin/env bash
# `tutti job-script` and `tutti config show`: options, files, environment, and what is refused.
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/cli/lib.sh"

expect 0 '^#SBATCH --nodes=2$' "$tutti" job-script --scheduler slurm --nodes 2 --cores 4 ./app
expect 0 '^set -- ./app --nodes 9$' "$tutti" job-script --scheduler slurm --cores 4 ./app --nodes 9

# The course on Gadi.
"$tutti" job-script --scheduler pbs --walltime 00:20:00 --cores 48 --memory 192GB --shebang '#!/usr/bin/env bash' \
  --extra='-q normal' --extra='-P vp91' --extra='-l ncpus=48' --extra='-l mem=192GB' --local-directory '$TMPDIR' \
  --skip select --interface ib0 --prologue 'module load openmpi/4.1.4' --prologue 'module load hdf5' \
  ./my_program >gadi.pbs
cmp gadi.pbs "$TUTTI_TEST_SOURCE_DIR/tests/unit/jobs/golden/gadi.pbs" || fail "the job of the course on Gadi"

# Bad input: exit code 2, and a sentence.
expect 2 "there is no setting 'nodez'; did you mean 'nodes'\?" "$tutti" job-script --scheduler slurm --nodez 2 --cores 4 ./app
expect 2 "did you mean 'queue'" "$tutti" job-script --scheduler slurm --partition x ./app
expect 2 "the option walltime is '30'" "$tutti" job-script --scheduler slurm --cores 4 --walltime 30 ./app
expect 2 "the option memory is '192'" "$tutti" job-script --scheduler slurm --cores 4 --memory 192 ./app
expect 2 'the option nodes is 0' "$tutti" job-script --scheduler slurm --cores 4 --nodes 0 ./app
expect 2 'neither cores, ranks_per_node nor' "$tutti" job-script --scheduler slurm ./app
expect 2 'must be slurm or pbs' "$tutti" job-script --scheduler sge --cores 4 ./app
expect 1 'neither sbatch nor qsub is on the PATH' env PATH=/nonexistent "$tutti" job-script --cores 4 ./app

# Settings from files, the environment and the command line, later ones over earlier ones.
mkdir -p home/.config/tutti
cat >home/.config/tutti/config.toml <<'TOML'
queue = "normal"
cores = 8
max_nodes = 4
default_profile = "small"
[profile.small]
memory = "8GiB"
[profile.large]
memory = "80GiB"
TOML
cat >site.toml <<'TOML'
scheduler = "pbs"
account = "vp91"
TOML
export TUTTI_CONFIG=$folder/site.toml
expect 0 '^#PBS -q normal$' "$tutti" job-script ./app
expect 0 'mem=8gb$' "$tutti" job-script ./app
expect 0 'mem=80gb$' "$tutti" job-script --profile large ./app
expect 0 '^#PBS -q express$' env TUTTI_JOBS_QUEUE=express "$tutti" job-script ./app
expect 0 '^#PBS -q short$' env TUTTI_JOBS_QUEUE=express "$tutti" job-script --queue short ./app
expect 2 'asks for nodes of 5, but this site allows at most 4' "$tutti" job-script --nodes 5 ./app
expect 2 "there is no profile 'larg'; did you mean 'large'" "$tutti" job-script --profile larg ./app
expect 0 "^account +.*'vp91' +# $folder/site.toml$" "$tutti" config show
expect 0 "^queue +.*'express' +# TUTTI_JOBS_QUEUE$" env TUTTI_JOBS_QUEUE=express "$tutti" config show
expect 0 "^nodes +.*'2' +# --nodes$" "$tutti" config show --nodes 2
expect 0 "^memory .*config.toml \[profile.large\]$" "$tutti" config show --profile large
expect 2 'which does not exist' env TUTTI_CONFIG=/no/file "$tutti" config show
echo 'qeue = "x"' >bad.toml
expect 2 "bad.toml, line 1: there is no setting 'qeue'; did you mean 'queue'" env TUTTI_CONFIG=bad.toml "$tutti" config show

# No text of an option can become a command: the script is run with launchers that only print.
for launcher in srun mpirun; do printf '#!/bin/sh\nfor w; do echo "[$w]"; done\n' >bin/$launcher; chmod +x bin/$launcher; done
nasty='x'"'"'; touch hacked; `touch hacked` $(touch hacked) "${PATH}'
"$tutti" job-script --scheduler slurm --cores 2 --env "A=$nasty" --local-directory "$nasty" --log-directory '$HOME/$(touch hacked)/`id`' ./app "$nasty" >nasty.sbatch
SLURM_JOB_ID=1 bash nasty.sbatch
if [ -e hacked ]; then fail "an option became a command"; fi
cat "$HOME"/*/*/tutti-1.out >output
grep -qF "[$nasty]" output || fail "the argument did not arrive as it was"
finish

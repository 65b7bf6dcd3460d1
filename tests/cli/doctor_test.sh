#!/usr/bin/env bash
# `tutti doctor`: a verdict a line, and exit code 1 when something is bad.
set -euo pipefail
. "$TUTTI_TEST_SOURCE_DIR/tests/cli/lib.sh"

# A Slurm that answers, whatever this machine has.
for program in sbatch sinfo squeue; do printf '#!/bin/sh\necho slurm 9.9\n' >bin/$program; done
printf '#!/bin/sh\necho pmix >&2\n' >bin/srun
chmod +x bin/*
unset "${!OMPI_@}"
expect 0 '^ok +HDF5 +[0-9.]+, parallel by MPI, ' "$tutti" doctor
expect 0 '^ok +two ranks +2 ranks, a task takes [0-9.e-]+ us there and back$' "$tutti" doctor

for program in mpirun ompi_info; do
  printf '#!/bin/sh\ncat "%s/%s.text"\n' "$folder" "$program" >bin/$program
  chmod +x bin/$program
done
echo 'mpirun (Open MPI) 9.9' >mpirun.text
printf '%s\n' '  Thread support: posix (MPI_THREAD_MULTIPLE: yes, OPAL support: yes)' '  MCA btl: tcp (MCA v2)' >ompi_info.text
expect 0 '^ok +mpirun +.*/bin/mpirun, mpirun \(Open MPI\) 9.9$' "$tutti" doctor
expect 0 '^ok +threads +MPI_THREAD_MULTIPLE: yes$' "$tutti" doctor
expect 0 '^note +transports +tcp; between nodes' "$tutti" doctor
expect 0 '^ok +PMIx under srun +srun --mpi=pmix$' "$tutti" doctor
printf '%s\n' '  Thread support: posix (MPI_THREAD_MULTIPLE: no)' '  MCA pml: ucx (MCA v2)' >ompi_info.text
expect 1 '^BAD +threads +MPI_THREAD_MULTIPLE: no; use an MPI' "$tutti" doctor
expect 1 '^ok +transports +ucx$' "$tutti" doctor
expect 1 '^BAD +local directory +/no/such cannot be written to; set TMPDIR' env TMPDIR=/no/such "$tutti" doctor
expect 1 '^BAD +mpirun +is not on the PATH' env PATH=/nonexistent "$tutti" doctor
finish

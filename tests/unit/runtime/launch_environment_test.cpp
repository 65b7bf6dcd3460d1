#include "runtime/launch_environment.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

using namespace tutti::runtime;

TEST_CASE("a program started by hand is a process on its own") {
  const Launch launch = launch_of({{"PATH", "/bin"}});
  CHECK_FALSE(launch.under_mpi);
  CHECK(launch.launcher == "no launcher");
  CHECK(launch.prints);
  CHECK(launch.problem.empty());
}

TEST_CASE("the launchers of MPI are known by their variables") {
  const Launch open_mpi =
      launch_of({{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", "2"}, {"PMIX_RANK", "2"}});
  CHECK(open_mpi.under_mpi);
  CHECK(open_mpi.launcher == "mpirun of Open MPI");
  CHECK(open_mpi.processes == 4);
  CHECK_FALSE(open_mpi.prints);
  const Launch hydra = launch_of({{"PMI_RANK", "0"}, {"PMI_SIZE", "3"}, {"MPI_LOCALRANKID", "0"}});
  CHECK(hydra.under_mpi);
  CHECK(hydra.launcher.starts_with("Hydra"));
  CHECK(hydra.processes == 3);
  CHECK(hydra.prints);
  CHECK(launch_of({{"PMIX_RANK", "0"}}).under_mpi);
  CHECK(launch_of({{"PMIX_RANK", "0"}}).processes == 0);
  CHECK(launch_of({{"PMI_RANK", "0"}}).under_mpi);
  CHECK(launch_of({{"PALS_RANKID", "1"}}).under_mpi);
}

TEST_CASE("srun with PMIx is MPI, and the step tells how many processes there are") {
  const Launch launch = launch_of({{"SLURM_STEP_ID", "0"},
                                   {"SLURM_PROCID", "1"},
                                   {"SLURM_STEP_NUM_TASKS", "4"},
                                   {"PMIX_RANK", "1"}});
  CHECK(launch.under_mpi);
  CHECK(launch.launcher == "srun with PMIx");
  CHECK(launch.processes == 4);
  CHECK_FALSE(launch.prints);
  CHECK(launch.problem.empty());
}

TEST_CASE("srun without MPI is explained, by the first task only") {
  Environment environment{
      {"SLURM_STEP_ID", "0"}, {"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "4"}};
  const Launch first = launch_of(environment);
  CHECK_FALSE(first.under_mpi);
  CHECK(first.prints);
  CHECK(first.problem.starts_with(
      "srun started 4 copies of this program, and each is a world of one, because "));
  CHECK(first.problem.find("srun --mpi=pmix") != std::string::npos);
  environment["SLURM_PROCID"] = "3";
  CHECK_FALSE(launch_of(environment).prints);
  CHECK_FALSE(launch_of(environment).problem.empty());
  environment.erase("SLURM_STEP_NUM_TASKS");
  CHECK_FALSE(launch_of(environment).problem.empty());
}

TEST_CASE("a batch script, an interactive shell and a step of one task are no launch") {
  CHECK(launch_of({{"SLURM_JOB_ID", "7"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}})
            .problem.empty());
  CHECK(launch_of(
            {{"SLURM_STEP_ID", "4294967291"}, {"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "4"}})
            .problem.empty());
  const Launch shell = launch_of({{"SLURM_STEP_ID", "1"},
                                  {"SLURM_PROCID", "0"},
                                  {"SLURM_STEP_NUM_TASKS", "1"},
                                  {"PMIX_RANK", "0"}});
  CHECK_FALSE(shell.under_mpi);
  CHECK(shell.problem.empty());
  CHECK(launch_of({{"PBS_JOBID", "7.host"}, {"PBS_NODEFILE", "/var/nodes"}}).problem.empty());
}

TEST_CASE(
    "mpirun inside a Slurm job counts its own processes, not those of the step that carries it") {
  const Launch launch = launch_of({{"SLURM_STEP_ID", "0"},
                                   {"SLURM_PROCID", "1"},
                                   {"SLURM_STEP_NUM_TASKS", "2"},
                                   {"OMPI_COMM_WORLD_SIZE", "8"},
                                   {"OMPI_COMM_WORLD_RANK", "0"}});
  CHECK(launch.launcher == "mpirun of Open MPI");
  CHECK(launch.processes == 8);
  CHECK(launch.prints);
}

TEST_CASE("several worlds of one are noticed after MPI_Init") {
  Launch launch{.under_mpi = true, .launcher = "srun with PMI", .processes = 4};
  CHECK(world_problem(launch, 4).empty());
  CHECK(world_problem(launch, 1).find("srun --mpi=pmix") != std::string::npos);
  launch.launcher = "Hydra";
  CHECK(world_problem(launch, 1).find("launcher and library do not belong together") !=
        std::string::npos);
  launch.processes = 0;
  CHECK(world_problem(launch, 1).empty());
  CHECK(world_problem(Launch{}, 1).empty());
}

TEST_CASE("the memory of a Slurm job is read per node or per CPU") {
  CHECK(job_memory_bytes({}) == std::nullopt);
  CHECK(job_memory_bytes({{"SLURM_MEM_PER_NODE", "2"}}) == 2 * 1024 * 1024);
  CHECK(job_memory_bytes({{"SLURM_MEM_PER_NODE", "0"}}) == std::nullopt);
  CHECK(job_memory_bytes({{"SLURM_MEM_PER_CPU", "2"}, {"SLURM_CPUS_ON_NODE", "3"}}) ==
        6 * 1024 * 1024);
  CHECK(job_memory_bytes({{"SLURM_MEM_PER_NODE", "2G"}}) == std::nullopt);
}

TEST_CASE("the environment of this process is read") {
  REQUIRE(setenv("TUTTI_TEST_VARIABLE", "a=b", 1) == 0);
  CHECK(environment_of(environment_entries()).at("TUTTI_TEST_VARIABLE") == "a=b");
}

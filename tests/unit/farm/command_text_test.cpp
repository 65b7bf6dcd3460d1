#include "farm/command_text.hpp"

#include "runtime/launch_environment.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using tutti::farm::command_environment;
using tutti::farm::plain_words;

namespace {

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a line without signs of the shell is its words") {
  CHECK(plain_words("true") == Texts{"true"});
  CHECK(plain_words("  ./a.out -n 3\t--x=1,2  ") == Texts{"./a.out", "-n", "3", "--x=1,2"});
}

TEST_CASE("a line in which the shell has something to do is left to it") {
  for (const char* line :
       {"",     " ",    "a; b",    "a && b",   "a | b",      "a > b",      "echo $HOME", "echo `a`",
        "ls *", "ls ?", "ls [ab]", "echo 'a'", "echo \"a\"", "echo a\\ b", "A=b c",      "cd ~",
        "! a",  "(a)",  "{ a; }",  "a # b",    "a &",        "echo {1,2}"})
    CHECK_FALSE(plain_words(line).has_value());
}

TEST_CASE("a command does not see who has started the rank") {
  const Texts rank{"PATH=/bin",
                   "OMPI_COMM_WORLD_SIZE=4",
                   "OMPI_COMM_WORLD_RANK=1",
                   "OMPI_MCA_btl=self",
                   "PMIX_RANK=1",
                   "PMI_RANK=1",
                   "PMI_SIZE=4",
                   "TUTTI_THREADS_PER_WORKER=3",
                   "HYDI_CONTROL_FD=5",
                   "MPI_LOCALRANKID=0",
                   "SLURM_JOB_ID=7",
                   "SLURM_STEP_ID=0",
                   "SLURM_STEP_NUM_TASKS=4",
                   "SLURM_PROCID=1",
                   "PALS_RANKID=1",
                   "MV2_COMM_WORLD_RANK=1",
                   "TUTTIFRUTTI=1",
                   "HOME=/root"};
  const Texts command = command_environment(rank, 2);
  CHECK(command ==
        Texts{"PATH=/bin", "SLURM_JOB_ID=7", "TUTTIFRUTTI=1", "HOME=/root", "OMP_NUM_THREADS=2"});
  // What a program of tutti makes of it.
  const auto launch = tutti::runtime::launch_of(tutti::runtime::environment_of(command));
  CHECK_FALSE(launch.under_mpi);
  CHECK(launch.problem.empty());
}

TEST_CASE("the user's number of threads stays") {
  const Texts command = command_environment({"OMP_NUM_THREADS=7"}, 2);
  CHECK(command == Texts{"OMP_NUM_THREADS=7"});
}

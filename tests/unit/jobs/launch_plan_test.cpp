#include "jobs/launch_plan.hpp"

#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace tutti;
using namespace tutti::jobs;

namespace {

using Words = std::vector<std::string>;

LaunchSurroundings laptop() { return {.cores = 4, .has_mpirun = true}; }

LaunchSurroundings in_slurm() {
  return {
      .environment = {{"SLURM_JOB_ID", "7"}, {"SLURM_NTASKS", "8"}, {"SLURM_CPUS_PER_TASK", "2"}},
      .cores = 4,
      .has_srun = true,
      .has_mpirun = true};
}

LaunchSurroundings in_pbs() {
  return {.environment = {{"LD_LIBRARY_PATH", "/x"}, {"PWD", "/y"}, {"BASH_FUNC_a%%", "() {"}},
          .cores = 4,
          .has_mpirun = true,
          .node_file = {"a", "a", "b"},
          .agent = "/bin/tutti pbs-agent"};
}

}  // namespace

TEST_CASE("on a laptop mpirun starts as many ranks as asked, else one a core and at least two") {
  LaunchPlan plan = launch_plan({.ranks = 3, .program = {"./app", "x"}}, laptop());
  CHECK(plan.arguments == Words{"mpirun", "-n", "3", "./app", "x"});
  CHECK(plan.variables.count("OMPI_MCA_rmaps_base_oversubscribe") == 0);
  CHECK(plan.variables.count("OMPI_ALLOW_RUN_AS_ROOT") == 0);
  plan = launch_plan({.program = {"./app"}}, laptop());
  CHECK(plan.arguments == Words{"mpirun", "-n", "4", "./app"});
  plan = launch_plan({.program = {"./app"}}, {.cores = 1, .has_mpirun = true});
  CHECK(plan.arguments == Words{"mpirun", "-n", "2", "./app"});
  CHECK(plan.variables.at("OMPI_MCA_rmaps_base_oversubscribe") == "1");
}

TEST_CASE("more ranks than cores, and root, get what they need") {
  LaunchSurroundings around = laptop();
  around.root = true;
  const LaunchPlan plan = launch_plan({.ranks = 5, .program = {"./app"}}, around);
  CHECK(plan.variables.at("OMPI_MCA_rmaps_base_oversubscribe") == "1");
  CHECK(plan.variables.at("OMPI_MCA_mpi_yield_when_idle") == "1");
  CHECK(plan.variables.at("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM") == "1");
}

TEST_CASE("in a job of Slurm srun starts all ranks") {
  LaunchPlan plan = launch_plan({.program = {"./app"}}, in_slurm());
  CHECK(plan.arguments == Words{"srun", "--mpi=pmix", "./app"});
  CHECK(plan.variables.at("SLURM_PMIX_FENCE") == "tree");
  CHECK(plan.variables.at("SRUN_CPUS_PER_TASK") == "2");
  plan = launch_plan({.ranks = 9, .program = {"./app"}}, in_slurm());
  CHECK(plan.arguments == Words{"srun", "--mpi=pmix", "--ntasks=9", "--overcommit", "./app"});
  plan = launch_plan({.launcher = "mpirun", .program = {"./app"}}, in_slurm());
  CHECK(plan.arguments == Words{"mpirun", "./app"});
}

TEST_CASE("without PMIx in srun a job of Slurm uses mpirun") {
  LaunchSurroundings around = in_slurm();
  around.has_srun = false;
  CHECK(launch_plan({.program = {"./app"}}, around).arguments == Words{"mpirun", "./app"});
}

TEST_CASE("in a job of PBS mpirun is told the hosts when it does not know PBS") {
  LaunchPlan plan = launch_plan({.program = {"./app"}}, in_pbs());
  CHECK(plan.arguments == Words{"mpirun", "-n", "3", "--host", "a:2,b:1", "./app"});
  CHECK(plan.variables.at("OMPI_MCA_plm_rsh_agent") == "/bin/tutti pbs-agent");
  CHECK(plan.variables.at("OMPI_MCA_mca_base_env_list") == "LD_LIBRARY_PATH");
  LaunchSurroundings around = in_pbs();
  around.mpirun_knows_pbs = true;
  plan = launch_plan({.program = {"./app"}}, around);
  CHECK(plan.arguments == Words{"mpirun", "-n", "3", "./app"});
  CHECK(plan.variables.count("OMPI_MCA_plm_rsh_agent") == 0);
}

TEST_CASE("hosts that were told to mpirun by the script are not told again") {
  LaunchSurroundings around = in_pbs();
  around.environment["OMPI_MCA_orte_default_hostfile"] = "/tmp/hosts";
  CHECK(launch_plan({.program = {"./app"}}, around).arguments ==
        Words{"mpirun", "-n", "3", "./app"});
}

TEST_CASE("hosts and host files of the user go before all else") {
  LaunchPlan plan = launch_plan({.hosts = "a:4,b:4", .program = {"./app"}}, in_slurm());
  CHECK(plan.arguments == Words{"mpirun", "-n", "8", "--host", "a:4,b:4", "./app"});
  plan = launch_plan({.hostfile = "hosts", .program = {"./app"}}, laptop());
  CHECK(plan.arguments == Words{"mpirun", "--hostfile", "hosts", "./app"});
}

TEST_CASE("what cannot be launched is refused with a sentence") {
  const auto refused = [](const LaunchRequest& request, const LaunchSurroundings& around,
                          const char* words) {
    CHECK_THROWS_WITH_AS(launch_plan(request, around), doctest::Contains(words), Error);
  };
  refused({.program = {"./app"}}, {.cores = 4}, "there is no mpirun on the PATH");
  refused({.launcher = "srun", .program = {"./app"}}, laptop(), "this is none (no SLURM_JOB_ID)");
  refused({.launcher = "mpi", .program = {"./app"}}, laptop(), "must be srun, mpirun or mpiexec");
  refused({.hosts = "a:x", .program = {"./app"}}, laptop(), "'a:x' is no host");
  refused({.hosts = "a,,b", .program = {"./app"}}, laptop(), "is no host");
  refused({.hosts = "a", .hostfile = "b", .program = {"./app"}}, laptop(), "use one");
}

TEST_CASE("slots are counted") {
  CHECK(slots_of("a:4,b") == 5);
  CHECK(hosts_with_slots({"b", "a", "b"}) == "b:2,a:1");
}

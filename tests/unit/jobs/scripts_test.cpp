#include "tutti/error.hpp"
#include "tutti/jobs.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace tutti;

namespace {

std::string golden_path(const std::string& file) {
  const char* source = std::getenv("TUTTI_TEST_SOURCE_DIR");
  REQUIRE_MESSAGE(source != nullptr, "ctest sets TUTTI_TEST_SOURCE_DIR");
  return std::string(source) + "/tests/unit/jobs/golden/" + file;
}

/// Compares with a file; with TUTTI_TEST_WRITE_GOLDEN set, writes it.
void check_golden(const std::string& file, const std::string& text) {
  const std::string path = golden_path(file);
  if (std::getenv("TUTTI_TEST_WRITE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream stream(path);
  std::stringstream expected;
  expected << stream.rdbuf();
  CAPTURE(path);
  CHECK(text == expected.str());
}

/// Lines that begin with `prefix`, without it.
std::vector<std::string> lines_with(const std::string& prefix, const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with(prefix)) lines.push_back(line.substr(prefix.size()));
  }
  return lines;
}

/// What the course on Gadi asks for.
JobOptions gadi() {
  return {.program = "./my_program",
          .walltime = "00:20:00",
          .cores = 48,
          .memory = "192GB",
          .shebang = "#!/usr/bin/env bash",
          .job_extra_directives = {"-q normal", "-P vp91", "-l ncpus=48", "-l mem=192GB"},
          .local_directory = "$TMPDIR",
          .job_directives_skip = {"select"},
          .interface = "ib0",
          .job_script_prologue = {"module load openmpi/4.1.4", "module load hdf5"}};
}

/// Every option at once.
JobOptions everything() {
  return {.program = "/home/me/my program",
          .arguments = {"--title", "it's $HOME; id", "plain"},
          .name = "sweep",
          .modules = {"openmpi/4.1.4", "hdf5"},
          .queue = "long",
          .account = "vp91",
          .walltime = "1-12:00:00",
          .nodes = 2,
          .cores = 48,
          .worker_memory = "4GiB",
          .env = {{"OMP_PROC_BIND", "false"}, {"QUOTED", "a 'b' $(id)"}, {"TOKEN"}},
          .job_extra_directives = {"--mail-type=END"},
          .log_directory = "logs",
          .local_directory = "$TMPDIR/x; id",
          .job_directives_skip = {"--mem", "mail"},
          .interface = "ib0",
          .job_script_prologue = {"source setup.sh"},
          .job_script_epilogue = {"cp result.h5 \"$HOME\""},
          .exclusive = true,
          .gpus_per_node = 2,
          .requeue = true,
          .requeue_limit = 3,
          .warn_s = 120};
}

}  // namespace

TEST_CASE("the job of the course on Gadi has its directives in their order") {
  const std::string text = PbsJob(gadi()).job_script();
  CHECK(text.starts_with("#!/usr/bin/env bash\n"));
  CHECK(lines_with("#PBS ", text) == std::vector<std::string>{"-N tutti", "-l walltime=00:20:00",
                                                              "-j oe", "-q normal", "-P vp91",
                                                              "-l ncpus=48", "-l mem=192GB"});
  CHECK(text.find("export TUTTI_LOCAL_DIRECTORY='$TMPDIR'\n") != std::string::npos);
  CHECK(text.find("OMPI_MCA_btl_tcp_if_include=ib0") != std::string::npos);
  check_golden("gadi.pbs", text);
}

TEST_CASE("scripts with every option are as they were checked by eye") {
  check_golden("everything.sbatch", SlurmJob(everything()).job_script());
  check_golden("everything.pbs", PbsJob(everything()).job_script());
}

TEST_CASE("scripts with nothing but ranks are as they were checked by eye") {
  check_golden("small.sbatch", SlurmJob({.ranks_per_node = 4}).job_script());
  check_golden("small.pbs", PbsJob({.ranks_per_node = 4}).job_script());
}

TEST_CASE("memory and walltime are written in the units of each system") {
  const JobOptions options{.walltime = "36h", .cores = 4, .memory = "192GB"};
  const std::vector<std::string> slurm = lines_with("#SBATCH ", SlurmJob(options).job_script());
  CHECK(std::count(slurm.begin(), slurm.end(), "--mem=187500000K") == 1);
  CHECK(std::count(slurm.begin(), slurm.end(), "--time=1-12:00:00") == 1);
  const std::vector<std::string> pbs = lines_with("#PBS ", PbsJob(options).job_script());
  CHECK(std::count(pbs.begin(), pbs.end(), "-l select=1:ncpus=4:mpiprocs=4:mem=187500000kb") == 1);
  CHECK(std::count(pbs.begin(), pbs.end(), "-l walltime=36:00:00") == 1);
}

TEST_CASE("the launcher that is chosen is the only active one") {
  for (const std::string launcher : {"srun", "mpirun", "mpiexec", "tutti"}) {
    CAPTURE(launcher);
    const JobOptions options{.ranks_per_node = 2, .launcher = launcher};
    for (const std::string& text : {SlurmJob(options).job_script(), PbsJob(options).job_script()}) {
      std::vector<std::string> active;
      std::istringstream stream(text);
      for (std::string line; std::getline(stream, line);) {
        if (line.ends_with("\"$@\"") && !line.starts_with("#")) active.push_back(line);
      }
      REQUIRE(active.size() == 1);
      CHECK(active[0].find(launcher) != std::string::npos);
    }
  }
}

TEST_CASE("a log directory with a variable is expanded by the job and not by the batch system") {
  const JobOptions options{.ranks_per_node = 2, .log_directory = "$SCRATCH/logs"};
  const std::string text = SlurmJob(options).job_script();
  CHECK(text.find("#SBATCH --output=%x-%j.out\n") != std::string::npos);
  CHECK(
      text.find("mkdir -p \"$SCRATCH/logs\" && exec >>\"$SCRATCH/logs\"/tutti-\"$SLURM_JOB_ID\"") !=
      std::string::npos);
}

TEST_CASE("directives stand before the first command") {
  for (const std::string& text :
       {SlurmJob(everything()).job_script(), PbsJob(everything()).job_script()}) {
    bool command_seen = false;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
      const bool directive = line.starts_with("#SBATCH") || line.starts_with("#PBS");
      CHECK_FALSE((directive && command_seen));
      if (!line.empty() && line[0] != '#') command_seen = true;
    }
  }
}

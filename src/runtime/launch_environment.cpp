#include "runtime/launch_environment.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <unistd.h>

namespace tutti::runtime {
namespace {

// Slurm numbers the steps of a job from 0; batch scripts, interactive shells and the like have the
// highest numbers.
constexpr std::uint64_t lowest_special_step = 0xfffffff0;

bool has(const Environment& environment, std::string_view name) {
  return environment.find(name) != environment.end();
}

std::optional<std::uint64_t> number(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  if (found == environment.end()) return std::nullopt;
  const std::string& text = found->second;
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

/// What Slurm says about the step that this process is a task of.
struct SlurmStep {
  std::uint64_t tasks = 1;
  std::uint64_t task = 0;
};

std::optional<SlurmStep> slurm_step(const Environment& environment) {
  std::optional<std::uint64_t> step = number(environment, "SLURM_STEP_ID");
  if (!step) step = number(environment, "SLURM_STEPID");
  const std::optional<std::uint64_t> task = number(environment, "SLURM_PROCID");
  if (!step || *step >= lowest_special_step || !task) return std::nullopt;
  const std::optional<std::uint64_t> tasks = number(environment, "SLURM_STEP_NUM_TASKS");
  // Without a number of tasks, a task other than the first shows that there are several.
  return SlurmStep{.tasks = tasks.value_or(*task + 1), .task = *task};
}

/// A launcher, the variables that show it, and the one that holds the number of processes.
struct Launcher {
  std::string_view name;
  std::array<std::string_view, 4> signs;
  std::string_view size;
};

constexpr std::array<Launcher, 6> launchers{{
    {"mpirun of Open MPI",
     {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
     "OMPI_COMM_WORLD_SIZE"},
    {"mpirun of MVAPICH2", {"MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK"}, "MV2_COMM_WORLD_SIZE"},
    {"PALS", {"PALS_RANKID"}, "PMI_SIZE"},
    {"Hydra (mpirun of MPICH or Intel MPI)",
     {"HYDI_CONTROL_FD", "MPI_LOCALRANKID", "HYDRA_PROXY_ID"},
     "PMI_SIZE"},
    {"a launcher with PMIx", {"PMIX_RANK"}, ""},
    {"a launcher with PMI", {"PMI_RANK", "PMI_SIZE", "PMI_FD"}, "PMI_SIZE"},
}};

const Launcher* find_launcher(const Environment& environment) {
  for (const Launcher& launcher : launchers) {
    for (const std::string_view sign : launcher.signs) {
      if (!sign.empty() && has(environment, sign)) return &launcher;
    }
  }
  return nullptr;
}

std::string worlds_of_one(std::uint64_t processes) {
  return "srun started " + std::to_string(processes) +
         " copies of this program, and each is a world of one, because srun did not give them MPI "
         "(no PMIx or PMI in the "
         "environment): start it with `srun --mpi=pmix` (`srun --mpi=list` shows what this machine "
         "has), or with mpirun "
         "inside the job";
}

}  // namespace

std::vector<std::string> environment_entries() {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    entries.emplace_back(*entry);
  return entries;
}

Environment environment_of(const std::vector<std::string>& entries) {
  Environment environment;
  for (const std::string& entry : entries) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos)
      environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return environment;
}

Launch launch_of(const Environment& environment) {
  Launch launch;
  const Launcher* launcher = find_launcher(environment);
  const std::optional<SlurmStep> step = slurm_step(environment);
  const bool by_srun = step && (launcher == nullptr || launcher->name.starts_with("a launcher"));
  if (launcher == nullptr) {
    if (!step || step->tasks == 1) return launch;
    launch.launcher = "srun without MPI";
    launch.processes = step->tasks;
    launch.prints = step->task == 0;
    launch.problem = worlds_of_one(step->tasks);
    return launch;
  }
  if (by_srun) {
    launch.launcher = launcher->name.ends_with("PMIx") ? "srun with PMIx" : "srun with PMI";
    launch.processes = step->tasks;
    launch.prints = step->task == 0;
    // The one task of a step is often a shell, in which programs are started on their own.
    launch.under_mpi = step->tasks > 1;
    return launch;
  }
  launch.under_mpi = true;
  launch.launcher = launcher->name;
  launch.processes = number(environment, launcher->size).value_or(0);
  std::uint64_t rank = 0;
  for (const std::string_view name :
       {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK"}) {
    rank = std::max(rank, number(environment, name).value_or(0));
  }
  launch.prints = rank == 0;
  return launch;
}

std::string world_problem(const Launch& launch, int world_size) {
  if (!launch.under_mpi || world_size != 1 || launch.processes <= 1) return {};
  if (launch.launcher.starts_with("srun")) return worlds_of_one(launch.processes);
  return launch.launcher + " started " + std::to_string(launch.processes) +
         " copies of this program, but the program's MPI library made each a world of one, because "
         "launcher and library do "
         "not belong together: use the mpirun of the MPI that the program was built with";
}

std::optional<std::uint64_t> job_memory_bytes(const Environment& environment) {
  constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
  const std::optional<std::uint64_t> per_node = number(environment, "SLURM_MEM_PER_NODE");
  if (per_node && *per_node > 0) return *per_node * mebibyte;
  const std::optional<std::uint64_t> per_cpu = number(environment, "SLURM_MEM_PER_CPU");
  const std::optional<std::uint64_t> cpus = number(environment, "SLURM_CPUS_ON_NODE");
  if (per_cpu && cpus && *per_cpu > 0 && *cpus > 0) return *per_cpu * *cpus * mebibyte;
  return std::nullopt;
}

}  // namespace tutti::runtime

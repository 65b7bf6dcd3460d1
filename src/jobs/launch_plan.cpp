#include "jobs/launch_plan.hpp"

#include "jobs/shell_text.hpp"
#include "tutti/check.hpp"
#include "tutti/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace tutti::jobs {
namespace {

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc{} || result.ptr != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// Where ranks may go, and how many.
struct Room {
  bool slurm = false;
  bool pbs = false;
  std::string hosts = {};   ///< for mpirun, when it has to be told
  std::uint32_t slots = 0;  ///< 0: the launcher knows
};

class Planner {
 public:
  Planner(const LaunchRequest& request, const LaunchSurroundings& surroundings)
      : request_(request), around_(surroundings) {}

  LaunchPlan plan() {
    find_room();
    const std::string launcher = chosen_launcher();
    plan_.arguments.push_back(launcher);
    if (launcher == "srun") {
      plan_srun();
    } else {
      plan_mpirun();
    }
    plan_.arguments.insert(plan_.arguments.end(), request_.program.begin(), request_.program.end());
    return plan_;
  }

 private:
  bool has(std::string_view name) const {
    return around_.environment.find(name) != around_.environment.end();
  }

  std::uint32_t number_in(std::string_view name) const {
    const auto found = around_.environment.find(name);
    return found == around_.environment.end() ? 0 : number(found->second).value_or(0);
  }

  void find_room() {
    if (!request_.hosts.empty() && !request_.hostfile.empty())
      throw Error(ErrorCode::bad_argument, "both --hosts and --hostfile are given: use one");
    if (!request_.hosts.empty()) {
      room_ = {.hosts = request_.hosts, .slots = slots_of(request_.hosts)};
    } else if (!request_.hostfile.empty()) {
      return;
    } else if (has("SLURM_JOB_ID")) {
      room_ = {.slurm = true, .slots = number_in("SLURM_NTASKS")};
    } else if (!around_.node_file.empty()) {
      const auto slots = static_cast<std::uint32_t>(around_.node_file.size());
      room_ = {.pbs = true, .slots = slots};
      // The job's script may have told mpirun already.
      if (!around_.mpirun_knows_pbs && !has("OMPI_MCA_orte_default_hostfile"))
        room_.hosts = hosts_with_slots(around_.node_file);
    } else {
      room_ = {.slots = std::max(around_.cores, 1u)};
    }
  }

  std::string chosen_launcher() const {
    static constexpr std::array<std::string_view, 4> known{"", "srun", "mpirun", "mpiexec"};
    if (std::find(known.begin(), known.end(), request_.launcher) == known.end())
      throw Error(ErrorCode::bad_argument, "the launcher is '" + request_.launcher +
                                               "', but must be srun, mpirun or mpiexec");
    if (request_.launcher == "srun" && !room_.slurm)
      throw Error(ErrorCode::bad_launch,
                  "srun starts programs inside a job of Slurm, and this is none (no SLURM_JOB_ID): "
                  "submit one, or use --launcher mpirun");
    if (!request_.launcher.empty()) return request_.launcher;
    if (room_.slurm && around_.has_srun) return "srun";
    if (around_.has_mpirun) return "mpirun";
    throw Error(ErrorCode::bad_launch,
                std::string("there is no mpirun on the PATH") +
                    (room_.slurm ? ", and srun has no PMIx (`srun --mpi=list`)" : "") +
                    ": load the MPI that the program was built with");
  }

  void plan_srun() {
    plan_.arguments.emplace_back("--mpi=pmix");
    if (request_.ranks > 0) plan_.arguments.push_back(fmt::format("--ntasks={}", request_.ranks));
    if (room_.slots > 0 && request_.ranks > room_.slots) {
      plan_.arguments.emplace_back("--overcommit");
      plan_.variables["OMPI_MCA_mpi_yield_when_idle"] = "1";
    }
    // By default Slurm mixes two kinds of fences, and ranks talk to others still in MPI_Init.
    if (!has("SLURM_PMIX_FENCE")) plan_.variables["SLURM_PMIX_FENCE"] = "tree";
    const std::uint32_t cores = number_in("SLURM_CPUS_PER_TASK");
    if (cores > 0 && !has("SRUN_CPUS_PER_TASK"))
      plan_.variables["SRUN_CPUS_PER_TASK"] = std::to_string(cores);
  }

  void plan_mpirun() {
    std::uint32_t ranks = request_.ranks;
    // On a single machine: one rank to schedule and at least one to work.
    if (ranks == 0 && !room_.slurm && request_.hostfile.empty()) ranks = std::max(room_.slots, 2u);
    if (ranks > 0) {
      plan_.arguments.emplace_back("-n");
      plan_.arguments.push_back(std::to_string(ranks));
    }
    if (!room_.hosts.empty()) {
      plan_.arguments.emplace_back("--host");
      plan_.arguments.push_back(room_.hosts);
    }
    if (!request_.hostfile.empty()) {
      plan_.arguments.emplace_back("--hostfile");
      plan_.arguments.push_back(request_.hostfile);
    }
    if (room_.pbs && !room_.hosts.empty()) {
      plan_.variables["OMPI_MCA_plm_rsh_agent"] = around_.agent;
      plan_.variables["OMPI_MCA_plm_rsh_no_tree_spawn"] = "1";
    }
    if (!room_.hosts.empty() || !request_.hostfile.empty())
      plan_.variables["OMPI_MCA_mca_base_env_list"] = forwarded_variables();
    // Threads are bound by tutti, which knows what runs in them.
    plan_.variables["OMPI_MCA_hwloc_base_binding_policy"] = "none";
    plan_.variables["PRTE_MCA_hwloc_default_binding_policy"] = "none";
    if (around_.root) {
      plan_.variables["OMPI_ALLOW_RUN_AS_ROOT"] = "1";
      plan_.variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
    }
    if (room_.slots > 0 && ranks > std::min(room_.slots, most_without_waiting())) {
      plan_.variables["OMPI_MCA_rmaps_base_oversubscribe"] = "1";
      plan_.variables["PRTE_MCA_rmaps_default_mapping_policy"] = ":oversubscribe";
      plan_.variables["OMPI_MCA_mpi_yield_when_idle"] = "1";
    }
  }

  /// Ranks that have a core each, as far as it is known: what is said about other hosts, and the
  /// cores of this one.
  std::uint32_t most_without_waiting() const {
    const bool here = !room_.slurm && !room_.pbs && room_.hosts.empty();
    return here ? std::max(around_.cores, 1u) : room_.slots;
  }

  /// What ssh and pbs_tmrsh do not hand on: all but what belongs to this host or shell.
  std::string forwarded_variables() const {
    static constexpr std::array<std::string_view, 10> own{
        "_", "PWD", "OLDPWD", "SHLVL", "HOSTNAME", "TMPDIR", "DISPLAY", "TERM", "SHELL", "LOGNAME"};
    std::string list;
    for (const auto& [name, value] : around_.environment) {
      const bool passed_over = std::find(own.begin(), own.end(), name) != own.end() ||
                               !is_variable_name(name) || name.starts_with("OMPI_") ||
                               name.starts_with("PMIX_") || name.starts_with("SSH_") ||
                               name.starts_with("XDG_");
      if (!passed_over) list.append(list.empty() ? "" : ";").append(name);
    }
    return list;
  }

  const LaunchRequest& request_;
  const LaunchSurroundings& around_;
  Room room_;
  LaunchPlan plan_;
};

}  // namespace

LaunchPlan launch_plan(const LaunchRequest& request, const LaunchSurroundings& surroundings) {
  check(!request.program.empty(), "there is a program to launch");
  return Planner(request, surroundings).plan();
}

std::string hosts_with_slots(const std::vector<std::string>& node_file) {
  std::vector<std::string> hosts;
  std::map<std::string, std::uint32_t> slots;
  for (const std::string& host : node_file) {
    if (slots[host]++ == 0) hosts.push_back(host);
  }
  std::string list;
  for (const std::string& host : hosts)
    list += fmt::format("{}{}:{}", list.empty() ? "" : ",", host, slots[host]);
  return list;
}

std::uint32_t slots_of(std::string_view hosts) {
  std::uint32_t slots = 0;
  for (;;) {
    const std::size_t comma = hosts.find(',');
    const std::string_view entry = hosts.substr(0, comma);
    const std::size_t colon = entry.find(':');
    const std::string_view host = entry.substr(0, colon);
    const std::optional<std::uint32_t> given =
        colon == std::string_view::npos ? 1 : number(entry.substr(colon + 1));
    if (!given || *given == 0 || *given > 100'000 || host.empty())
      throw Error(ErrorCode::bad_argument, "'" + std::string(entry) +
                                               "' is no host with its number of ranks: write a "
                                               "list such as node1:4,node2:4");
    slots += *given;
    if (comma == std::string_view::npos) return slots;
    hosts.remove_prefix(comma + 1);
  }
}

}  // namespace tutti::jobs

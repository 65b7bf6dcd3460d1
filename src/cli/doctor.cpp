#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/process.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <sys/statvfs.h>
#include <unistd.h>
#include <vector>

namespace tutti::cli {
namespace {

/// What was looked at, what was found, and what mends it.
struct Verdict {
  enum class Kind { good, note, bad };
  Kind kind = Kind::good;
  std::string subject;
  std::string finding;
  std::string mend = {};
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// What is behind the first colon of the line of ompi_info that holds `words`.
std::optional<std::string> value_in(const std::string& ompi_info, std::string_view words) {
  std::istringstream lines(ompi_info);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t found = line.find(words);
    const std::size_t colon = line.find(": ", found == std::string::npos ? 0 : found);
    if (found != std::string::npos && colon != std::string::npos) return line.substr(colon + 2);
  }
  return std::nullopt;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Verdict look_at_mpirun() {
  const std::optional<std::string> path = find_program("mpirun");
  if (!path)
    return {Verdict::Kind::bad, "mpirun", "is not on the PATH",
            "load the MPI that your program was built with, or install openmpi-bin"};
  return {Verdict::Kind::good, "mpirun",
          *path + ", " + first_line(run_process({*path, "--version"}).output)};
}

/// Threads, transports and batch systems of an Open MPI.
std::vector<Verdict> look_at_open_mpi() {
  if (!find_program("ompi_info"))
    return {{Verdict::Kind::note, "Open MPI", "there is no ompi_info, so no more is known of MPI"}};
  const std::string text = run_process({"ompi_info"}).output;
  std::vector<Verdict> verdicts;
  const std::string threads = value_in(text, "MPI_THREAD_MULTIPLE").value_or("unknown");
  const bool multiple = threads.starts_with("yes");
  verdicts.push_back({multiple ? Verdict::Kind::good : Verdict::Kind::bad, "threads",
                      "MPI_THREAD_MULTIPLE: " + threads.substr(0, threads.find_first_of(",)")),
                      multiple ? "" : "use an MPI that was built with MPI_THREAD_MULTIPLE"});
  std::string transports;
  for (const std::string_view name :
       {"btl: vader", "btl: sm ", "btl: tcp", "btl: openib", "pml: ucx", "mtl: psm2", "mtl: ofi"}) {
    if (text.find("MCA " + std::string(name)) != std::string::npos)
      transports.append(transports.empty() ? "" : ", ").append(name.substr(name.find(' ') + 1));
  }
  const auto among = [&transports](std::string_view name) {
    return transports.find(name) != std::string::npos;
  };
  const bool fabric = among("ucx") || among("ofi") || among("psm2") || among("openib");
  verdicts.push_back(
      {fabric ? Verdict::Kind::good : Verdict::Kind::note, "transports", transports,
       fabric ? "" : "between nodes this MPI has TCP only; a cluster's own is faster"});
  if (find_program("qsub") || !variable("PBS_NODEFILE").empty()) {
    const bool knows = text.find("MCA plm: tm") != std::string::npos;
    verdicts.push_back(
        {Verdict::Kind::good, "MPI and PBS",
         knows ? "mpirun knows PBS by itself"
               : "mpirun does not know PBS; scripts and `tutti run` tell it the hosts"});
  }
  return verdicts;
}

std::vector<Verdict> look_at_batch_systems() {
  std::vector<Verdict> verdicts;
  if (find_program("sbatch")) {
    const ProcessEnd answer = run_process({"sinfo", "--version"});
    const ProcessEnd queue = run_process({"squeue", "--noheader", "--states=RUNNING"});
    verdicts.push_back({queue.code == 0 ? Verdict::Kind::good : Verdict::Kind::bad, "Slurm",
                        queue.code == 0 ? first_line(answer.output)
                                        : "does not answer: " + first_line(queue.messages),
                        queue.code == 0 ? "" : "ask the operators, or set SLURM_CONF"});
    const ProcessEnd plugins = run_process({"srun", "--mpi=list"});
    const bool pmix = (plugins.output + plugins.messages).find("pmix") != std::string::npos;
    verdicts.push_back({pmix ? Verdict::Kind::good : Verdict::Kind::note, "PMIx under srun",
                        pmix ? "srun --mpi=pmix" : "srun has no PMIx",
                        pmix ? "" : "use --launcher mpirun"});
  }
  if (find_program("qsub")) verdicts.push_back({Verdict::Kind::good, "PBS", "qsub is on the PATH"});
  if (verdicts.empty())
    verdicts.push_back({Verdict::Kind::note, "batch system",
                        "neither sbatch nor qsub is on the PATH",
                        "for jobs go to a login node; `tutti run` works here"});
  return verdicts;
}

/// Room in a folder, and whether a file can be made there.
Verdict look_at_folder(const std::string& subject, const std::string& folder,
                       const std::string& mend) {
  std::string pattern = folder + "/tutti-doctor-XXXXXX";
  const int file = ::mkstemp(pattern.data());
  if (file < 0) return {Verdict::Kind::bad, subject, folder + " cannot be written to", mend};
  ::close(file);
  ::unlink(pattern.c_str());
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0)
    return {Verdict::Kind::bad, subject, folder + " cannot be asked for its room", mend};
  const std::uint64_t free_bytes = std::uint64_t{status.f_bavail} * status.f_frsize;
  constexpr std::uint64_t enough_bytes = std::uint64_t{64} << 20;
  const bool enough = free_bytes >= enough_bytes;
  return {enough ? Verdict::Kind::good : Verdict::Kind::bad, subject,
          fmt::format("{}, {} MiB free", folder, free_bytes >> 20), enough ? "" : mend};
}

Verdict look_at_working_directory() {
  const std::string sentence = not_shared("this one,", std::filesystem::current_path());
  if (sentence.empty())
    return {Verdict::Kind::good, "working directory", "probably seen by all nodes"};
  return {Verdict::Kind::note, "working directory", sentence};
}

/// What the HDF5 that tutti was built with can do; the program that reads journals knows.
Verdict look_at_hdf5() {
  const std::optional<std::string> program = find_part("tutti-journal");
  if (!program) return {Verdict::Kind::note, "HDF5", "not looked at, as tutti-journal is missing"};
  const ProcessEnd end = run_process({*program, "--hdf5"});
  if (end.code == 0) return {Verdict::Kind::good, "HDF5", first_line(end.output)};
  return {Verdict::Kind::bad, "HDF5",
          fmt::format("tutti-journal ended with exit code {}: {}", end.code,
                      first_line(end.messages.empty() ? end.output : end.messages)),
          "is the HDF5 library that tutti was built with on the library path?"};
}

/// Starts two ranks of a program of tutti.
Verdict look_at_two_ranks() {
  std::error_code ignored;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const std::optional<std::string> probe = find_part("tutti-probe");
  if (!probe) return {Verdict::Kind::note, "two ranks", "not tried, as tutti-probe is missing"};
  const ProcessEnd end =
      run_process({"timeout", "--kill-after=5", "60", self.string(), "run", "-n", "2", *probe});
  if (end.code == 0) return {Verdict::Kind::good, "two ranks", first_line(end.output)};
  return {Verdict::Kind::bad, "two ranks",
          fmt::format("ended with exit code {}: {}", end.code,
                      first_line(end.messages.empty() ? end.output : end.messages)),
          "is the mpirun on the PATH that of the MPI with which tutti was built?"};
}

std::vector<Verdict> look_at_everything() {
  std::vector<Verdict> verdicts{look_at_mpirun()};
  const auto add = [&verdicts](const std::vector<Verdict>& more) {
    verdicts.insert(verdicts.end(), more.begin(), more.end());
  };
  add(look_at_open_mpi());
  add(look_at_batch_systems());
  verdicts.push_back(look_at_folder("shared memory", "/dev/shm",
                                    "MPI needs room there: remove what old jobs have left, or ask "
                                    "for a larger one"));
  const std::string local = variable("TMPDIR");
  verdicts.push_back(look_at_folder("local directory", local.empty() ? "/tmp" : local,
                                    "set TMPDIR, or the option local_directory, to a local disk"));
  verdicts.push_back(look_at_working_directory());
  verdicts.push_back(look_at_hdf5());
  if (find_program("mpirun")) verdicts.push_back(look_at_two_ranks());
  return verdicts;
}

}  // namespace

void add_doctor(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("doctor", "looks at what jobs need, a verdict a line");
  command->callback([&exit_code] {
    exit_code = 0;
    for (const Verdict& verdict : look_at_everything()) {
      const bool bad = verdict.kind == Verdict::Kind::bad;
      const std::string_view word = bad                                   ? "BAD "
                                    : verdict.kind == Verdict::Kind::note ? "note"
                                                                          : "ok  ";
      std::cout << word << "  " << fmt::format("{:<18}", verdict.subject) << verdict.finding;
      if (!verdict.mend.empty()) std::cout << "; " << verdict.mend;
      std::cout << "\n";
      if (bad) exit_code = 1;
    }
  });
}

}  // namespace tutti::cli

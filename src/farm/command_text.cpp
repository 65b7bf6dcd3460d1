#include "farm/command_text.hpp"

#include <algorithm>
#include <array>

namespace tutti::farm {
namespace {

bool is_plain(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') ||
         std::string_view("_-./:@%+,").find(letter) != std::string_view::npos;
}

/// Open MPI, PMIx, PMI, Hydra, MVAPICH2, PALS, and Slurm's word about the step, which is not the
/// command's own. SLURM_JOB_ and the like stay: the job is.
constexpr std::array<std::string_view, 20> hidden_prefixes{
    "OMPI_",         "OPAL_",          "ORTE_",           "PRTE_",        "PMIX_",
    "PMI_",          "HYDI_",          "HYDRA_",          "MPI_LOCAL",    "MPIR_",
    "MV2_COMM_",     "PALS_",          "TUTTI_",          "SLURM_STEP",   "SLURM_PMI",
    "SLURM_PROCID=", "SLURM_LOCALID=", "SLURM_TASK_PID=", "SLURM_GTIDS=", "SLURM_MPI_TYPE="};

}  // namespace

std::optional<std::vector<std::string>> plain_words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  for (const char letter : line) {
    if (letter == ' ' || letter == '\t') {
      if (!word.empty()) words.push_back(std::move(word));
      word.clear();
    } else if (is_plain(letter) || (letter == '=' && !words.empty())) {
      // `A=b` in front of a command is a variable, behind it an argument.
      word += letter;
    } else {
      return std::nullopt;
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  if (words.empty()) return std::nullopt;
  return words;
}

std::vector<std::string> command_environment(const std::vector<std::string>& entries,
                                             std::uint32_t cores) {
  std::vector<std::string> result;
  bool threads_given = false;
  for (const std::string& entry : entries) {
    const bool hidden =
        std::any_of(hidden_prefixes.begin(), hidden_prefixes.end(),
                    [&entry](std::string_view prefix) { return entry.starts_with(prefix); });
    if (hidden) continue;
    threads_given = threads_given || entry.starts_with("OMP_NUM_THREADS=");
    result.push_back(entry);
  }
  if (!threads_given) result.push_back("OMP_NUM_THREADS=" + std::to_string(cores));
  return result;
}

}  // namespace tutti::farm

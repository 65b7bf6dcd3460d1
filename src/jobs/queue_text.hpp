#pragma once

/// What sbatch, squeue, qsub and qstat print, read. Pure: the text is passed in.

#include "jobs/job_plan.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::jobs {

/// As the queue says it. `ended`: it is over, or the queue has forgotten it.
enum class QueueState : std::uint8_t { pending, running, stopping, ended };

std::string_view name_of(QueueState state);

/// One job in the queue.
struct QueuedJob {
  std::string id;  ///< without the name of the server
  QueueState state = QueueState::ended;
  std::string nodes = {};      ///< how many
  std::string start = {};      ///< as the batch system writes it, or empty
  std::string time_left = {};  ///< empty when it is not known
  std::string reason = {};     ///< why it waits, in words of the batch system
};

/// The id in what `sbatch --parsable` or `qsub` printed: "123", "123[]". Throws Error (io) when
/// there is none.
std::string submitted_id(BatchSystem system, std::string_view printed);

/// The arguments of squeue whose output `slurm_queue` reads.
std::vector<std::string> slurm_queue_command();
std::vector<QueuedJob> slurm_queue(std::string_view printed);

/// Reads what `qstat -f` printed.
std::vector<QueuedJob> pbs_queue(std::string_view printed);

}  // namespace tutti::jobs

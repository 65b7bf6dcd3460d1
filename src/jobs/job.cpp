#include "jobs/job_plan.hpp"
#include "tutti/jobs.hpp"

#include <ostream>
#include <utility>

namespace tutti {

SlurmJob::SlurmJob(JobOptions options) : options_(std::move(options)) {
  jobs::plan_of(options_, jobs::BatchSystem::slurm);
}

std::string SlurmJob::job_script() const {
  return jobs::slurm_script(jobs::plan_of(options_, jobs::BatchSystem::slurm));
}

PbsJob::PbsJob(JobOptions options) : options_(std::move(options)) {
  jobs::plan_of(options_, jobs::BatchSystem::pbs);
}

std::string PbsJob::job_script() const {
  return jobs::pbs_script(jobs::plan_of(options_, jobs::BatchSystem::pbs));
}

std::ostream& operator<<(std::ostream& stream, const SlurmJob& job) {
  return stream << job.job_script();
}

std::ostream& operator<<(std::ostream& stream, const PbsJob& job) {
  return stream << job.job_script();
}

}  // namespace tutti

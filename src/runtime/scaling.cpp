// What SchedulerDriver does about how many workers work: as it was told, or by the work that is
// left.

#include "base/log.hpp"
#include "runtime/rank.hpp"
#include "runtime/scheduler_driver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string>

namespace tutti::runtime {

void SchedulerDriver::scale(std::uint32_t workers) {
  if (workers == scheduler_.workers().wanted()) return;
  scheduler_.scale(workers);
  evacuating_ = true;
  dirty_ = true;
}

void SchedulerDriver::adapt(const scheduler::AdaptiveLimits* limits) {
  adaptive_.reset();
  if (limits != nullptr) adaptive_.emplace(*limits);
}

/// Now and then; under the lock.
void SchedulerDriver::tend_scale() {
  const double now_s = static_cast<double>(now_ns()) * 1e-9;
  if (adaptive_ && adaptive_->is_due(now_s)) {
    const std::uint32_t now = scheduler_.workers().wanted();
    scale(adaptive_->look(now_s, now, scheduler_.occupancy()));
  }
  if (!evacuating_) return;
  evacuating_ = !scheduler_.evacuate(commands_);
  dirty_ = true;
}

/// Of `tutti scale JOB N` ("N") and `tutti adapt JOB` ("MIN MAX"); what is neither is ignored.
void SchedulerDriver::obey_request(const std::string& request) {
  std::istringstream words(request);
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  const std::uint32_t all = workers_joined_;
  if (!(words >> first) || first == 0) return;
  if (words >> second) {
    const scheduler::AdaptiveLimits limits{.minimum = std::min(first, all),
                                           .maximum = std::min(second, all)};
    adapt(&limits);
    return;
  }
  if (first > all) {
    base::log_warning(fmt::format(
        "`tutti scale` asks for {} workers; this job has {}, all of which work now; more "
        "need a new job",
        first, all));
  }
  adapt(nullptr);
  scale(std::min(first, all));
}

}  // namespace tutti::runtime

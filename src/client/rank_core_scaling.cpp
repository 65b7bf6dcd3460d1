// How many workers work: what RankCore checks and tells the scheduler.

#include "client/rank_core.hpp"
#include "client/submission.hpp"
#include "tutti/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::client_module {
namespace {

void check_workers(std::size_t wanted, std::size_t all) {
  if (wanted == 0) {
    throw Error(ErrorCode::bad_argument,
                "0 workers were asked for; at least one works, as nobody else would run tasks");
  }
  if (wanted <= all) return;
  throw Error(ErrorCode::unsatisfiable,
              fmt::format("{} workers were asked for, and this allocation has {}; more need a new "
                          "job, with more nodes or ranks",
                          wanted, all));
}

}  // namespace

void RankCore::scale(std::size_t workers) {
  refuse_in_task("scale()");
  const Lock lock(engine_.mutex());
  refuse_at_end("scale()");
  check_workers(workers, driver_.workers_joined());
  driver_.adapt(nullptr);
  driver_.scale(static_cast<std::uint32_t>(workers));
  engine_.poll();
}

void RankCore::adapt(const AdaptOptions& options) {
  refuse_in_task("adapt()");
  const Lock lock(engine_.mutex());
  refuse_at_end("adapt()");
  if (!options.active) return driver_.adapt(nullptr);
  const std::size_t all = driver_.workers_joined();
  const std::size_t maximum = options.maximum == 0 ? all : options.maximum;
  check_workers(options.minimum, all);
  check_workers(maximum, all);
  if (maximum < options.minimum) {
    throw Error(ErrorCode::bad_argument,
                fmt::format("adapt() got a minimum of {} and a maximum of {} workers",
                            options.minimum, maximum));
  }
  if (!(options.interval > 0) || !(options.target_duration > 0))
    throw Error(ErrorCode::bad_argument,
                "interval and target_duration of adapt() must be more than 0 seconds");
  const scheduler::AdaptiveLimits limits{
      .minimum = static_cast<std::uint32_t>(options.minimum),
      .maximum = static_cast<std::uint32_t>(maximum),
      .interval_s = options.interval,
      .target_s = options.target_duration,
      .wait_count = static_cast<std::uint32_t>(std::max<std::size_t>(1, options.wait_count))};
  driver_.adapt(&limits);
}

std::size_t RankCore::active_workers() {
  const Lock lock(engine_.mutex());
  return driver_.scheduler().workers().wanted();
}

}  // namespace tutti::client_module

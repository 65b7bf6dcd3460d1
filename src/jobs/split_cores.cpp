#include "tutti/error.hpp"
#include "tutti/jobs.hpp"

#include <fmt/format.h>

namespace tutti {
namespace {

/// One rank a core up to 4 cores, else the smallest divisor that is at least the square root.
std::uint32_t usual_ranks(std::uint32_t cores) {
  if (cores <= 4) return cores;
  std::uint32_t ranks = 1;
  while (std::uint64_t{ranks} * ranks < cores || cores % ranks != 0) ++ranks;
  return ranks;
}

void check_fits(std::uint32_t cores, std::uint32_t ranks, std::uint32_t worker_cores) {
  if (std::uint64_t{ranks} * worker_cores <= cores && ranks > 0 && worker_cores > 0) return;
  throw Error(
      ErrorCode::bad_argument,
      fmt::format("ranks_per_node = {} and worker_cores = {} do not fit into cores = {}: change "
                  "one of them",
                  ranks, worker_cores, cores));
}

std::string idle_words(std::uint32_t cores, std::uint32_t used) {
  if (cores == used) return "";
  return cores - used == 1 ? ", 1 core stays idle"
                           : fmt::format(", {} cores stay idle", cores - used);
}

}  // namespace

CoreSplit split_cores(std::uint32_t cores, std::uint32_t ranks_per_node,
                      std::uint32_t worker_cores) {
  if (cores == 0 && ranks_per_node == 0 && worker_cores == 0) {
    throw Error(ErrorCode::bad_argument,
                "neither cores, ranks_per_node nor worker_cores is given: say what the job uses of "
                "each node, for example cores = 48, or ranks_per_node = 4");
  }
  if (cores == 0) {
    const std::uint32_t ranks = ranks_per_node == 0 ? 1 : ranks_per_node;
    const std::uint32_t each = worker_cores == 0 ? 1 : worker_cores;
    return {.ranks_per_node = ranks,
            .worker_cores = each,
            .rule = fmt::format("{} x {} cores of a node, as given", ranks, each)};
  }
  if (ranks_per_node == 0 && worker_cores == 0) {
    const std::uint32_t ranks = usual_ranks(cores);
    return {
        .ranks_per_node = ranks,
        .worker_cores = cores / ranks,
        .rule = fmt::format("cores = {} became {} x {}: one rank a core up to 4 cores, else the "
                            "smallest divisor that is at least the square root",
                            cores, ranks, cores / ranks)};
  }
  const std::uint32_t ranks = ranks_per_node == 0 ? cores / worker_cores : ranks_per_node;
  const std::uint32_t each = worker_cores == 0 ? cores / ranks : worker_cores;
  check_fits(cores, ranks, each);
  return {.ranks_per_node = ranks,
          .worker_cores = each,
          .rule = fmt::format("cores = {} became {} x {}{}", cores, ranks, each,
                              idle_words(cores, ranks * each))};
}

}  // namespace tutti

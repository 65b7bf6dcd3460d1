#include "client/placement.hpp"

#include "runtime/node_values.hpp"
#include "tutti/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <set>

namespace tutti::client_module {
namespace {

/// "1, 2 and 3"; of very many, the first and the last.
std::string tell_ranks(const std::vector<WorkerPlace>& workers) {
  constexpr std::size_t told_max = 8;
  if (workers.size() > told_max) {
    return fmt::format("{} to {} ({} workers)", workers.front().rank, workers.back().rank,
                       workers.size());
  }
  std::vector<std::int32_t> ranks;
  for (const WorkerPlace& each : workers) ranks.push_back(each.rank);
  return fmt::format("{}", fmt::join(ranks, ", "));
}

std::string tell_hosts(const std::vector<WorkerPlace>& workers) {
  std::set<std::string> hosts;
  for (const WorkerPlace& each : workers) hosts.insert(each.host);
  constexpr std::size_t told_max = 8;
  if (hosts.size() > told_max)
    return fmt::format("{} to {} ({} hosts)", *hosts.begin(), *hosts.rbegin(), hosts.size());
  return fmt::format("{}", fmt::join(hosts, ", "));
}

[[noreturn]] void throw_unknown(const WorkerName& name, const std::vector<WorkerPlace>& workers,
                                int ranks) {
  if (!name.host.empty()) {
    throw Error(ErrorCode::bad_argument,
                fmt::format("no worker runs on a host '{}'; the hosts of this run are {}",
                            name.host, tell_hosts(workers)));
  }
  const bool only_schedules = name.rank >= 0 && name.rank < ranks;
  throw Error(
      ErrorCode::bad_argument,
      only_schedules
          ? fmt::format("rank {} only schedules and holds no data for tasks; the workers "
                        "are {}",
                        name.rank, tell_ranks(workers))
          : fmt::format("there is no rank {}; the workers are {}", name.rank, tell_ranks(workers)));
}

}  // namespace

std::vector<std::int32_t> choose_workers(const std::vector<WorkerName>& names,
                                         const std::vector<WorkerPlace>& workers, int ranks) {
  std::vector<std::int32_t> chosen;
  if (names.empty()) {
    for (const WorkerPlace& each : workers) chosen.push_back(each.rank);
  }
  for (const WorkerName& name : names) {
    const std::size_t before = chosen.size();
    for (const WorkerPlace& each : workers) {
      if (name.host.empty() ? each.rank == name.rank : each.host == name.host)
        chosen.push_back(each.rank);
    }
    if (chosen.size() == before) throw_unknown(name, workers, ranks);
  }
  std::ranges::sort(chosen);
  if (const auto twice = std::ranges::adjacent_find(chosen); twice != chosen.end()) {
    throw Error(ErrorCode::bad_argument,
                fmt::format("worker {} is named twice; name each worker once, by its rank or by "
                            "its host",
                            *twice));
  }
  return chosen;
}

void await_results(detail::Core& core, std::span<const detail::Target> targets) {
  (void)core.wait(targets, ReturnWhen::all_completed, forever);
  for (const detail::Target& target : targets) {
    target.handle->observed = true;
    if (const detail::FailurePtr failure = core.failure(target)) detail::throw_failure(failure);
    if (target.index != detail::whole_group) continue;
    const auto& group = static_cast<const detail::GroupState&>(*target.handle);
    if (!group.failures.empty()) detail::throw_failure(group.failures.begin()->second);
  }
}

void check_share(std::uint64_t bytes, std::int32_t rank, std::uint64_t limit) {
  if (limit == 0 || bytes <= limit) return;
  constexpr double megabyte = 1e6;
  throw Error(ErrorCode::no_memory,
              fmt::format("scatter would bring {:.1f} MB in one piece to rank {}, which may use "
                          "{:.1f} MB (option memory_limit): nothing was moved. Scatter smaller "
                          "parts one after the other, use more workers, or raise memory_limit",
                          static_cast<double>(bytes) / megabyte, rank,
                          static_cast<double>(limit) / megabyte));
}

void check_copies(const ReplicateOptions& options, std::size_t workers) {
  if (!options.n || (*options.n >= 1 && *options.n <= workers)) return;
  throw Error(
      ErrorCode::bad_argument,
      fmt::format("replicate was asked for {} copies; it must be at least 1 and at most {}, "
                  "the number of workers that may have one",
                  *options.n, workers));
}

detail::ValuePtr copy_elements(const detail::Value& elements, std::uint64_t begin,
                               std::uint64_t count) {
  Writer writer(runtime::buffer_bytes_min);
  elements.ops().write_slice(elements, begin, count, writer);
  std::vector<std::uint64_t> sizes;
  for (const ConstBuffer& buffer : writer.buffers()) sizes.push_back(buffer.size);
  Reader reader(writer.bytes(), sizes);
  detail::ValuePtr copy(elements.ops().read(reader));
  for (std::size_t number = 0; number < sizes.size(); ++number)
    std::memcpy(reader.destinations()[number].data, writer.buffers()[number].data, sizes[number]);
  return copy;
}

void copy_plain_elements(const detail::ElementsBase& elements, std::uint64_t begin,
                         std::uint64_t count, MutableBuffer all) {
  Writer writer(0);
  elements.ops().write_slice(elements, begin, count, writer);
  const ConstBuffer& source = writer.buffers().front();
  if (source.size == 0) return;
  const std::size_t bytes_each = source.size / count;
  std::memcpy(all.data + begin * bytes_each, source.data, source.size);
}

}  // namespace tutti::client_module

#include "client/hardware.hpp"
#include "memory/local_directory.hpp"
#include "runtime/rank.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <vector>

namespace tutti::client_module {
namespace {

std::atomic<runtime::Rank*> measured_rank{nullptr};

}  // namespace

void set_measured_rank(runtime::Rank* rank) { measured_rank = rank; }

std::string local_directory_here() {
  if (const runtime::Rank* rank = measured_rank) return rank->setup().local_directory;
  // A run without ranks (TUTTI_SERIAL) spills nothing; it would do so here.
  return memory::local_directory("", [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  });
}

double fetch_seconds(std::uint64_t map, int asks, int holds, unsigned repetitions) {
  runtime::Rank* const rank = measured_rank;
  if (rank == nullptr || rank->rank() != asks) return 0;
  std::vector<double> samples;
  runtime::ProgressEngine::Lock lock(rank->engine().mutex());
  for (unsigned sample = 0; sample < repetitions; ++sample) {
    const auto start = runtime::Clock::now();
    bool arrived = false;
    std::string problem;
    rank->exchange().fetch_slice(holds, TaskId::from_bits(map), static_cast<std::uint64_t>(holds),
                                 1, [&](const runtime::DataExchange::Arrived& each) {
                                   problem = each.problem;
                                   arrived = true;
                                   rank->engine().notify();
                                 });
    rank->outbox().flush();
    rank->engine().wait(lock, [&] { return arrived; });
    if (!problem.empty()) throw Error(ErrorCode::lost, problem);
    samples.push_back(std::chrono::duration<double>(runtime::Clock::now() - start).count());
  }
  std::ranges::nth_element(samples, samples.begin() + static_cast<std::ptrdiff_t>(repetitions / 2));
  return samples[repetitions / 2];
}

}  // namespace tutti::client_module

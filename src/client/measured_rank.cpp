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

/// What came in place, in memory of the node, has not moved yet: a look at each cache line is part
/// of having it.
void look_at(const detail::Value& value) {
  Writer writer(1);
  value.ops().write(value, writer);
  std::byte sum{0};
  for (const ConstBuffer& buffer : writer.buffers()) {
    for (std::size_t offset = 0; offset < buffer.size; offset += 64) sum ^= buffer.data[offset];
  }
  asm volatile("" : : "r"(std::to_integer<int>(sum)));
}

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

void tell_progress(const protocol::Progress& progress) {
  runtime::Rank* const rank = measured_rank;
  if (rank == nullptr) return;
  const runtime::ProgressEngine::Lock lock(rank->engine().mutex());
  constexpr std::size_t message_bytes = 32;
  rank->outbox().add(0, progress, message_bytes);
  rank->outbox().flush();
}

double fetch_seconds(std::uint64_t map, int asks, int holds, unsigned repetitions) {
  runtime::Rank* const rank = measured_rank;
  if (rank == nullptr || rank->rank() != asks) return 0;
  std::vector<double> samples;
  runtime::ProgressEngine::Lock lock(rank->engine().mutex());
  for (unsigned sample = 0; sample < repetitions; ++sample) {
    const auto start = runtime::Clock::now();
    bool arrived = false;
    detail::ValuePtr value;
    std::string problem;
    rank->exchange().fetch_slice(holds, TaskId::from_bits(map), static_cast<std::uint64_t>(holds),
                                 1, [&](const runtime::DataExchange::Arrived& each) {
                                   problem = each.problem;
                                   value = each.value;
                                   arrived = true;
                                   rank->engine().notify();
                                 });
    rank->outbox().flush();
    rank->engine().wait(lock, [&] { return arrived; });
    if (!problem.empty()) throw Error(ErrorCode::lost, problem);
    look_at(*value);
    samples.push_back(std::chrono::duration<double>(runtime::Clock::now() - start).count());
  }
  std::ranges::nth_element(samples, samples.begin() + static_cast<std::ptrdiff_t>(repetitions / 2));
  return samples[repetitions / 2];
}

}  // namespace tutti::client_module

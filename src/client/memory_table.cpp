// Figures of memory as people read them.

#include "tutti/memory.hpp"

#include <fmt/format.h>

namespace tutti {
namespace {

std::string megabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f}", static_cast<double>(bytes) / 1e6);
}

std::string line(const std::string& rank, const RankMemory& memory, const std::string& rest) {
  return fmt::format("{:>6} {:>10} {:>10} {:>10} {:>10} {:>10}  {}\n", rank,
                     memory.limit_bytes == 0 ? "none" : megabytes(memory.limit_bytes),
                     megabytes(memory.managed_bytes), megabytes(memory.process_bytes),
                     megabytes(memory.spilled_bytes), megabytes(memory.shared_bytes), rest);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const std::vector<RankMemory>& ranks) {
  std::string text = fmt::format("{:>6} {:>10} {:>10} {:>10} {:>10} {:>10}  {}\n", "rank", "limit",
                                 "managed", "process", "spilled", "shared", "MB on host");
  RankMemory sum;
  for (const RankMemory& each : ranks) {
    text += line(std::to_string(each.rank), each, each.host + (each.paused ? ", paused" : ""));
    sum.limit_bytes += each.limit_bytes;
    sum.managed_bytes += each.managed_bytes;
    sum.process_bytes += each.process_bytes;
    sum.spilled_bytes += each.spilled_bytes;
    sum.shared_bytes += each.shared_bytes;
  }
  return out << text << line("all", sum, "");
}

}  // namespace tutti

// What the client says about data, without a core.

#include "tutti/data.hpp"
#include "tutti/detail/core.hpp"
#include "tutti/detail/gather.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ostream>

namespace tutti {

std::ostream& operator<<(std::ostream& out, const HeldData& held) {
  // Few values have more than one element.
  if (held.begin != 0 || held.count != 1) {
    out << fmt::format("{} [{}, {})", held.id, held.begin, held.begin + held.count);
  } else {
    out << held.id;
  }
  return out << fmt::format(": {} bytes on {}", held.bytes, fmt::join(held.ranks, ", "));
}

namespace detail {

std::map<int, std::vector<HeldData>> has_what(Core& core, const std::vector<WorkerName>& workers) {
  std::map<int, std::vector<HeldData>> by_rank;
  for (const std::int32_t rank : core.ranks_of(workers)) by_rank[rank];
  for (const HeldData& held : core.who_has(nullptr)) {
    for (const int rank : held.ranks) {
      if (const auto worker = by_rank.find(rank); worker != by_rank.end())
        worker->second.push_back(held);
    }
  }
  return by_rank;
}

std::uint64_t count_bytes(const std::vector<HeldData>& held) {
  std::uint64_t bytes = 0;
  for (const HeldData& each : held) bytes += each.bytes;
  return bytes;
}

std::uint64_t count_copies(const std::vector<HeldData>& held) {
  std::uint64_t bytes = 0;
  for (const HeldData& each : held) bytes += each.bytes * each.ranks.size();
  return bytes;
}

void throw_wrong_room(std::size_t places, std::size_t results) {
  throw Error(ErrorCode::bad_argument,
              fmt::format("gather_into was given room for {} results of {}; make the room as long "
                          "as there are futures",
                          places, results));
}

}  // namespace detail
}  // namespace tutti

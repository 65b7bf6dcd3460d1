#pragma once

/// The words with which a farm ends.

#include "farm/halt_rule.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tutti::farm {

struct FarmSummary {
  FarmCounts counts = {};
  FarmEnd end = FarmEnd::complete;
  std::uint64_t done_before = 0;  ///< left out, as the joblog has them
  std::uint64_t retried = 0;      ///< further tries
  double seconds = 0;
  double command_seconds = 0;  ///< of all commands together
  std::uint64_t slots = 0;
  std::vector<std::uint64_t> failed = {};  ///< numbers of the first ones that failed
};

/// How many failed commands a summary names.
inline constexpr std::size_t named_failures_max = 10;

/// "120 of 1000 commands done (80 before), 3 failed (17, 40, 41), 2 tried again; took 12 s,
/// 96 % of 8 slots busy; stopped early".
std::string summary_text(const FarmSummary& summary);

}  // namespace tutti::farm

#pragma once

/// Startup: from a transport to a Rank. The ranks compare their programs and options and agree on
/// threads and memory.

#include "runtime/launch_environment.hpp"
#include "runtime/rank.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tutti::runtime {

/// What this process knows before it meets the others.
struct Local {
  Options options;
  std::vector<std::string> warnings;
  /// Why the program cannot run, as far as this process knows; empty when it can.
  std::string problem;
};

/// Reads options and environment; never throws.
Local prepare_local(const Options& given, const std::vector<std::string>& environment,
                    const std::string& program);

/// All ranks call it. Null when the run cannot start: rank 0 has printed why, and the transport is
/// finished.
std::unique_ptr<Rank> start_rank(std::unique_ptr<transport::Transport> transport, Local local,
                                 const Launch& launch);

/// The placement of all ranks as a table, for people.
std::string placement_table(Rank& rank);

}  // namespace tutti::runtime

#pragma once

/// What Client::benchmark_hardware() asks of the rank on which its tasks run.

#include "protocol/messages.hpp"

#include <cstdint>
#include <string>

namespace tutti::runtime {
class Rank;
}

namespace tutti::client_module {

/// The rank of this process, for as long as it runs; null before and after.
void set_measured_rank(runtime::Rank* rank);

/// Where this rank would spill values.
std::string local_directory_here();

/// What the task that the calling thread runs says of itself; nobody is told in a run without
/// ranks.
void tell_progress(const protocol::Progress& progress);

/// On the rank `asks`: the median of the times, in seconds, to bring its element of a pinned map
/// (the bits of its id) from the rank `holds`. 0 on all other ranks.
double fetch_seconds(std::uint64_t map, int asks, int holds, unsigned repetitions);

}  // namespace tutti::client_module

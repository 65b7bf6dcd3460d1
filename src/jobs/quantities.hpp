#pragma once

/// Memory and walltime: read from what users write, written in the units of Slurm and PBS.

#include <cstdint>
#include <string>
#include <string_view>

namespace tutti::jobs {

/// Bytes from "192GB", "1.5GiB", "500M". Throws Error (bad_argument) naming `option` when the unit
/// is missing or the text is no size above 0.
std::uint64_t memory_bytes(std::string_view option, std::string_view text);

/// In the largest unit of Slurm that holds it exactly: "179G", "192000M", "187500000K". Slurm
/// counts in powers of 1024; a rest below 1 KiB is rounded up.
std::string slurm_memory(std::uint64_t bytes);

/// The same for PBS: "179gb", "187500000kb".
std::string pbs_memory(std::uint64_t bytes);

/// Seconds from "HH:MM:SS", "MM:SS", "D-HH", "D-HH:MM", "D-HH:MM:SS", or numbers with units in the
/// order d, h, m, s: "90m", "1h30m". Throws Error (bad_argument) naming `option`.
std::uint64_t walltime_seconds(std::string_view option, std::string_view text);

/// "00:20:00", "1-12:00:00".
std::string slurm_walltime(std::uint64_t seconds);

/// "00:20:00", "36:00:00".
std::string pbs_walltime(std::uint64_t seconds);

}  // namespace tutti::jobs

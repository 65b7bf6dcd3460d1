#pragma once

/// The memory of this process as the system sees it.

#include <cstdint>
#include <optional>
#include <string_view>

namespace tutti::memory {

/// Memory that belongs to this process alone, in bytes: resident pages without those of files and
/// of shared memory, which other ranks may have as well. 0 where the system does not tell. Costs
/// some microseconds.
std::uint64_t private_bytes();

/// The same from the text of /proc/self/statm.
std::optional<std::uint64_t> private_bytes_of(std::string_view statm, std::uint64_t page_bytes);

/// Gives memory that the heap keeps for later back to the system. Takes milliseconds for a large
/// heap; other threads that allocate wait meanwhile.
void give_back_free_memory();

}  // namespace tutti::memory

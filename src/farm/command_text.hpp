#pragma once

/// How the line of a command becomes a process: words, and the environment.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::farm {

/// The words of a line in which the shell would do nothing but to split it at blanks: such a
/// command can be started without a shell. Nothing when there is any quote, variable, pattern or
/// other sign with a meaning.
std::optional<std::vector<std::string>> plain_words(std::string_view line);

/// The environment of commands from that of the rank, both as NAME=value: without what tells a
/// program that MPI, a launcher or tutti has started it, so that commands can be programs of MPI
/// and of tutti. OMP_NUM_THREADS is set to `cores` unless the user has set it.
std::vector<std::string> command_environment(const std::vector<std::string>& entries,
                                             std::uint32_t cores);

}  // namespace tutti::farm

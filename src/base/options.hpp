#pragma once

/// The table of all options: names, limits and how they are read, written and compared. Pure: the
/// environment is passed in.

#include "tutti/bytes.hpp"
#include "tutti/options.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::base {

/// `given` with the TUTTI_ variables among `environment` ("NAME=value" entries) put over it; a
/// variable that is set but empty counts as not set. Throws Error (bad_argument) naming the option,
/// its value and what is allowed, also for a bad value in `given`. Appends a sentence to `warnings`
/// for each TUTTI_ variable that does not exist.
Options options_from_environment(Options given, std::span<const std::string> environment,
                                 std::vector<std::string>& warnings);

/// All options, one a line, those that differ from the default marked.
std::string describe(const Options& options);

/// What can be set, one paragraph an option, for help texts.
std::string options_help();

void encode(const Options& options, Writer& writer);
/// Throws Error (corrupt_data) when the bytes hold no options.
Options decode_options(Reader& reader);

/// One entry for each option that differs: "pin: on here, off there".
std::vector<std::string> differences(const Options& here, const Options& there);

/// A number of bytes from "4GB", "1.5 MiB", "1000"; false when the text is none. kB, MB, GB, TB are
/// powers of 1000, with an i (KiB) powers of 1024; a single letter K, M, G, T counts as a power of
/// 1000.
bool parse_size(std::string_view text, std::uint64_t& bytes);

/// The bytes that one rank may take by an option `memory_limit`, when `ranks_on_node` ranks share a
/// node on which the job may use `node_bytes`; 0: no limit. Throws Error (bad_argument) when the
/// limit cannot be read.
std::uint64_t memory_limit_bytes(std::string_view memory_limit, std::uint64_t node_bytes,
                                 unsigned ranks_on_node);

}  // namespace tutti::base

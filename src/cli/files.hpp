#pragma once

/// Files and folders, as the subcommands need them.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::cli {

/// The whole content; nothing when there is no such file. Throws Error (io) when it cannot be read.
std::optional<std::string> read_file(const std::filesystem::path& path);

/// Replaces the file at once: whoever reads it sees the old or the new content. Throws Error (io).
void replace_file(const std::filesystem::path& path, const std::string& content);

/// `text` with the values of `$NAME` and `${NAME}` from the environment; an unset one is empty.
std::string with_variables(const std::string& text);

/// The environment of this process as "NAME=value" entries.
std::vector<std::string> environment_entries();

/// A sentence when other nodes will probably not see `path`, because its file system is one of this
/// machine alone; else empty. `what` says what it is for.
std::string not_shared(std::string_view what, const std::filesystem::path& path);

}  // namespace tutti::cli

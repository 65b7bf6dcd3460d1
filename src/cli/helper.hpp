#pragma once

/// Programs that belong to `tutti` and link more than it does.

#include <optional>
#include <string>

namespace tutti::cli {

/// The full path of such a program: beside this one, where it was built, or where it is installed.
/// Nothing when it is missing.
std::optional<std::string> find_helper(const std::string& name);

}  // namespace tutti::cli

#pragma once

/// The name that a user may have meant when the one that was written does not exist.

#include <span>
#include <string_view>

namespace tutti::base {

/// How many letters must be inserted, removed, replaced or swapped with their neighbour to make one
/// name of the other.
std::size_t edit_distance(std::string_view left, std::string_view right);

/// The known name nearest to `name`, without regard to upper and lower case, or "" when none is
/// similar.
std::string_view nearest_name(std::string_view name, std::span<const std::string_view> known);

}  // namespace tutti::base

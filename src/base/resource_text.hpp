#pragma once

/// The resources of a rank, or of a task, as text: "gpu=2,license=0.5".

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::base {

/// Nothing when the text is not of this form, an amount is not more than 0, or a name comes twice.
std::optional<std::map<std::string, double>> parse_resources(std::string_view text);

}  // namespace tutti::base

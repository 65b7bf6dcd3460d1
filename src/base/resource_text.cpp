#include "base/resource_text.hpp"

#include <charconv>
#include <cmath>

namespace tutti::base {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool parse_amount(std::string_view text, double& amount) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  return error == std::errc{} && end == text.data() + text.size() && std::isfinite(amount) &&
         amount > 0;
}

}  // namespace

std::optional<std::map<std::string, double>> parse_resources(std::string_view text) {
  std::map<std::string, double> resources;
  if (trimmed(text).empty()) return resources;
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::string_view entry = text.substr(0, comma);
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string name(trimmed(entry.substr(0, equals)));
    double amount = 0;
    if (name.empty() || !parse_amount(trimmed(entry.substr(equals + 1)), amount))
      return std::nullopt;
    if (!resources.emplace(name, amount).second) return std::nullopt;
    if (comma == std::string_view::npos) return resources;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace tutti::base

#include "journal/paths.hpp"

#include "tutti/error.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace tutti::journal {
namespace {

constexpr std::string_view part_prefix = "part-";

std::string numbered(std::string_view before, std::uint64_t number, std::string_view behind) {
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%06llu", static_cast<unsigned long long>(number));
  return std::string(before).append(digits.data()).append(behind);
}

std::optional<std::uint64_t> number_in(std::string_view name, std::string_view before,
                                       std::string_view behind) {
  if (!name.starts_with(before) || !name.ends_with(behind) ||
      name.size() <= before.size() + behind.size())
    return std::nullopt;
  const std::string_view digits =
      name.substr(before.size(), name.size() - before.size() - behind.size());
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (problem != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

Paths::Paths(std::string_view given) {
  std::filesystem::path name(given);
  if (!name.has_filename()) name = name.parent_path();
  if (name.extension() == ".h5" || name.extension() == ".journal") name.replace_extension();
  if (name.filename().empty() || name.filename() == "." || name.filename() == "..") {
    throw Error(ErrorCode::bad_argument, "'" + std::string(given) +
                                             "' is no name for a journal; give a path whose last "
                                             "part is its name, such as results/sweep");
  }
  folder_ = name;
  folder_ += ".journal";
  view_ = name;
  view_ += ".h5";
}

std::filesystem::path Paths::segment(std::uint64_t number) const {
  return folder_ / numbered("", number, ".log");
}
std::filesystem::path Paths::part(std::uint64_t number) const {
  return folder_ / numbered(part_prefix, number, ".h5");
}
std::filesystem::path Paths::unfinished_part(std::uint64_t number) const {
  return folder_ / numbered(part_prefix, number, ".h5.tmp");
}
std::filesystem::path Paths::written_part(std::uint64_t number) const {
  return folder_ / numbered(part_prefix, number, ".h5.new");
}
std::filesystem::path Paths::part_seen_from_view(std::uint64_t number) const {
  return folder_.filename() / part(number).filename();
}

std::optional<std::uint64_t> Paths::segment_number(const std::string& file_name) {
  return number_in(file_name, "", ".log");
}
std::optional<std::uint64_t> Paths::part_number(const std::string& file_name) {
  return number_in(file_name, part_prefix, ".h5");
}
std::optional<std::uint64_t> Paths::written_part_number(const std::string& file_name) {
  return number_in(file_name, part_prefix, ".h5.new");
}
bool Paths::is_unfinished(const std::string& file_name) {
  return (file_name.starts_with(part_prefix) || file_name.starts_with("view")) &&
         file_name.find(".h5.tmp") != std::string::npos;
}

}  // namespace tutti::journal

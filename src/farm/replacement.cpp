#include "farm/replacement.hpp"

#include "jobs/shell_text.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace tutti::farm {

Replacement::Replacement(std::string_view text, std::size_t lists) {
  std::string plain;
  const auto end_plain = [&] {
    if (!plain.empty()) pieces_.push_back({.text = std::exchange(plain, {})});
  };
  while (!text.empty()) {
    const std::size_t end = text[0] == '{' ? text.find('}') : std::string_view::npos;
    if (end != std::string_view::npos) {
      end_plain();
      if (add_place(text.substr(1, end - 1), lists)) {
        text.remove_prefix(end + 1);
        continue;
      }
    }
    plain += text[0];
    text.remove_prefix(1);
  }
  end_plain();
  const bool has_place = std::any_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) {
    return piece.part != Part::text && piece.part != Part::number;
  });
  if (has_place) return;
  pieces_.push_back({.text = " "});
  pieces_.push_back({.part = Part::value});
}

/// False when it is no place but text of the shell, such as `{a,b}`.
bool Replacement::add_place(std::string_view inside, std::size_t lists) {
  static constexpr std::array<std::pair<std::string_view, Part>, 5> parts{
      {{"", Part::value},
       {".", Part::without_suffix},
       {"/", Part::name},
       {"//", Part::folder},
       {"/.", Part::name_of_archive}}};
  if (inside == "#") {
    pieces_.push_back({.part = Part::number});
    return true;
  }
  if (inside == "%")
    throw Error(ErrorCode::bad_argument,
                "{%}, the number of the slot, is not known before a command starts; use "
                "$TUTTI_TASK_SLOT in the command");
  std::size_t list = 0;
  const auto digits = std::from_chars(inside.data(), inside.data() + inside.size(), list);
  const bool numbered = digits.ptr != inside.data();
  inside.remove_prefix(static_cast<std::size_t>(digits.ptr - inside.data()));
  const auto* found = std::find_if(parts.begin(), parts.end(),
                                   [inside](const auto& each) { return each.first == inside; });
  if (found == parts.end()) return false;
  if (numbered && (list == 0 || list > lists))
    throw Error(ErrorCode::bad_argument, "the command has a place {" + std::to_string(list) +
                                             "}, but the lists are " + std::to_string(lists) +
                                             ", numbered from 1");
  pieces_.push_back({.part = found->second, .list = list});
  return true;
}

std::string Replacement::part_of(const std::string& value, Part part) {
  const std::size_t slash = value.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : value.substr(0, slash);
  const std::string name = slash == std::string::npos ? value : value.substr(slash + 1);
  const std::size_t dot = name.rfind('.');
  // A name that begins with its only dot has no suffix.
  const std::size_t suffix = dot == std::string::npos || dot == 0 ? 0 : name.size() - dot;
  switch (part) {
    case Part::without_suffix:
      return value.substr(0, value.size() - suffix);
    case Part::name:
      return name;
    case Part::folder:
      return folder.empty() ? "/" : folder;
    case Part::name_of_archive:
      return name.substr(0, name.size() - suffix);
    case Part::text:
    case Part::number:
    case Part::value:
      break;
  }
  return value;
}

std::string Replacement::command(const std::vector<std::string>& values,
                                 std::uint64_t number) const {
  std::string command;
  for (const Piece& piece : pieces_) {
    if (piece.part == Part::text) {
      command += piece.text;
    } else if (piece.part == Part::number) {
      command += std::to_string(number);
    } else if (piece.list != 0) {
      command += jobs::quoted(part_of(values.at(piece.list - 1), piece.part));
    } else {
      for (std::size_t i = 0; i < values.size(); ++i)
        command += (i == 0 ? "" : " ") + jobs::quoted(part_of(values[i], piece.part));
    }
  }
  return command;
}

}  // namespace tutti::farm

#include "farm/command_list.hpp"

#include "farm/replacement.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace tutti::farm {
namespace {

struct Separator {
  std::string_view text;
  bool from_file;
  bool linked;
};

constexpr std::array<Separator, 4> separators{
    {{":::", false, false}, {":::+", false, true}, {"::::", true, false}, {"::::+", true, true}}};

const Separator* separator_of(const std::string& word) {
  const auto* found = std::find_if(separators.begin(), separators.end(),
                                   [&word](const Separator& each) { return each.text == word; });
  return found == separators.end() ? nullptr : found;
}

/// Lists that go side by side, as one with several values in each place.
using Rows = std::vector<std::vector<std::string>>;

Rows side_by_side(const std::vector<ValueList>& lists, std::size_t begin, std::size_t end) {
  std::size_t longest = 0;
  bool any_empty = false;
  for (std::size_t i = begin; i < end; ++i) {
    longest = std::max(longest, lists[i].values.size());
    any_empty = any_empty || lists[i].values.empty();
  }
  if (any_empty) return {};
  Rows rows(longest);
  for (std::size_t row = 0; row < longest; ++row) {
    for (std::size_t i = begin; i < end; ++i)
      rows[row].push_back(lists[i].values[row % lists[i].values.size()]);
  }
  return rows;
}

Rows all_combinations(const std::vector<ValueList>& lists) {
  Rows all{{}};
  for (std::size_t begin = 0; begin < lists.size();) {
    std::size_t end = begin + 1;
    while (end < lists.size() && lists[end].linked) ++end;
    const Rows rows = side_by_side(lists, begin, end);
    Rows longer;
    longer.reserve(all.size() * rows.size());
    for (const auto& before : all) {
      for (const auto& row : rows) {
        longer.push_back(before);
        longer.back().insert(longer.back().end(), row.begin(), row.end());
      }
    }
    all = std::move(longer);
    begin = end;
  }
  return all;
}

void check_values(const std::vector<ValueList>& lists) {
  for (const ValueList& list : lists) {
    for (const std::string& value : list.values) {
      if (value.find('\n') == std::string::npos) continue;
      throw Error(ErrorCode::bad_argument,
                  "a value holds a line end, which no command can have: '" +
                      value.substr(0, value.find('\n')) + "...'");
    }
  }
}

}  // namespace

std::vector<std::string> lines_in(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::string> commands_in(std::string_view text) {
  std::vector<std::string> commands = lines_in(text);
  std::erase_if(commands, [](const std::string& line) {
    const std::size_t begin = line.find_first_not_of(" \t");
    return begin == std::string::npos || line[begin] == '#';
  });
  return commands;
}

bool has_lists(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(),
                     [](const std::string& word) { return separator_of(word) != nullptr; });
}

CommandWords command_words(const std::vector<std::string>& words,
                           const std::function<std::string(const std::string& path)>& read) {
  CommandWords result;
  const Separator* current = nullptr;
  for (const std::string& word : words) {
    if (const Separator* separator = separator_of(word)) {
      current = separator;
      // Each file is a list of its own, so the separator alone begins none.
      if (!separator->from_file)
        result.lists.push_back({.values = {}, .linked = separator->linked});
    } else if (current == nullptr) {
      result.command.push_back(word);
    } else if (current->from_file) {
      result.lists.push_back({.values = lines_in(read(word)), .linked = current->linked});
    } else {
      result.lists.back().values.push_back(word);
    }
  }
  return result;
}

std::vector<std::string> commands_of(const CommandWords& words) {
  check_values(words.lists);
  std::string text;
  for (const std::string& word : words.command) text += (text.empty() ? "" : " ") + word;
  std::optional<Replacement> replacement;
  if (!text.empty()) replacement.emplace(text, words.lists.size());
  std::vector<std::string> commands;
  for (const auto& values : all_combinations(words.lists)) {
    if (replacement) {
      commands.push_back(replacement->command(values, commands.size() + 1));
    } else {
      std::string command;
      for (const std::string& value : values) command += (command.empty() ? "" : " ") + value;
      commands.push_back(std::move(command));
    }
  }
  return commands;
}

}  // namespace tutti::farm

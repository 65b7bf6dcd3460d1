#pragma once

/// The commands of a farm, from lines of a file or from a command and lists of values.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::farm {

/// The lines of a text as commands: without empty ones and comments (`# ...`).
std::vector<std::string> commands_in(std::string_view text);

/// The lines of a text as values: all of them, without the end of the line.
std::vector<std::string> lines_in(std::string_view text);

/// Values for one place of a command.
struct ValueList {
  std::vector<std::string> values;
  /// Goes side by side with the list before it, and not through all combinations (`:::+`).
  bool linked = false;
};

/// What stands behind the options on the command line: `gzip {} ::: a b c`.
struct CommandWords {
  std::vector<std::string> command;  ///< up to the first `:::`
  std::vector<ValueList> lists;
};

/// True when one of the words begins a list: `:::`, `:::+`, `::::`, `::::+`.
bool has_lists(const std::vector<std::string>& words);

/// Takes the words apart. `read` gives the text of a file, for `::::`.
CommandWords command_words(const std::vector<std::string>& words,
                           const std::function<std::string(const std::string& path)>& read);

/// One command for each combination of the values, those of the last list changing fastest; of
/// linked lists the shorter one begins anew. Without a command the values are the commands. Throws
/// Error (bad_argument) for values with a line end, and for places that have no list.
std::vector<std::string> commands_of(const CommandWords& words);

}  // namespace tutti::farm

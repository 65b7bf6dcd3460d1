#pragma once

/// Other programs: found, run, taken the place of.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::cli {

/// The full path of a program that can be run: `name` itself when it holds a slash, else what PATH
/// has. Nothing when there is none.
std::optional<std::string> find_program(std::string_view name);

/// The full path of a program that belongs to tutti and is no command of its own: beside this
/// program, or where it is installed. Nothing when it is missing.
std::optional<std::string> find_part(std::string_view name);

struct ProcessEnd {
  int code = 0;          ///< exit code, or 128 and the number of the signal
  std::string output;    ///< standard output
  std::string messages;  ///< standard error
};

/// Runs a program to its end, with nothing on its standard input. Throws Error (io) when it cannot
/// be started.
ProcessEnd run_process(const std::vector<std::string>& arguments);

/// Puts the program in the place of this process, so that signals and the exit code are its own.
/// Throws Error (io) when it cannot be started.
[[noreturn]] void become(const std::vector<std::string>& arguments,
                         const std::map<std::string, std::string>& variables = {});

}  // namespace tutti::cli

#pragma once

/// Text of users inside of a shell script: what it may hold, and how it is quoted so that it stays
/// text.

#include <string>
#include <string_view>

namespace tutti::jobs {

/// A word of bash that means `text` and nothing else.
std::string quoted(std::string_view text);

/// A word of bash that means `text` with the values of `$NAME` and `${NAME}` put in; all else stays
/// text.
std::string quoted_with_variables(std::string_view text);

/// Whether `text` holds `$NAME` or `${NAME}`.
bool names_variables(std::string_view text);

/// Letters, digits and underscores, not beginning with a digit.
bool is_variable_name(std::string_view text);

/// Throws Error (bad_argument) naming `option` when `text` holds a line end or another control
/// character, which could begin a line of its own in the script.
void check_one_line(std::string_view option, std::string_view text);

/// Throws Error (bad_argument) naming `option` unless `text` is made of letters, digits and
/// `others` only and begins with a letter, a digit or one of `first`. What stands unquoted in a
/// directive has to pass this.
void check_characters(std::string_view option, std::string_view text, std::string_view others,
                      std::string_view first = "");

}  // namespace tutti::jobs

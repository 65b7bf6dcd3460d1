#include "jobs/shell_text.hpp"

#include "tutti/error.hpp"

#include <algorithm>

namespace tutti::jobs {
namespace {

bool is_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

bool is_name_character(char letter) {
  return is_letter(letter) || is_digit(letter) || letter == '_';
}

/// How many characters of `text` are `$NAME` or `${NAME}`, from its begin on; 0 when it does not
/// begin with either.
std::size_t variable_length(std::string_view text) {
  if (text.size() < 2 || text[0] != '$') return 0;
  const bool braces = text[1] == '{';
  const std::size_t begin = braces ? 2 : 1;
  std::size_t end = begin;
  while (end < text.size() && is_name_character(text[end])) ++end;
  if (!is_variable_name(text.substr(begin, end - begin))) return 0;
  if (!braces) return end;
  return end < text.size() && text[end] == '}' ? end + 1 : 0;
}

}  // namespace

std::string quoted(std::string_view text) {
  const auto harmless = [](char letter) {
    return is_name_character(letter) ||
           std::string_view("./:=@%+,-").find(letter) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), harmless)) return std::string(text);
  std::string word = "'";
  for (const char letter : text) {
    if (letter == '\'') {
      word += "'\\''";
    } else {
      word += letter;
    }
  }
  return word + "'";
}

std::string quoted_with_variables(std::string_view text) {
  if (!names_variables(text)) return quoted(text);
  std::string word = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = variable_length(text.substr(i));
    if (length > 0) {
      word += text.substr(i, length);
      i += length;
      continue;
    }
    if (std::string_view("\\\"$`").find(text[i]) != std::string_view::npos) word += '\\';
    word += text[i++];
  }
  return word + "\"";
}

bool names_variables(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (variable_length(text.substr(i)) > 0) return true;
  }
  return false;
}

bool is_variable_name(std::string_view text) {
  return !text.empty() && !is_digit(text[0]) &&
         std::all_of(text.begin(), text.end(), is_name_character);
}

void check_one_line(std::string_view option, std::string_view text) {
  const auto found = std::find_if(text.begin(), text.end(), [](char letter) {
    return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f;
  });
  if (found == text.end()) return;
  throw Error(ErrorCode::bad_argument,
              "the option " + std::string(option) +
                  " holds a line end or another control character at position " +
                  std::to_string(found - text.begin()) +
                  ", but must be one line of plain text, as it would begin a line of its own in "
                  "the job script");
}

void check_characters(std::string_view option, std::string_view text, std::string_view others,
                      std::string_view first) {
  check_one_line(option, text);
  const auto allowed = [others](char letter) {
    return is_letter(letter) || is_digit(letter) || others.find(letter) != std::string_view::npos;
  };
  const auto found = std::find_if_not(text.begin(), text.end(), allowed);
  const bool begins = !text.empty() && (is_letter(text[0]) || is_digit(text[0]) ||
                                        first.find(text[0]) != std::string_view::npos);
  if (found == text.end() && begins) return;
  std::string sentence = "the option " + std::string(option) + " is '" + std::string(text) +
                         "', but must consist of letters, digits and " + std::string(others) +
                         " and begin with a letter or digit";
  if (!first.empty()) sentence.append(" or one of ").append(first);
  if (found != text.end()) sentence.append("; '").append(1, *found).append("' is none of them");
  throw Error(ErrorCode::bad_argument, sentence);
}

}  // namespace tutti::jobs

#include "farm/joblog.hpp"

#include "tutti/error.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace tutti::farm {
namespace {

constexpr std::size_t columns = 9;

/// Blanks before a number are allowed, as there are some before the running time.
template <class Number>
bool parse(std::string_view text, Number& number) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  return !text.empty() && result.ec == std::errc{} && result.ptr == end;
}

bool parse_line(std::string_view line, JoblogEntry& entry) {
  std::array<std::string_view, columns> fields;
  for (std::size_t i = 0; i + 1 < columns; ++i) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) return false;
    fields[i] = line.substr(0, tab);
    line.remove_prefix(tab + 1);
  }
  entry.host = fields[1];
  entry.command = line;
  return parse(fields[0], entry.number) && parse(fields[2], entry.start_s) &&
         parse(fields[3], entry.run_s) && parse(fields[4], entry.sent_bytes) &&
         parse(fields[5], entry.received_bytes) && parse(fields[6], entry.exit_value) &&
         parse(fields[7], entry.signal);
}

}  // namespace

std::string joblog_line(const JoblogEntry& entry) {
  return fmt::format("{}\t{}\t{:.3f}\t{:10.3f}\t{}\t{}\t{}\t{}\t{}\n", entry.number, entry.host,
                     entry.start_s, entry.run_s, entry.sent_bytes, entry.received_bytes,
                     entry.exit_value, entry.signal, entry.command);
}

std::size_t whole_lines(std::string_view text) {
  const std::size_t last = text.rfind('\n');
  return last == std::string_view::npos ? 0 : last + 1;
}

std::vector<JoblogEntry> joblog_entries(std::string_view text) {
  text = text.substr(0, whole_lines(text));
  std::vector<JoblogEntry> entries;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    if (number == 1 && line == joblog_header.substr(0, joblog_header.size() - 1)) continue;
    JoblogEntry entry;
    if (number == 1 || !parse_line(line, entry))
      throw Error(ErrorCode::corrupt_data,
                  fmt::format("line {} is none of a joblog: '{}'", number, line));
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<std::uint64_t> left_to_run(const std::vector<std::string>& commands,
                                       const std::vector<JoblogEntry>& entries, Resume resume) {
  std::vector<bool> done(commands.size(), false);
  for (const JoblogEntry& entry : entries) {
    if (resume == Resume::no) break;
    if (entry.number == 0 || entry.number > commands.size())
      throw Error(ErrorCode::bad_argument,
                  fmt::format("the joblog tells of command {}, but there are {}: it belongs to "
                              "other commands; give the right list, or another joblog",
                              entry.number, commands.size()));
    const std::string& command = commands[entry.number - 1];
    if (entry.command != command)
      throw Error(ErrorCode::bad_argument,
                  fmt::format("command {} was '{}' in the joblog and is '{}' now: add commands at "
                              "the end of the list only, or use another joblog",
                              entry.number, entry.command, command));
    done[entry.number - 1] = resume == Resume::finished || !entry.failed();
  }
  std::vector<std::uint64_t> left;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (!done[i]) left.push_back(i + 1);
  }
  return left;
}

}  // namespace tutti::farm

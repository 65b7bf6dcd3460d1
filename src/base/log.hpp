#pragma once

/// The log: one line on stderr a message, "[tutti 3 12.345 warn] text" with rank and seconds since
/// the start. All functions may be called by any thread.

#include "tutti/options.hpp"

#include <functional>
#include <string_view>

namespace tutti::base {

/// The rank that stands in each line, -1 (shown as "-") before it is known.
void set_log_rank(int rank) noexcept;
/// Messages below this level are dropped. LogLevel::warning at the start.
void set_log_level(LogLevel level) noexcept;
bool log_enabled(LogLevel level) noexcept;

void log(LogLevel level, std::string_view text);
void log_debug(std::string_view text);
void log_info(std::string_view text);
void log_warning(std::string_view text);
void log_error(std::string_view text);

/// Logs a warning the first time that this process passes `key`. Returns whether it was the first
/// time.
bool log_warning_once(std::string_view key, std::string_view text);

/// Sends whole lines (without the line end) to `receiver` instead of stderr; an empty function
/// restores stderr. For tests.
void set_log_receiver(std::function<void(std::string_view line)> receiver);

}  // namespace tutti::base

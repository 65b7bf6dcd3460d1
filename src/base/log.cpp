#include "base/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace tutti::base {
namespace {

const std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
std::atomic<int> log_rank{-1};

std::string_view short_name(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
      return "trace";
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::info:
      return "info";
    case spdlog::level::warn:
      return "warn";
    default:
      return "error";
  }
}

/// Writes "[tutti RANK SECONDS LEVEL]".
class Prefix : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& to) override {
    const int rank = log_rank.load(std::memory_order_relaxed);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const std::string rank_text = rank < 0 ? "-" : std::to_string(rank);
    fmt::format_to(std::back_inserter(to), "[tutti {} {:.3f} {}]", rank_text, seconds.count(),
                   short_name(message.level));
  }
  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<Prefix>();
  }
};

/// Hands lines to a function, or to stderr when there is none.
class ReceiverSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void set_receiver(std::function<void(std::string_view)> receiver) {
    const std::lock_guard<std::mutex> lock(mutex_);
    receiver_ = std::move(receiver);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (receiver_) {
      receiver_(std::string_view(line.data(), line.size()));
      return;
    }
    line.push_back('\n');
    // One call a line, so that the lines of several ranks do not mix.
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
  void flush_() override { std::fflush(stderr); }

 private:
  std::function<void(std::string_view)> receiver_;
};

struct Log {
  Log() : sink(std::make_shared<ReceiverSink>()), logger("tutti", sink) {
    auto formatter =
        std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc, "");
    formatter->add_flag<Prefix>('*').set_pattern("%* %v");
    logger.set_formatter(std::move(formatter));
    logger.set_level(spdlog::level::warn);
  }
  std::shared_ptr<ReceiverSink> sink;
  spdlog::logger logger;
  std::mutex mutex;
  std::set<std::string, std::less<>> keys;
};

Log& the_log() {
  // Never destroyed, so that destructors of static objects can still log.
  static Log* const log = new Log;
  return *log;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      return spdlog::level::off;
  }
  return spdlog::level::warn;
}

}  // namespace

void set_log_rank(int rank) noexcept { log_rank.store(rank, std::memory_order_relaxed); }

void set_log_level(LogLevel level) noexcept { the_log().logger.set_level(spdlog_level(level)); }

bool log_enabled(LogLevel level) noexcept {
  return level != LogLevel::off && the_log().logger.should_log(spdlog_level(level));
}

void log(LogLevel level, std::string_view text) {
  if (!log_enabled(level)) return;
  std::string lines;
  for (const char letter : text) {
    lines += letter;
    if (letter == '\n') lines += "    ";
  }
  the_log().logger.log(spdlog_level(level), spdlog::string_view_t(lines.data(), lines.size()));
}

void log_debug(std::string_view text) { log(LogLevel::debug, text); }
void log_info(std::string_view text) { log(LogLevel::info, text); }
void log_warning(std::string_view text) { log(LogLevel::warning, text); }
void log_error(std::string_view text) { log(LogLevel::error, text); }

bool log_warning_once(std::string_view key, std::string_view text) {
  {
    const std::lock_guard<std::mutex> lock(the_log().mutex);
    if (!the_log().keys.emplace(key).second) return false;
  }
  log_warning(text);
  return true;
}

void set_log_receiver(std::function<void(std::string_view line)> receiver) {
  the_log().sink->set_receiver(std::move(receiver));
}

}  // namespace tutti::base

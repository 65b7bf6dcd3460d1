#pragma once

/// SourceLocation: std::source_location for compilers that lack it (clang 14 with libstdc++).

namespace tutti {

/// Where in the program's text something is. As a default argument, `SourceLocation::current()` is
/// the place of the call.
class SourceLocation {
 public:
  static constexpr SourceLocation current(const char* file = __builtin_FILE(),
                                          const char* function = __builtin_FUNCTION(),
                                          unsigned line = __builtin_LINE()) noexcept {
    return {file, function, line};
  }
  constexpr const char* file_name() const noexcept { return file_; }
  constexpr const char* function_name() const noexcept { return function_; }
  constexpr unsigned line() const noexcept { return line_; }

 private:
  constexpr SourceLocation(const char* file, const char* function, unsigned line) noexcept
      : file_(file), function_(function), line_(line) {}

  const char* file_;
  const char* function_;
  unsigned line_;
};

}  // namespace tutti

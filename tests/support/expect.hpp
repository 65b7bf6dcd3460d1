#pragma once

/// Expectations of test programs that run on several ranks, where a test framework's main would be
/// in the way. Rank 0 expects; each failure prints its place, and exit_code() is 1 when there was
/// one.

#include "tutti/source_location.hpp"
#include "tutti/tutti.hpp"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>

namespace tutti_test {

inline std::atomic<int> failures{0};

inline void fail(const std::string& what, tutti::SourceLocation where) {
  ++failures;
  // One piece, so that lines of several threads stay whole.
  std::cout << std::string(where.file_name()) + ":" + std::to_string(where.line()) + ": FAILED " +
                   what + "\n"
            << std::flush;
}

inline void expect(bool condition, tutti::SourceLocation where = tutti::SourceLocation::current()) {
  if (!condition) fail("expectation", where);
}

template <class A, class B>
void expect_equal(const A& a, const B& b,
                  tutti::SourceLocation where = tutti::SourceLocation::current()) {
  if (a == b) return;
  if constexpr (requires { std::cout << a << b; }) {
    std::cout << "  " << a << " is not " << b << "\n";
  }
  fail("equality", where);
}

/// `call` must throw an `Exception` whose text contains `words`. Gives the text.
template <class Exception, class Call>
std::string expect_throws(Call&& call, std::string_view words = {},
                          tutti::SourceLocation where = tutti::SourceLocation::current()) {
  try {
    call();
  } catch (const Exception& exception) {
    const std::string text = exception.what();
    if (text.find(words) == std::string::npos)
      fail("'" + std::string(words) + "' is not in: " + text, where);
    return text;
  } catch (const std::exception& exception) {
    fail(std::string("another exception: ") + exception.what(), where);
    return {};
  }
  fail("nothing was thrown", where);
  return {};
}

/// Under a wrong launcher each process would be a world of one, and tests would pass in silence.
inline void expect_ranks(const tutti::Client& client,
                         tutti::SourceLocation where = tutti::SourceLocation::current()) {
  const char* ranks = std::getenv("TUTTI_TEST_RANKS");
  if (ranks != nullptr) expect_equal(std::atoi(ranks), client.ranks(), where);
}

inline bool is_serial() { return std::getenv("TUTTI_SERIAL") != nullptr; }

inline int exit_code() {
  if (failures == 0) std::cout << "all expectations hold" << std::endl;
  return failures == 0 ? 0 : 1;
}

/// A file that appears when open() is called: tasks on any rank of this machine wait for it, so
/// that a test decides when they end.
class Gate {
 public:
  Gate() {
    static std::atomic<int> number{0};
    path_ = (std::filesystem::temp_directory_path() /
             ("tutti_gate_" + std::to_string(::getpid()) + "_" + std::to_string(++number)))
                .string();
    std::filesystem::remove(path_);
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { std::filesystem::remove(path_); }

  void open() const { std::ofstream(path_) << "open\n"; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// For tasks: returns `value` once the gate is open.
inline int pass_gate(const std::string& path, int value) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(50);
  while (!std::filesystem::exists(path)) {
    if (std::chrono::steady_clock::now() > end)
      throw std::runtime_error("the gate " + path + " was never opened");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return value;
}

}  // namespace tutti_test

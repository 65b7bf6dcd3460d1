#pragma once

/// What the tests of files share: a directory, sentences of errors, and the tools of others.

#include "support/temporary_directory.hpp"

#include <array>
#include <cstdio>
#include <string>

namespace tutti::hdf5::test {

using testing::contains;
using testing::sentence_of;
using testing::TemporaryDirectory;

/// What a command prints; empty when it fails or is not installed.
inline std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 4096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
    text.append(buffer.data(), size);
  return ::pclose(pipe) == 0 ? text : "";
}

inline bool is_installed(const std::string& command) {
  return !output_of("command -v " + command).empty();
}

}  // namespace tutti::hdf5::test

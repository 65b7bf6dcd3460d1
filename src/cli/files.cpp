#include "cli/files.hpp"

#include "tutti/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <sys/vfs.h>
#include <unistd.h>

namespace tutti::cli {
namespace {

[[noreturn]] void io_error(const std::string& what, const std::filesystem::path& path) {
  throw Error(ErrorCode::io, what + " '" + path.string() + "': " + std::strerror(errno));
}

bool is_name_character(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '_';
}

std::string value_of(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

}  // namespace

std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    io_error("cannot read", path);
  }
  std::ostringstream content;
  content << stream.rdbuf();
  if (stream.bad()) io_error("cannot read", path);
  return content.str();
}

void replace_file(const std::filesystem::path& path, const std::string& content) {
  const std::filesystem::path fresh = path.string() + ".new";
  std::ofstream stream(fresh, std::ios::binary | std::ios::trunc);
  stream << content;
  stream.close();
  if (!stream) io_error("cannot write", fresh);
  if (std::rename(fresh.c_str(), path.c_str()) != 0) io_error("cannot write", path);
}

std::string with_variables(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const bool braces = text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{';
    const std::size_t begin = i + (braces ? 2 : 1);
    std::size_t end = begin;
    while (text[i] == '$' && end < text.size() && is_name_character(text[end])) ++end;
    const bool closed = !braces || (end < text.size() && text[end] == '}');
    if (text[i] != '$' || end == begin || !closed) {
      result += text[i++];
      continue;
    }
    result += value_of(text.substr(begin, end - begin));
    i = end + (braces ? 1 : 0);
  }
  return result;
}

std::vector<std::string> environment_entries() {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    entries.emplace_back(*entry);
  return entries;
}

std::string not_shared(std::string_view what, const std::filesystem::path& path) {
  struct FileSystem {
    std::uint32_t magic;
    std::string_view name;
  };
  // Those that live in one machine: memory, local disks, layers of a container.
  static constexpr std::array<FileSystem, 6> local{{{0x01021994, "tmpfs"},
                                                    {0x858458f6, "ramfs"},
                                                    {0xef53, "ext"},
                                                    {0x58465342, "xfs"},
                                                    {0x9123683e, "btrfs"},
                                                    {0x794c7630, "overlay"}}};
  struct statfs status {};
  if (::statfs(path.c_str(), &status) != 0) return "";
  const auto magic = static_cast<std::uint32_t>(status.f_type);
  const auto found = std::find_if(local.begin(), local.end(),
                                  [magic](const FileSystem& each) { return each.magic == magic; });
  if (found == local.end()) return "";
  return std::string(what) + " '" + path.string() + "' lies on a file system of this machine (" +
         std::string(found->name) +
         "): other nodes may not see it, so put it on storage that all nodes share";
}

}  // namespace tutti::cli

#include "cli/helper.hpp"

#include "cli/process.hpp"

#include <filesystem>

namespace tutti::cli {

std::optional<std::string> find_helper(const std::string& name) {
  std::error_code ignored;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const std::filesystem::path folder = self.parent_path();
  const std::optional<std::string> near = find_program((folder / name).string());
  return near ? near : find_program((folder.parent_path() / "libexec/tutti" / name).string());
}

}  // namespace tutti::cli

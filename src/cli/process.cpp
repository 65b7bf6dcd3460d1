#include "cli/process.hpp"

#include "tutti/error.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <spawn.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tutti::cli {
namespace {

[[noreturn]] void cannot_start(const std::string& program, int error) {
  throw Error(ErrorCode::io, "cannot start '" + program + "': " + std::strerror(error));
}

bool can_be_run(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  // The C interfaces promise not to change them.
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// A pipe whose ends are closed with it, and not inherited.
class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0)
      throw Error(ErrorCode::io, std::string("cannot make a pipe: ") + std::strerror(errno));
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reading() const { return ends_[0]; }
  int writing() const { return ends_[1]; }
  void close_end(std::size_t end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

/// Reads both until the other side has closed them.
void read_both(Pipe& output, Pipe& messages, ProcessEnd& end) {
  std::array<pollfd, 2> waiting{{{output.reading(), POLLIN, 0}, {messages.reading(), POLLIN, 0}}};
  std::array<std::string*, 2> texts{&end.output, &end.messages};
  while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
      std::array<char, 4096> piece{};
      const ssize_t count = ::read(waiting[i].fd, piece.data(), piece.size());
      if (count > 0) {
        texts[i]->append(piece.data(), static_cast<std::size_t>(count));
      } else if (count == 0 || errno != EINTR) {
        waiting[i].fd = -1;
      }
    }
  }
}

int code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

std::optional<std::string> find_program(std::string_view name) {
  const std::string program(name);
  if (program.find('/') != std::string::npos)
    return can_be_run(program) ? std::optional(program) : std::nullopt;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string candidate = (folder.empty() ? "." : folder) + "/" + program;
    if (!program.empty() && can_be_run(candidate)) return candidate;
  }
  return std::nullopt;
}

std::optional<std::string> find_part(std::string_view name) {
  std::error_code ignored;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const std::filesystem::path folder = self.parent_path();
  const std::optional<std::string> near = find_program((folder / name).string());
  return near ? near : find_program((folder.parent_path() / "libexec/tutti" / name).string());
}

ProcessEnd run_process(const std::vector<std::string>& arguments) {
  Pipe output;
  Pipe messages;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output.writing(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, messages.writing(), STDERR_FILENO);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, arguments.at(0).c_str(), &actions, nullptr,
                                   pointers_to(arguments).data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) cannot_start(arguments[0], error);
  output.close_end(1);
  messages.close_end(1);
  ProcessEnd end;
  read_both(output, messages, end);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  end.code = code_of(status);
  return end;
}

void become(const std::vector<std::string>& arguments,
            const std::map<std::string, std::string>& variables) {
  for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  ::execvp(arguments.at(0).c_str(), pointers_to(arguments).data());
  cannot_start(arguments[0], errno);
}

}  // namespace tutti::cli

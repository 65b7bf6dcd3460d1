#include "farm/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

namespace tutti::farm {
namespace {

/// What all processes have in common, made once.
class Attributes {
 public:
  Attributes() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t all;
    sigset_t none;
    ::sigfillset(&all);
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

/// What is done with files between the start of a process and its program.
class FileActions {
 public:
  explicit FileActions(const SpawnRequest& request) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (request.output >= 0)
      ::posix_spawn_file_actions_adddup2(&actions_, request.output, STDOUT_FILENO);
    if (request.messages >= 0)
      ::posix_spawn_file_actions_adddup2(&actions_, request.messages, STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
  }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

void add_pointers(std::vector<char*>& pointers, const std::vector<std::string>& texts) {
  // The C interfaces promise not to change them.
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
}

}  // namespace

pid_t spawn(const SpawnRequest& request) {
  static const Attributes attributes;
  const FileActions actions(request);
  std::vector<char*> arguments;
  add_pointers(arguments, request.arguments);
  arguments.push_back(nullptr);
  std::vector<char*> environment;
  environment.reserve(request.environment.size() + request.more_environment.size() + 1);
  add_pointers(environment, request.environment);
  add_pointers(environment, request.more_environment);
  environment.push_back(nullptr);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, request.arguments.at(0).c_str(), actions.get(),
                                   attributes.get(), arguments.data(), environment.data());
  return error == 0 ? pid : -error;
}

std::vector<std::string> environment_entries() {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    entries.emplace_back(*entry);
  return entries;
}

}  // namespace tutti::farm

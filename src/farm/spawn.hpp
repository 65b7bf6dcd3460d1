#pragma once

/// spawn(): a process without a copy of this one. posix_spawn shares the memory until the new
/// program begins, so that a rank which holds much memory starts commands as fast as an empty one.

#include <string>
#include <sys/types.h>
#include <vector>

namespace tutti::farm {

struct SpawnRequest {
  std::vector<std::string> arguments = {};  ///< the first is the program, found by PATH
  int output = -1;                          ///< standard output; -1: that of this process
  int messages = -1;                        ///< standard error, the same
  const std::vector<std::string>& environment;
  std::vector<std::string> more_environment = {};
};

/// The process leads a group of its own, reads nothing, has the usual reactions to signals, and
/// inherits no other file. Gives its number, or an error of errno, negative. Any thread may call
/// it.
pid_t spawn(const SpawnRequest& request);

/// The environment of this process as NAME=value.
std::vector<std::string> environment_entries();

}  // namespace tutti::farm

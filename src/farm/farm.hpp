#pragma once

/// Farm: runs a list of commands on all ranks and tells how they ended.

#include "farm/halt_rule.hpp"
#include "farm/joblog.hpp"
#include "farm/runner.hpp"
#include "tutti/client.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tutti::farm {

struct FarmRequest {
  std::vector<std::string> commands = {};
  std::string joblog = {};  ///< empty: none
  Resume resume = Resume::no;
  HaltRule halt = {};
  std::uint32_t tries = 1;  ///< of a command that fails, in all
  bool keep_order = false;  ///< output is printed in the order of the list
  bool quiet = false;       ///< no progress, no summary
};

/// What the ranks of this process run commands with; set before the run begins, see Runner.
void set_runner(Runner* runner);

/// Runs on rank 0. Prints the output of commands, progress, and at the end a summary. Gives the
/// exit code of the program, see farm_exit_code(). Throws Error (io, bad_argument, corrupt_data).
int run_farm(Client& client, const FarmRequest& request);

}  // namespace tutti::farm

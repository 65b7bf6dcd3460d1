#pragma once

/// When a farm stops early (`--halt`), and with which exit code it ends.

#include <cstdint>
#include <string>
#include <string_view>

namespace tutti::farm {

/// Commands by how they ended.
struct FarmCounts {
  std::uint64_t total = 0;  ///< to be run
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;

  std::uint64_t done() const { return succeeded + failed; }
};

class HaltRule {
 public:
  enum class When {
    never,
    soon,  ///< what runs may end
    now,   ///< what runs is ended
  };

  /// Never.
  HaltRule() = default;
  /// "never", "soon,fail=1", "now,success=3", "now,done=50", "soon,fail=20%", and 0, 1 and 2 for
  /// never, "soon,fail=1" and "now,fail=1". Throws Error (bad_argument).
  explicit HaltRule(std::string_view text);

  /// Whether to stop, and how. A share is one of all commands, and at least 3 of them.
  When look(const FarmCounts& counts) const;

 private:
  enum class What { fail, success, done };
  When when_ = When::never;
  What what_ = What::fail;
  std::uint64_t count_ = 1;
  double share_ = 0;  ///< in place of a count when above 0
};

/// Why a farm ended.
enum class FarmEnd {
  complete,     ///< all commands have run, or the rule said stop
  interrupted,  ///< a signal, or the end of the job, came before
};

/// The number of failures, and 101 for more than 100. 75 tells a batch script to run the farm
/// again, so it stands for interrupted alone; 75 failures give 76. A farm that SIGTERM or SIGINT
/// has interrupted gives 128 and the number of the `signal`, as who has cancelled a job does not
/// want it back.
int farm_exit_code(FarmEnd end, std::uint64_t failures, int signal = 0);

}  // namespace tutti::farm

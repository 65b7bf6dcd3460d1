#pragma once

/// Watchdog: notices that work is left which nobody does.
///
/// Pure: it is told the time, how many transitions there were, and what workers answer. When
/// nothing has changed for long although work is left, all workers are asked what they run; tasks
/// may take as long as they like. Nothing twice in a row is a mistake of ours, and waiting would
/// only burn the job's time.

#include <cstdint>

namespace tutti::scheduler {

class Watchdog {
 public:
  enum class Verdict : std::uint8_t {
    fine,
    ask,    ///< ask every worker, with the number round()
    stuck,  ///< end the job
  };

  /// 0: never stuck.
  explicit Watchdog(std::uint64_t limit_ns) : limit_ns_(limit_ns) {}

  /// `transitions` is any number that grows with each; `workers` answer when they are asked.
  Verdict look(std::uint64_t now_ns, std::uint64_t transitions, bool work_left,
               std::uint32_t workers) {
    if (limit_ns_ == 0) return Verdict::fine;
    if (!work_left || transitions != transitions_) {
      transitions_ = transitions;
      start_again(now_ns);
      return Verdict::fine;
    }
    if (now_ns - since_ns_ < limit_ns_) return Verdict::fine;
    if (!asking_) return ask();
    // Who does not answer may be stopped, or paged out; that is not for us to end.
    if (answers_ < workers) return Verdict::fine;
    asking_ = false;
    if (anybody_runs_) {
      start_again(now_ns);
      return Verdict::fine;
    }
    return ++quiet_rounds_ < 2 ? ask() : Verdict::stuck;
  }
  void on_answer(std::uint32_t round, bool runs_something) {
    if (!asking_ || round != round_) return;
    ++answers_;
    anybody_runs_ |= runs_something;
  }
  std::uint32_t round() const { return round_; }
  std::uint64_t quiet_since_ns() const { return since_ns_; }

 private:
  void start_again(std::uint64_t now_ns) {
    since_ns_ = now_ns;
    asking_ = false;
    quiet_rounds_ = 0;
  }
  Verdict ask() {
    asking_ = true;
    ++round_;
    answers_ = 0;
    anybody_runs_ = false;
    return Verdict::ask;
  }

  std::uint64_t limit_ns_;
  std::uint64_t since_ns_ = 0;
  std::uint64_t transitions_ = 0;
  std::uint32_t round_ = 0;
  std::uint32_t answers_ = 0;
  std::uint32_t quiet_rounds_ = 0;
  bool asking_ = false;
  bool anybody_runs_ = false;
};

}  // namespace tutti::scheduler

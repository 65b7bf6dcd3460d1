#include "runtime/job_limit.hpp"

#include "jobs/quantities.hpp"
#include "jobs/queue_text.hpp"
#include "tutti/error.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tutti::runtime {
namespace {

/// Runs that are shorter do not trouble the batch system.
constexpr std::chrono::seconds ask_after{2};

std::optional<std::string> value_of(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  if (found == environment.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

/// $SLURM_JOB_END_TIME, in seconds since 1970.
std::optional<std::chrono::seconds> left_by_variable(const Environment& environment) {
  const std::optional<std::string> text = value_of(environment, "SLURM_JOB_END_TIME");
  std::int64_t end_s = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), end_s).ec != std::errc{})
    return std::nullopt;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::seconds(end_s) - std::chrono::duration_cast<std::chrono::seconds>(now);
}

}  // namespace

JobLimit::JobLimit(const Options& options, const Environment& environment)
    : ask_at_(Clock::now() + ask_after) {
  if (options.walltime_s != 0) {
    end_ = Clock::now() + std::chrono::seconds(options.walltime_s);
  } else if (const auto left = left_by_variable(environment)) {
    end_ = Clock::now() + *left;
  } else if (const auto slurm = value_of(environment, "SLURM_JOB_ID")) {
    question_ = jobs::slurm_queue_command();
    question_.push_back("--jobs=" + *slurm);
    of_slurm_ = true;
  } else if (const auto pbs = value_of(environment, "PBS_JOBID")) {
    question_ = {"qstat", "-f", *pbs};
  }
}

JobLimit::~JobLimit() {
  if (answers_ >= 0) ::close(answers_);
  if (asked_ > 0) {
    ::kill(asked_, SIGKILL);
    ::waitpid(asked_, nullptr, 0);
  }
}

std::optional<JobLimit::Clock::time_point> JobLimit::end() {
  if (answers_ >= 0) {
    read_answer();
  } else if (!question_.empty() && Clock::now() >= ask_at_) {
    ask();
  }
  return end_;
}

void JobLimit::ask() {
  std::array<int, 2> pipe{-1, -1};
  if (::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) return question_.clear();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  std::vector<char*> arguments;
  // posix_spawn promises not to change them.
  for (const std::string& word : question_) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int error =
      ::posix_spawnp(&asked_, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  answers_ = pipe[0];
  question_.clear();
  // Without the command on this node there is nobody to ask; warnings by a signal still count.
  if (error != 0) asked_ = 0;
}

void JobLimit::read_answer() {
  std::array<char, 4096> piece{};
  ssize_t count = 0;
  while ((count = ::read(answers_, piece.data(), piece.size())) > 0)
    answer_.append(piece.data(), static_cast<std::size_t>(count));
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  ::close(answers_);
  answers_ = -1;
  if (asked_ > 0) ::waitpid(asked_, nullptr, 0);
  asked_ = 0;
  const auto jobs = of_slurm_ ? jobs::slurm_queue(answer_) : jobs::pbs_queue(answer_);
  if (jobs.empty()) return;
  if (const auto left = seconds_left(jobs.front().time_left)) end_ = Clock::now() + *left;
}

std::optional<std::chrono::seconds> JobLimit::seconds_left(const std::string& text) {
  if (text == "0:00" || text == "00:00:00") return std::chrono::seconds(0);
  try {
    return std::chrono::seconds(jobs::walltime_seconds("the time that is left", text));
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace tutti::runtime

#include "farm/runner.hpp"

#include "farm/command_text.hpp"
#include "farm/interruption.hpp"
#include "farm/spawn.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace tutti::farm {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void io_error(const std::string& what) {
  throw Error(ErrorCode::io, what + ": " + std::strerror(errno));
}

/// A file descriptor that is closed with it.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_ = -1;
};

Descriptor made_file(const std::string& path) {
  const int number =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  if (number < 0) io_error("cannot make the file '" + path + "' for the output of a command");
  return Descriptor(number);
}

/// A file in memory, so that a command never waits for a reader.
Descriptor memory_file() {
  const int number = ::memfd_create("tutti-farm-output", MFD_CLOEXEC);
  if (number < 0) io_error("cannot make a file in memory for the output of a command");
  return Descriptor(number);
}

std::uint64_t size_of(const Descriptor& file) {
  struct stat status {};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0) return 0;
  return static_cast<std::uint64_t>(status.st_size);
}

std::string content_of(const Descriptor& file) {
  std::string content(size_of(file), '\0');
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t count = ::pread(file.number(), content.data() + done, content.size() - done,
                                  static_cast<off_t>(done));
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  content.resize(done);
  return content;
}

int milliseconds_until(Clock::time_point time) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

}  // namespace

/// Where one command's output goes; without a number it is that of the rank.
struct Runner::Files {
  Descriptor output;
  Descriptor messages;  ///< none: the same as output
  bool together = false;
};

Runner::Runner(RunnerSettings settings)
    : settings_(std::move(settings)),
      environment_(command_environment(environment_entries(), settings_.cores)) {}

Runner::Files Runner::open_files(const CommandSpec& command) const {
  const std::string base = settings_.directory + "/" + std::to_string(command.number);
  Files files;
  switch (settings_.output_to) {
    case OutputTo::client:
      files.output = memory_file();
      files.messages = memory_file();
      break;
    case OutputTo::rank:
      break;
    case OutputTo::result_files:
      if (::mkdir(base.c_str(), 0777) != 0 && errno != EEXIST)
        io_error("cannot make the folder '" + base + "' for the results of a command");
      files.output = made_file(base + "/stdout");
      files.messages = made_file(base + "/stderr");
      break;
    case OutputTo::log_files:
      files.output = made_file(base + ".log");
      files.together = true;
      break;
  }
  return files;
}

pid_t Runner::start(const CommandSpec& command, const Files& files, std::size_t slot) const {
  SpawnRequest request{.output = files.output.number(),
                       .messages = files.together ? files.output.number() : files.messages.number(),
                       .environment = environment_,
                       .more_environment = {"TUTTI_TASK_ID=" + std::to_string(command.number),
                                            "TUTTI_TASK_SLOT=" + std::to_string(slot + 1)}};
  if (const auto words = plain_words(command.line)) {
    request.arguments = *words;
    // What is no program may be a command of the shell, or a mistake that the shell explains.
    if (const pid_t pid = spawn(request); pid > 0) return pid;
  }
  request.arguments = {settings_.shell, "-c", command.line};
  const pid_t pid = spawn(request);
  if (pid < 0) {
    errno = -pid;
    io_error("cannot start '" + settings_.shell + "' for a command");
  }
  return pid;
}

/// Until the command is over and can be waited for.
void Runner::await(pid_t pid, CommandEnd& end) const {
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (process.number() < 0) io_error("cannot watch a command");
  std::array<pollfd, 2> waiting{
      {{process.number(), POLLIN, 0}, {interruption_descriptor(), POLLIN, 0}}};
  std::optional<Clock::time_point> deadline;
  if (settings_.timeout) deadline = Clock::now() + *settings_.timeout;
  bool told = false;
  for (;;) {
    const int limit_ms = deadline ? milliseconds_until(*deadline) : -1;
    if (::poll(waiting.data(), waiting.size(), limit_ms) < 0 && errno != EINTR)
      io_error("cannot wait for a command");
    if (waiting[0].revents != 0) break;
    const bool interrupted = waiting[1].revents != 0;
    const bool late = deadline && Clock::now() >= *deadline;
    if (!interrupted && !late) continue;
    if (told && late) {
      ::kill(-pid, SIGKILL);
      deadline.reset();
      continue;
    }
    (interrupted ? end.interrupted : end.timed_out) = true;
    ::kill(-pid, SIGTERM);
    told = true;
    waiting[1].fd = -1;
    waiting[1].revents = 0;
    deadline = Clock::now() + settings_.time_to_end;
  }
  // What the command has started goes with it. Its number is not given away before it was waited
  // for.
  if (told) ::kill(-pid, SIGKILL);
}

CommandEnd Runner::run(const CommandSpec& command) {
  CommandEnd end;
  end.start_s =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  if (interruption() != 0) {
    end.interrupted = true;
    return end;
  }
  const Clock::time_point start_time = Clock::now();
  const Files files = open_files(command);
  Guard::Slot slot(guard_);
  const pid_t pid = start(command, files, slot.number());
  slot.set(pid);
  await(pid, end);
  slot.set(0);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  end.run_s = std::chrono::duration<double>(Clock::now() - start_time).count();
  end.exit_value = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  // A command that answers TERM with success was not done all the same.
  if (end.timed_out && end.exit_value == 0 && end.signal == 0) end.signal = SIGTERM;
  end.output_bytes = size_of(files.output);
  if (settings_.output_to == OutputTo::client) {
    end.output = content_of(files.output);
    end.messages = content_of(files.messages);
  }
  return end;
}

}  // namespace tutti::farm

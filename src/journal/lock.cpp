#include "journal/lock.hpp"

#include "tutti/error.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>
#include <utility>

namespace tutti::journal {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string contents_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string first_line_of(const std::filesystem::path& path) {
  const std::string text = contents_of(path);
  return text.substr(0, text.find('\n'));
}

std::string describe(const Holder& holder) {
  std::string text = "process " + std::to_string(holder.process) + " on " + holder.host;
  if (!holder.job.empty()) text += " (job " + holder.job + ")";
  return text + " since " + holder.since;
}

std::string now_as_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace

std::string text_of(const Holder& holder) {
  std::ostringstream text;
  text << "host " << holder.host << "\nboot " << holder.boot << "\nprocess " << holder.process
       << "\nstart " << holder.start << "\njob " << holder.job << "\nrestart " << holder.restart
       << "\nsince " << holder.since << "\n";
  return text.str();
}

Holder holder_of(std::string_view text) {
  Holder holder;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) continue;
    const std::string key = line.substr(0, space);
    const std::string value = line.substr(space + 1);
    if (key == "host") holder.host = value;
    if (key == "boot") holder.boot = value;
    if (key == "process") holder.process = std::strtoll(value.c_str(), nullptr, 10);
    if (key == "start") holder.start = std::strtoull(value.c_str(), nullptr, 10);
    if (key == "job") holder.job = value;
    if (key == "restart") holder.restart = value;
    if (key == "since") holder.since = value;
  }
  return holder;
}

Holder this_process() {
  Holder holder;
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  holder.host = host.data();
  holder.boot = first_line_of("/proc/sys/kernel/random/boot_id");
  holder.process = ::getpid();
  holder.start = start_of(holder.process);
  holder.job = variable("SLURM_JOB_ID");
  holder.restart = variable("SLURM_RESTART_COUNT");
  if (holder.job.empty()) holder.job = variable("PBS_JOBID");
  holder.since = now_as_text();
  return holder;
}

LockState judge(const Holder& holder, const Holder& self, std::uint64_t start_of_process) noexcept {
  if (holder.host.empty() || holder.process == 0) return LockState::unknown;
  if (holder.host == self.host) {
    // Containers may share a host's name but not its boot, and a host that began anew runs nothing
    // of before.
    if (holder.boot != self.boot) return LockState::free_to_take;
    if (start_of_process == 0) return LockState::free_to_take;
    const bool same = holder.start == 0 || holder.start == start_of_process;
    return same ? LockState::held : LockState::free_to_take;
  }
  // A batch system begins a job again only when the last run of it has ended.
  const bool same_job = !holder.job.empty() && holder.job == self.job;
  if (same_job && holder.restart != self.restart) return LockState::free_to_take;
  return LockState::unknown;
}

std::uint64_t start_of(std::int64_t process) {
  const std::string text = contents_of("/proc/" + std::to_string(process) + "/stat");
  // The name of the program stands in brackets, and may hold anything.
  const std::size_t bracket = text.rfind(')');
  if (bracket == std::string::npos) return 0;
  std::istringstream fields(text.substr(bracket + 1));
  std::string state;
  fields >> state;
  // One that has ended and that nobody has asked about holds nothing.
  if (state == "Z" || state == "X") return 0;
  std::string skipped;
  for (int field = 4; field < 22; ++field) fields >> skipped;
  std::uint64_t start = 0;
  fields >> start;
  return start;
}

Lock::Lock(std::filesystem::path path) : path_(std::move(path)), text_(text_of(this_process())) {
  if (create(text_)) return;
  const std::string found = contents_of(path_);
  const Holder holder = holder_of(found);
  const LockState state = judge(holder, holder_of(text_), start_of(holder.process));
  if (state == LockState::held) {
    throw Error(ErrorCode::io, "the journal '" + path_.parent_path().string() + "' is written by " +
                                   describe(holder) + "; wait for its end, or use another journal");
  }
  if (state == LockState::unknown) {
    throw Error(ErrorCode::io,
                "the journal '" + path_.parent_path().string() + "' is locked by " +
                    (holder.host.empty() ? "somebody unknown" : describe(holder)) +
                    ", of which this host cannot tell whether it still runs; when it does not, "
                    "remove the file '" +
                    path_.string() + "'");
  }
  // Only one of several that come to the same end moves this file away; whoever moved another one
  // puts it back.
  std::filesystem::path old = path_;
  old += ".left-" + std::to_string(::getpid());
  const bool moved = ::rename(path_.c_str(), old.c_str()) == 0;
  const bool was_it = moved && contents_of(old) == found;
  if (moved && !was_it) (void)::link(old.c_str(), path_.c_str());
  if (moved) (void)::unlink(old.c_str());
  if (!was_it || !create(text_)) {
    throw Error(ErrorCode::io, "the journal '" + path_.parent_path().string() +
                                   "' was taken by another process at this moment; use another "
                                   "journal, or wait for its end");
  }
  takeover_ = "the journal '" + path_.parent_path().string() + "' was left locked by " +
              describe(holder) + ", which is gone; it goes on here";
}

Lock::~Lock() {
  // Not that of somebody else, who removed this one.
  if (contents_of(path_) == text_) (void)::unlink(path_.c_str());
}

/// Whole from the beginning: written under another name and linked, which fails when there is one.
bool Lock::create(const std::string& text) const {
  std::filesystem::path own = path_;
  own += ".new-" + std::to_string(::getpid());
  (void)::unlink(own.c_str());
  const int file = ::open(own.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  const bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int problem = errno;
  if (file >= 0) ::close(file);
  if (!written) {
    (void)::unlink(own.c_str());
    throw Error(ErrorCode::io,
                "could not lock the journal: '" + path_.string() + "': " + std::strerror(problem));
  }
  bool made = ::link(own.c_str(), path_.c_str()) == 0;
  if (!made && errno != EEXIST) {
    // A file system without links: made in place, and whole a moment later.
    const int place = ::open(path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    made =
        place >= 0 && ::write(place, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (place >= 0) ::close(place);
  }
  (void)::unlink(own.c_str());
  return made;
}

}  // namespace tutti::journal

#include "runtime/job_files.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace tutti::runtime {
namespace {

constexpr std::chrono::seconds time_between_looks{1};

/// Reasons are our own sentences; quotes come with what launchers are called at the most.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') result += '\\';
    result += static_cast<unsigned char>(letter) < ' ' ? ' ' : letter;
  }
  return result + "\"";
}

/// Whether it is a file that the user of this process has made.
bool is_request(const std::filesystem::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         status.st_uid == ::geteuid();
}

bool write_whole(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return false;
  const bool whole = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  return ::close(file) == 0 && whole;
}

}  // namespace

std::string status_text(const JobProgress& progress, const std::vector<transport::Place>& places,
                        std::int64_t now_s) {
  const scheduler::Counts& counts = progress.snapshot.counts;
  std::string workers;
  for (const scheduler::WorkerSnapshot& worker : progress.snapshot.workers) {
    workers += fmt::format(
        "{}\n    {{\"rank\": {}, \"host\": {}, \"slots\": {}, \"outstanding\": {}, "
        "\"memory_bytes\": {}, \"memory_limit_bytes\": {}, \"spilled_bytes\": {}, \"paused\": {}, "
        "\"parked\": {}}}",
        workers.empty() ? "" : ",", worker.rank,
        quoted(places.at(static_cast<std::size_t>(worker.rank)).host), worker.slots,
        worker.outstanding, worker.memory.process_bytes, worker.memory_limit_bytes,
        worker.memory.spilled_bytes, worker.memory.paused, worker.parked);
  }
  return fmt::format(
      "{{\n  \"version\": 1,\n  \"time\": {},\n  \"seconds\": {:.1f},\n  \"done\": {},\n"
      "  \"left\": {},\n  \"outstanding\": {},\n  \"ending\": {},\n  \"over\": {},\n"
      "  \"workers\": [{}]\n}}\n",
      now_s, progress.seconds, counts.tasks_done, progress.tasks_left, counts.outstanding,
      quoted(progress.ending), progress.over, workers);
}

void JobFiles::write_status(const std::string& text) {
  next_ = Clock::now() + time_between_looks;
  if (directory_.empty()) return;
  const std::string path = (directory_ / "status.json").string();
  const std::string fresh = path + ".new";
  if (write_whole(fresh, text) && std::rename(fresh.c_str(), path.c_str()) == 0) return;
  if (warned_) return;
  warned_ = true;
  base::log_warning("cannot write '" + path + "' (" + std::strerror(errno) +
                    "): `tutti status` will not know how far the run is");
}

bool JobFiles::is_stop_requested() const { return is_request(directory_ / "stop"); }

std::string JobFiles::take_request(const std::string& name) const {
  constexpr std::size_t bytes_max = 64;
  const std::filesystem::path path = directory_ / name;
  if (directory_.empty() || !is_request(path)) return "";
  std::string text(bytes_max, '\0');
  std::ifstream file(path);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  std::error_code error;
  std::filesystem::remove(path, error);
  return text;
}

}  // namespace tutti::runtime

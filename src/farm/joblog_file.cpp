#include "farm/joblog_file.hpp"

#include "tutti/error.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace tutti::farm {
namespace {

[[noreturn]] void io_error(const std::string& what, const std::string& path) {
  throw Error(ErrorCode::io, what + " the joblog '" + path + "': " + std::strerror(errno));
}

std::string read_all(int file, const std::string& path) {
  std::string text;
  std::array<char, 65536> piece{};
  for (;;) {
    const ssize_t count = ::read(file, piece.data(), piece.size());
    if (count < 0) io_error("cannot read", path);
    if (count == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

JoblogFile::JoblogFile(const std::string& path, Resume resume) : path_(path) {
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file_ < 0) io_error("cannot open", path);
  // File systems without locks are no reason to refuse.
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    throw Error(ErrorCode::io, "another farm writes the joblog '" + path +
                                   "': wait for its end, or give this one its own");
  std::string text;
  if (resume != Resume::no) text = read_all(file_, path);
  entries_ = joblog_entries(text);
  // A line that was cut off when the farm before ended is no line.
  if (::ftruncate(file_, static_cast<off_t>(whole_lines(text))) != 0) io_error("cannot cut", path);
  if (whole_lines(text) == 0) write(joblog_header);
}

JoblogFile::~JoblogFile() {
  if (file_ >= 0) ::close(file_);
}

void JoblogFile::add(const JoblogEntry& entry) {
  if (file_ >= 0) write(joblog_line(entry));
}

void JoblogFile::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file_, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) io_error("cannot write", path_);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace tutti::farm

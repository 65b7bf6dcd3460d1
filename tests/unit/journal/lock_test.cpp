#include "journal/lock.hpp"

#include "scratch.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <sys/wait.h>
#include <unistd.h>

using namespace tutti::journal;
using test::contains;
using test::Scratch;
using test::sentence_of;

namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
}
std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

const Holder self{"here", "boot", 10, 100, "7", "0", "now"};

}  // namespace

TEST_CASE("a lock says who holds it, and reads as it was written") {
  CHECK(holder_of(text_of(self)) == self);
  CHECK(holder_of("") == Holder{});
  CHECK(holder_of("process x\nhost\n\n").process == 0);
}

TEST_CASE("whether a lock can be taken depends on host, boot, process and job") {
  CHECK(judge({"here", "boot", 5, 50, "", "", ""}, self, 50) == LockState::held);
  CHECK(judge({"here", "boot", 5, 50, "", "", ""}, self, 0) == LockState::free_to_take);
  CHECK(judge({"here", "boot", 5, 50, "", "", ""}, self, 60) == LockState::free_to_take);
  CHECK(judge({"here", "other", 5, 50, "", "", ""}, self, 50) == LockState::free_to_take);
  CHECK(judge({"there", "boot", 5, 50, "", "", ""}, self, 0) == LockState::unknown);
  CHECK(judge({"there", "x", 5, 50, "8", "", ""}, self, 0) == LockState::unknown);
  // The same job, which the batch system began again on another host.
  CHECK(judge({"there", "x", 5, 50, "7", "", ""}, self, 0) == LockState::free_to_take);
  CHECK(judge({"there", "x", 5, 50, "7", "0", ""}, self, 0) == LockState::unknown);
  CHECK(judge({}, self, 0) == LockState::unknown);
}

TEST_CASE("only one holds a lock, and its end frees it") {
  const Scratch scratch;
  {
    const Lock lock(scratch / "lock");
    CHECK(lock.takeover().empty());
    CHECK(holder_of(read(scratch / "lock")).process == ::getpid());
    const std::string sentence = sentence_of([&] { const Lock second(scratch / "lock"); });
    CHECK(contains(sentence, "is written by process " + std::to_string(::getpid())));
    CHECK(contains(sentence, "wait for its end, or use another journal"));
  }
  CHECK(!std::filesystem::exists(scratch / "lock"));
  const Lock again(scratch / "lock");
}

TEST_CASE("the lock of a process that is gone is taken over, with a sentence") {
  const Scratch scratch;
  const pid_t child = ::fork();
  if (child == 0) {
    auto* const kept = new Lock(scratch / "lock");
    ::_exit(kept->takeover().empty() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(status == 0);
  const Lock lock(scratch / "lock");
  CHECK(contains(lock.takeover(), "was left locked by process " + std::to_string(child)));
  CHECK(holder_of(read(scratch / "lock")).process == ::getpid());
}

TEST_CASE("a lock of another host, or of nobody known, stays, and the sentence says what to do") {
  const Scratch scratch;
  write(scratch / "lock", text_of({"elsewhere", "b", 5, 50, "12", "", "then"}));
  const std::string sentence = sentence_of([&] { const Lock lock(scratch / "lock"); });
  CHECK(contains(sentence, "is locked by process 5 on elsewhere (job 12) since then"));
  CHECK(contains(sentence, "remove the file '" + (scratch / "lock").string() + "'"));
  write(scratch / "lock", "");
  CHECK(contains(sentence_of([&] { const Lock lock(scratch / "lock"); }), "somebody unknown"));
}

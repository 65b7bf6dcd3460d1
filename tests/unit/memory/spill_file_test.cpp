#include "memory/spill_file.hpp"

#include "tutti/detail/elements.hpp"
#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace tutti::memory {
namespace {

using detail::Value;
using detail::ValuePtr;
using Doubles = std::vector<double>;

/// A directory that is removed again.
struct Directory {
  Directory() {
    path = (std::filesystem::temp_directory_path() / "tutti-test-XXXXXX").string();
    REQUIRE(::mkdtemp(path.data()) != nullptr);
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::string path;
};

struct GivenFile {
  explicit GivenFile(std::uint64_t bytes_max = 0, std::string directory = {})
      : file({.directory = directory.empty() ? own.path : directory,
              .rank = 5,
              .bytes_max = bytes_max},
             [](const std::function<void()>& work) { work(); }) {}
  Directory own;
  SpillFile file;
};

ValuePtr doubles(std::size_t count, double first = 0) {
  Doubles values(count);
  std::iota(values.begin(), values.end(), first);
  return detail::make_value<Doubles>(std::move(values));
}

std::string error_of(const std::function<void()>& work, ErrorCode code) {
  try {
    work();
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "no error";
}

/// The path by which the process can open its own file without a name.
std::string path_of_open_file(const std::string& directory) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    const std::string target = std::filesystem::read_symlink(entry.path(), ignored).string();
    if (target.starts_with(directory)) return entry.path().string();
  }
  return {};
}

TEST_CASE("values come back as they were, of all kinds and sizes") {
  GivenFile given;
  const auto there_and_back = [&](const ValuePtr& value) {
    return given.file.read(*given.file.write(*value));
  };
  const ValuePtr array = doubles(100'000);
  CHECK(detail::value_cast<Doubles>(*there_and_back(array)) == detail::value_cast<Doubles>(*array));
  using Mixed = std::vector<std::pair<std::string, Doubles>>;
  Mixed mixed;
  for (std::size_t index = 0; index < 2'000; ++index)
    mixed.emplace_back("name " + std::to_string(index), Doubles(index, 1.0 / 3));
  CHECK(detail::value_cast<Mixed>(*there_and_back(detail::make_value<Mixed>(mixed))) == mixed);
  CHECK_EQ(detail::value_cast<int>(*there_and_back(detail::make_value<int>(7))), 7);
  CHECK(detail::value_cast<Doubles>(*there_and_back(detail::make_value<Doubles>())).empty());
  const ValuePtr stretch(new detail::Elements<double>(Doubles(50'000, 2.5)));
  const ValuePtr back = there_and_back(stretch);
  CHECK_EQ(static_cast<const detail::Elements<double>&>(*back).count, 50'000);
  CHECK_EQ(static_cast<const detail::Elements<double>&>(*back).at(49'999), 2.5);
}

TEST_CASE("the place of a value that is not needed is used again, and nothing has a name") {
  GivenFile given;
  SpilledPtr first = given.file.write(*doubles(10'000));
  const SpilledPtr second = given.file.write(*doubles(10'000, 5));
  const std::uint64_t used = given.file.used_bytes();
  const Extent place = first->extent;
  first.reset();
  CHECK_EQ(given.file.used_bytes(), used / 2);
  first = given.file.write(*doubles(9'900, 9));
  CHECK_EQ(first->extent.offset, place.offset);
  CHECK_EQ(detail::value_cast<Doubles>(*given.file.read(*second))[1], 6);
  CHECK_EQ(detail::value_cast<Doubles>(*given.file.read(*first))[1], 10);
  CHECK(std::filesystem::is_empty(given.own.path));
}

TEST_CASE("places may be given back after the file is gone") {
  SpilledPtr kept;
  {
    GivenFile given;
    kept = given.file.write(*doubles(1'000));
  }
  kept.reset();
}

TEST_CASE("above the cap nothing is written, and there is room again after a release") {
  GivenFile given(1'000'000);
  SpilledPtr first = given.file.write(*doubles(100'000));
  const std::string sentence =
      error_of([&] { (void)given.file.write(*doubles(100'000)); }, ErrorCode::no_memory);
  CHECK(sentence.find("rank 5 may not spill 0.8 MB more") != std::string::npos);
  CHECK(sentence.find("spill_limit allows 1.0 MB") != std::string::npos);
  first.reset();
  first = given.file.write(*doubles(100'000));
  CHECK(first != nullptr);
}

TEST_CASE("a directory that is not there is an error that names it") {
  GivenFile given(0, "/no/such/directory");
  const std::string sentence =
      error_of([&] { (void)given.file.write(*doubles(10)); }, ErrorCode::io);
  CHECK(sentence.find("rank 5") != std::string::npos);
  CHECK(sentence.find("/no/such/directory") != std::string::npos);
}

TEST_CASE("a directory that may not be written to is an error that names it") {
  if (::geteuid() == 0) return;  // root may write everywhere
  GivenFile given(0, "/");
  CHECK(error_of([&] { (void)given.file.write(*doubles(10)); }, ErrorCode::io)
            .find("rank 5 cannot create a file") != std::string::npos);
}

TEST_CASE("a full disk is an error, and what was written before is still there") {
  const Directory mount;
  if (::mount("tmpfs", mount.path.c_str(), "tmpfs", 0, "size=4m") != 0) {
    MESSAGE("skipped: this user may not mount");
    return;
  }
  {
    GivenFile given(0, mount.path);
    std::vector<SpilledPtr> written;
    std::string sentence = "no error";
    while (sentence == "no error" && written.size() < 10) {
      sentence = error_of([&] { written.push_back(given.file.write(*doubles(100'000))); },
                          ErrorCode::no_memory);
    }
    CHECK(sentence.find("the disk is full") != std::string::npos);
    CHECK(sentence.find(mount.path) != std::string::npos);
    CHECK_EQ(written.size(), 5);
    for (const SpilledPtr& each : written)
      CHECK_EQ(detail::value_cast<Doubles>(*given.file.read(*each)).back(), 99'999);
    written.pop_back();
    CHECK_NOTHROW(written.push_back(given.file.write(*doubles(100'000))));
  }
  ::umount(mount.path.c_str());
}

TEST_CASE("a limit of file size is a full disk, not the end of the program") {
  GivenFile given;
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 500'000;
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string sentence =
      error_of([&] { (void)given.file.write(*doubles(100'000)); }, ErrorCode::no_memory);
  ::setrlimit(RLIMIT_FSIZE, &before);
  CHECK(sentence.find("File too large") != std::string::npos);
  CHECK_EQ(given.file.used_bytes(), 0);
}

TEST_CASE("bytes that have changed are noticed, in the stream and in the buffers") {
  GivenFile given;
  const SpilledPtr array = given.file.write(*doubles(10'000));
  const SpilledPtr text = given.file.write(*detail::make_value<std::string>("short"));
  const std::string path = path_of_open_file(given.own.path);
  REQUIRE_FALSE(path.empty());
  const auto flip = [&](std::uint64_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(byte);
  };
  flip(array->extent.offset + array->stream_bytes + 40'000);
  flip(text->extent.offset + text->stream_bytes - 1);
  for (const SpilledPtr& each : {array, text}) {
    const std::string sentence =
        error_of([&] { (void)given.file.read(*each); }, ErrorCode::corrupt_data);
    CHECK(sentence.find("rank 5 cannot read a value of type") != std::string::npos);
    CHECK(sentence.find(given.own.path) != std::string::npos);
    CHECK(sentence.find("checksums differ") != std::string::npos);
  }
  flip(array->extent.offset + array->stream_bytes + 40'000);
  CHECK_NOTHROW(given.file.read(*array));
}

}  // namespace
}  // namespace tutti::memory

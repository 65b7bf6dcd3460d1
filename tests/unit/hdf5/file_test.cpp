#include "files.hpp"
#include "tutti/error.hpp"
#include "tutti/hdf5.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <signal.h>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace tutti::hdf5;
using test::contains;
using test::sentence_of;
using test::TemporaryDirectory;

namespace {

void write_small_file(const std::filesystem::path& path) {
  File file = File::create(path);
  file.create_dataset<double>("x", {3}).write(std::vector{1.0, 2.0, 3.0});
  file.close();
}

}  // namespace

TEST_CASE("datasets are listed with their groups") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  file.create_dataset<float>("winds/east/u", {2});
  file.create_dataset<int>("count", {});
  file.close();
  const File again = File::open(directory / "a.h5");
  CHECK(again.dataset_names() == std::vector<std::string>{"count", "winds/east/u"});
  CHECK(again.contains("winds/east/u"));
  CHECK(again.contains("/count"));
  CHECK_FALSE(again.contains("winds"));
  CHECK(again.path() == directory / "a.h5");
}

TEST_CASE("a created file has its name only when it is closed") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  CHECK_FALSE(std::filesystem::exists(directory / "a.h5"));
  REQUIRE(directory.entries().size() == 1);
  CHECK(directory.entries()[0].starts_with("a.h5.part-"));
  file.close();
  file.close();
  CHECK(directory.entries() == std::vector<std::string>{"a.h5"});
}

TEST_CASE("closing replaces an earlier file, which is whole until then") {
  const TemporaryDirectory directory;
  write_small_file(directory / "a.h5");
  File file = File::create(directory / "a.h5");
  CHECK(File::open(directory / "a.h5").contains("x"));
  file.close();
  CHECK(File::open(directory / "a.h5").dataset_names().empty());
}

TEST_CASE("a process that is killed while it writes leaves the earlier file as it was") {
  const TemporaryDirectory directory;
  write_small_file(directory / "a.h5");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    File file = File::create(directory / "a.h5");
    file.create_dataset<int>("y", {1}).write(std::vector{1});
    ::raise(SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  CHECK(File::open(directory / "a.h5").dataset("x").read<int>() == std::vector{1, 2, 3});
  CHECK(directory.entries().size() == 2);
}

TEST_CASE("leaving the scope closes the file; leaving it by an exception removes it") {
  const TemporaryDirectory directory;
  { File file = File::create(directory / "normal.h5"); }
  const auto fail = [&] {
    File file = File::create(directory / "half.h5");
    throw std::runtime_error("stop");
  };
  CHECK_THROWS_AS(fail(), std::runtime_error);
  CHECK(directory.entries() == std::vector<std::string>{"normal.h5"});
}

TEST_CASE("a dataset outlives the file object that was opened for reading") {
  const TemporaryDirectory directory;
  write_small_file(directory / "a.h5");
  const Dataset x = File::open(directory / "a.h5").dataset("x");
  CHECK(x.read<double>() == std::vector{1.0, 2.0, 3.0});
}

TEST_CASE("use after close is an error that says so") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  Dataset x = file.create_dataset<double>("x", {1});
  Attributes attributes = file.attributes();
  file.close();
  CHECK(contains(sentence_of([&] { x.write(std::vector{1.0}); }), "it was closed"));
  CHECK(contains(sentence_of([&] { x.read<double>(); }), "it was closed"));
  CHECK(contains(sentence_of([&] { file.dataset("x"); }), "it was closed"));
  CHECK(contains(sentence_of([&] { attributes.set("a", 1); }), "it was closed"));
}

TEST_CASE("a missing file and a directory are said to be so") {
  const TemporaryDirectory directory;
  CHECK(sentence_of([&] { File::open(directory / "no.h5"); }) ==
        "could not open '" + (directory / "no.h5").string() + "': there is no such file");
  CHECK(contains(sentence_of([] { File::open("no-such-file.h5"); }),
                 "there is no such file (from the directory '"));
  CHECK(contains(sentence_of([&] { File::open(directory.path()); }), "it is a directory"));
}

TEST_CASE("a file that is not HDF5 is said to be so, with the way to convert classic netCDF") {
  const TemporaryDirectory directory;
  directory.write("text.h5", "hello, this is no HDF5");
  directory.write("empty.h5", "");
  directory.write("old.cdf", std::string("CDF\x01", 4) + std::string(40, '\0'));
  CHECK(contains(sentence_of([&] { File::open(directory / "text.h5"); }),
                 "text.h5' is not an HDF5 file"));
  CHECK(contains(sentence_of([&] { File::open(directory / "empty.h5"); }),
                 "is not an HDF5 file: it is empty"));
  CHECK(contains(sentence_of([&] { File::open(directory / "old.cdf"); }),
                 "classic netCDF file, which `nccopy -k nc4 " + (directory / "old.cdf").string() +
                     " NEW_FILE`"));
}

TEST_CASE("a truncated file is an error that names the file and HDF5's reason") {
  const TemporaryDirectory directory;
  write_small_file(directory / "a.h5");
  std::filesystem::resize_file(directory / "a.h5", 500);
  const std::string sentence = sentence_of([&] { File::open(directory / "a.h5"); });
  CHECK(contains(sentence, "could not open '" + (directory / "a.h5").string() +
                               "': H5Fopen failed: truncated file"));
}

TEST_CASE("a file without permission is said to be so") {
  const TemporaryDirectory directory;
  write_small_file(directory / "a.h5");
  std::filesystem::permissions(directory / "a.h5", std::filesystem::perms::none);
  std::filesystem::create_directory(directory / "locked");
  std::filesystem::permissions(directory / "locked", std::filesystem::perms::owner_read);
  using std::filesystem::perms;
  std::filesystem::permissions(directory.path(),
                               perms::owner_all | perms::group_exec | perms::others_exec);
  // access() asks for the real user, so root has to become somebody else.
  const bool was_root = ::getuid() == 0;
  if (was_root) REQUIRE(::setresuid(65534, 65534, 0) == 0);
  const std::string open = sentence_of([&] { File::open(directory / "a.h5"); });
  const std::string create = sentence_of([&] { File::create(directory / "locked/b.h5"); });
  if (was_root) REQUIRE(::setresuid(0, 0, 0) == 0);
  CHECK(contains(open, "no permission to read it"));
  CAPTURE(create);
  CHECK(contains(create, "no permission to write in the directory"));
}

TEST_CASE("a place where no file can be made is said at once") {
  const TemporaryDirectory directory;
  CHECK(contains(sentence_of([&] { File::create(directory / "no/a.h5"); }),
                 "there is no directory '"));
  CHECK(contains(sentence_of([&] { File::create(directory.path()); }), "it is a directory"));
  CHECK(contains(sentence_of([&] { File::create(""); }), "that is not the name of a file"));
}

TEST_CASE("a file that cannot get its final name is removed, and that is an error") {
  const TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  std::filesystem::create_directory(directory / "a.h5");
  std::filesystem::create_directory(directory / "a.h5/inside");
  CHECK(contains(sentence_of([&] { file.close(); }), "the complete file could not be renamed"));
  CHECK(directory.entries() == std::vector<std::string>{"a.h5"});
}

TEST_CASE("a missing dataset is an error that lists those that exist") {
  const TemporaryDirectory directory;
  write_small_file(directory / "a.h5");
  const File file = File::open(directory / "a.h5");
  CHECK(sentence_of([&] { file.dataset("y"); }) ==
        "'" + (directory / "a.h5").string() + "' has no dataset 'y'; it has 'x'");
}

TEST_CASE("a second dataset of one name, and writing to a file for reading, are errors") {
  const TemporaryDirectory directory;
  write_small_file(directory / "a.h5");
  File file = File::open(directory / "a.h5");
  CHECK(
      contains(sentence_of([&] { file.create_dataset<int>("y", {1}); }), "it is open for reading"));
  CHECK(contains(sentence_of([&] {
                   file.dataset("x").write(std::vector{1, 2, 3});
                 }),
                 "it is open for reading"));
  CHECK(contains(sentence_of([&] { file.attributes().set("a", 1); }), "it is open for reading"));
  File created = File::create(directory / "b.h5");
  created.create_dataset<int>("y", {1});
  CHECK(contains(sentence_of([&] { created.create_dataset<int>("y", {1}); }),
                 "there is one of that name"));
}

TEST_CASE("threads read and write their own files at the same time") {
  const TemporaryDirectory directory;
  std::vector<int> failures(4, 0);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      std::vector<int> values(1000);
      std::iota(values.begin(), values.end(), thread);
      for (int round = 0; round < 10; ++round) {
        const auto path = directory / ("f" + std::to_string(thread) + ".h5").c_str();
        File file = File::create(path);
        file.create_dataset<int>("x", {1000}).write(values);
        file.close();
        if (File::open(path).dataset("x").read<int>() != values)
          ++failures[static_cast<std::size_t>(thread)];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == std::vector<int>(4, 0));
}

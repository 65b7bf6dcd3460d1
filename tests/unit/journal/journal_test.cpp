#include "journal/journal.hpp"

#include "journal/view.hpp"
#include "scratch.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <numeric>
#include <sys/resource.h>

using namespace tutti;
using namespace tutti::journal;
using namespace tutti::journal::test;

namespace {

/// Options that note what is told.
RecorderOptions noting(std::vector<std::string>& sentences) {
  RecorderOptions options;
  options.warn = [&sentences](const std::string& sentence) { sentences.push_back(sentence); };
  return options;
}

Failure a_failure(std::uint32_t series, std::uint64_t index) {
  return {series,        index,       {1'000'000'000, 2'000'000'000, 2},
          key_of(index), "bad_thing", "it was bad"};
}

std::vector<double> counting(std::size_t count) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), 0.0);
  return values;
}

}  // namespace

TEST_CASE("results are there when the journal is opened again") {
  const Scratch scratch;
  const std::string path = (scratch / "run").string();
  {
    Journal journal(path);
    Recorder& recorder = journal.recorder();
    const std::uint32_t series = recorder.series(numbers);
    CHECK(recorder.series(numbers) == series);
    recorder.append(some_numbers(series, 0, 1000));
    recorder.append(a_failure(series, 1000));
    recorder.append(some_numbers(series, 1001, 1));
    recorder.append(a_list(recorder.series(lists), 5000, 3, 42));
    recorder.append(a_list(recorder.series(lists), 5001, 0, 42));
    recorder.append(a_list(recorder.series(lists), 5002, 2, 43));
  }
  CHECK(std::filesystem::exists(scratch / "run.journal/part-000001.h5"));
  CHECK(!std::filesystem::exists(scratch / "run.journal/000001.log"));
  CHECK(!std::filesystem::exists(scratch / "run.journal/lock"));
  Journal journal(path);
  Archive& archive = journal.archive();
  CHECK(archive.results() == 1005);
  CHECK(read_numbers(archive, 0, 1000) == counting(1000));
  CHECK(read_numbers(archive, 1001, 1) == std::vector{1001.0});
  CHECK(!archive.find(key_of(9999)));
  const auto failed = archive.find(key_of(1000));
  REQUIRE(failed);
  CHECK(failed->failed);
  CHECK(archive.read_failure(*failed).type == "bad_thing");
  CHECK(archive.read_failure(*failed).message == "it was bad");
  CHECK(archive.series(failed->table) == numbers);
  CHECK(read_list(archive, 5000) == std::vector<std::int32_t>{42, 42, 42});
  CHECK(read_list(archive, 5001).empty());
  CHECK(read_list(archive, 5002) == std::vector<std::int32_t>{43, 43});
}

TEST_CASE("a result counts more than a failure, and the later more than the earlier") {
  const Scratch scratch;
  const std::string path = (scratch / "run").string();
  for (int run = 0; run < 3; ++run) {
    Journal journal(path);
    Recorder& recorder = journal.recorder();
    const std::uint32_t series = recorder.series(numbers);
    if (run != 1) recorder.append(a_failure(series, 5));
    if (run == 1) recorder.append(some_numbers(series, 5, 1));
    if (run == 0) recorder.append(a_list(recorder.series(lists), 70, 1, 1));
    if (run == 2) recorder.append(a_list(recorder.series(lists), 70, 1, 2));
  }
  Journal journal(path);
  CHECK(read_numbers(journal.archive(), 5, 1) == std::vector{5.0});
  CHECK(read_list(journal.archive(), 70) == std::vector<std::int32_t>{2});
}

TEST_CASE("what was flushed is there after a kill, and the torn end is cut with a sentence") {
  const Scratch scratch;
  Journal journal((scratch / "run").string());
  const std::uint32_t series = journal.recorder().series(numbers);
  journal.recorder().append(some_numbers(series, 0, 500));
  journal.recorder().flush();
  copy_as_killed(scratch / "run.journal", scratch / "killed.journal");
  std::ofstream(scratch / "killed.journal/000001.log", std::ios::app) << "TUTJFRM1 and so on";

  std::vector<std::string> sentences;
  Journal again((scratch / "killed").string(), noting(sentences));
  CHECK(read_numbers(again.archive(), 0, 500) == counting(500));
  REQUIRE(sentences.size() == 1);
  CHECK(contains(sentences.front(), "18 bytes of a result that was not complete were cut off"));
  CHECK(!std::filesystem::exists(scratch / "killed.journal/000001.log"));
  CHECK(std::filesystem::exists(scratch / "killed.h5"));
}

TEST_CASE("damage before a valid frame is an error that says what is lost, and changes nothing") {
  const Scratch scratch;
  Journal journal((scratch / "run").string());
  const std::uint32_t series = journal.recorder().series(numbers);
  for (std::uint64_t index = 0; index < 100; ++index) {
    journal.recorder().append(some_numbers(series, index, 1));
  }
  journal.recorder().flush();
  copy_as_killed(scratch / "run.journal", scratch / "bad.journal");
  const auto segment = scratch / "bad.journal/000001.log";
  const auto size = std::filesystem::file_size(segment);
  std::fstream file(segment, std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(size / 2));
  file << "damage";
  file.close();
  const std::string sentence = sentence_of([&] { Journal opened((scratch / "bad").string()); });
  CHECK(contains(sentence, "000001.log' is damaged from byte"));
  CHECK(contains(sentence, "lost are results behind number"));
  CHECK(contains(sentence, "tutti journal verify --repair"));
  CHECK(std::filesystem::file_size(segment) == size);
  CHECK(!std::filesystem::exists(scratch / "bad.journal/lock"));
}

TEST_CASE("a bad end of a segment that another one follows is damage") {
  const Scratch scratch;
  RecorderOptions options;
  options.segment_bytes = 1;  // each batch ends one
  Journal journal((scratch / "run").string());
  const std::uint32_t series = journal.recorder().series(numbers);
  journal.recorder().append(some_numbers(series, 0, 10));
  journal.recorder().flush();
  copy_as_killed(scratch / "run.journal", scratch / "bad.journal");
  std::filesystem::copy_file(scratch / "run.journal/000001.log",
                             scratch / "bad.journal/000002.log");
  std::ofstream(scratch / "bad.journal/000001.log", std::ios::app) << "x";
  const std::string sentence = sentence_of([&] { Journal opened((scratch / "bad").string()); });
  CHECK(contains(sentence, "to its end: lost is what stood there, before '000002.log'"));
}

TEST_CASE("a kill between part and segment leaves nothing twice") {
  const Scratch scratch;
  {
    Journal journal((scratch / "run").string());
    const std::uint32_t series = journal.recorder().series(numbers);
    journal.recorder().append(some_numbers(series, 0, 10));
    journal.recorder().flush();
    std::filesystem::copy_file(scratch / "run.journal/000001.log", scratch / "saved");
  }
  std::filesystem::copy_file(scratch / "saved", scratch / "run.journal/000001.log");
  std::ofstream(scratch / "run.journal/part-000002.h5.tmp") << "half";
  {
    Journal journal((scratch / "run").string());
    CHECK(journal.archive().results() == 10);
  }
  CHECK(files_of(Paths((scratch / "run").string())).parts == std::vector<std::uint64_t>{1});
  CHECK(files_of(Paths((scratch / "run").string())).segments.empty());
  CHECK(files_of(Paths((scratch / "run").string())).unfinished.empty());
  const hdf5::File view = hdf5::File::open(scratch / "run.h5");
  CHECK(view.dataset("numbers/result").element_count() == 10);
}

TEST_CASE("full segments are sealed while the journal is open") {
  const Scratch scratch;
  RecorderOptions options;
  options.segment_bytes = 4000;
  {
    Journal journal((scratch / "run").string(), options);
    const std::uint32_t series = journal.recorder().series(numbers);
    for (std::uint64_t index = 0; index < 20; ++index) {
      journal.recorder().append(some_numbers(series, 100 * index, 100));
      journal.recorder().flush();
    }
  }
  const Files files = files_of(Paths((scratch / "run").string()));
  CHECK(files.parts.size() > 5);
  CHECK(files.segments.empty());
  Journal again((scratch / "run").string());
  CHECK(read_numbers(again.archive(), 0, 2000) == counting(2000));
}

TEST_CASE("large results become a part at once and stand in no segment") {
  const Scratch scratch;
  RecorderOptions options;
  options.part_bytes = 300'000;
  {
    Journal journal((scratch / "run").string(), options);
    Recorder& recorder = journal.recorder();
    recorder.append(some_numbers(recorder.series(numbers), 0, 10));
    recorder.append(a_list(recorder.series(lists), 100, 50'000, 1));
    recorder.append(a_list(recorder.series(lists), 101, 60'000, 2));
    recorder.flush();
    CHECK(std::filesystem::file_size(scratch / "run.journal/000001.log") < 2000);
  }
  CHECK(std::filesystem::exists(scratch / "run.journal/part-000001.h5"));
  Journal again((scratch / "run").string());
  CHECK(read_numbers(again.archive(), 0, 10) == counting(10));
  CHECK(read_list(again.archive(), 100) == std::vector<std::int32_t>(50'000, 1));
  CHECK(read_list(again.archive(), 101) == std::vector<std::int32_t>(60'000, 2));
}

TEST_CASE("a part that was written but perhaps not on the disk is taken when it is whole") {
  const Scratch scratch;
  for (int part = 1; part <= 2; ++part) {
    Journal journal((scratch / "run").string());
    Recorder& recorder = journal.recorder();
    recorder.append(some_numbers(recorder.series(numbers), 10'000u * part, 1000));
  }
  const Paths paths((scratch / "run").string());
  for (std::uint64_t part = 1; part <= 2; ++part)
    std::filesystem::rename(paths.part(part), paths.written_part(part));
  std::filesystem::resize_file(paths.written_part(2),
                               std::filesystem::file_size(paths.written_part(2)) / 2);
  std::vector<std::string> sentences;
  Journal again((scratch / "run").string(), noting(sentences));
  CHECK(read_numbers(again.archive(), 10'000, 1000).size() == 1000);
  CHECK(again.archive().results() == 1000);
  REQUIRE(sentences.size() == 1);
  CHECK(contains(sentences.front(), "ended before its last results were on the disk"));
  CHECK(files_of(paths).written_parts.empty());
  CHECK(files_of(paths).parts == std::vector<std::uint64_t>{1});
}

TEST_CASE("a full disk ends the recording with a sentence; what was recorded stays") {
  const Scratch scratch;
  std::vector<std::string> sentences;
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  {
    Journal journal((scratch / "run").string(), noting(sentences));
    Recorder& recorder = journal.recorder();
    const std::uint32_t series = recorder.series(numbers);
    recorder.append(some_numbers(series, 0, 1000));
    recorder.flush();
    const rlimit small{100'000, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    recorder.append(some_numbers(series, 1000, 100'000));
    recorder.flush();
    CHECK(recorder.has_failed());
    CHECK(std::filesystem::file_size(scratch / "run.journal/000001.log") < 30'000);
    recorder.append(some_numbers(series, 500'000, 10));
    recorder.flush();
    CHECK(recorder.pending_bytes() == 0);
  }
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  REQUIRE(sentences.size() == 1);
  CHECK(contains(sentences.front(), "results from here on are not recorded (the job goes on"));
  CHECK(contains(sentences.front(), "File too large"));
  Journal again((scratch / "run").string());
  CHECK(again.archive().results() == 1000);
  CHECK(sentences.size() == 1);
}

TEST_CASE("the view and the export show all parts, with plain numbers") {
  const Scratch scratch;
  const std::string path = (scratch / "run").string();
  for (std::uint64_t run = 0; run < 3; ++run) {
    Journal journal(path);
    Recorder& recorder = journal.recorder();
    const std::uint32_t series = recorder.series(numbers);
    recorder.append(some_numbers(series, 10 * run, 9));
    recorder.append(a_failure(series, 10 * run + 9));
    recorder.append(
        a_list(recorder.series(lists), 100 + run, run + 1, static_cast<std::int32_t>(run)));
  }
  const Paths paths(path);
  std::vector<PartSummary> parts;
  for (const std::uint64_t number : files_of(paths).parts)
    parts.push_back(Part(paths.part(number), number).summary());
  export_plain(paths, parts, scratch / "plain.h5");
  for (const char* name : {"run.h5", "plain.h5"}) {
    if (std::string(name) == "plain.h5")
      std::filesystem::rename(paths.folder(), scratch / "elsewhere");
    const hdf5::File file = hdf5::File::open(scratch / name);
    const std::vector<double> results = file.dataset("numbers/result").read<double>();
    REQUIRE(results.size() == 30);
    CHECK(results[10] == 10);
    CHECK(results[28] == 28);
    CHECK(results[9] != results[9]);  // failed: no number
    CHECK(file.dataset("numbers/index").read<std::uint64_t>()[15] == 15);
    CHECK(file.dataset("numbers/status").read<int>()[19] == 1);
    CHECK(file.dataset("numbers/rank").read<int>()[0] == 3);
    CHECK(file.dataset("numbers/submitted").read<double>()[0] == 1.0);
    CHECK(file.dataset("numbers/finished").read<double>()[0] == 2.0);
    CHECK(file.dataset("numbers/argument_hash").shape() == hdf5::Shape{30, 2});
    CHECK(file.dataset("numbers/failed_row").read<std::uint64_t>() ==
          std::vector<std::uint64_t>{9, 19, 29});
    CHECK(file.dataset("numbers/failure_message").read_texts()[1] == "it was bad");
    CHECK(file.group_attributes("numbers").find_string("function") == "f");
    CHECK(file.group_attributes("lists@2").find_string("version") == "2");
    CHECK(file.dataset("lists@2/result_count").read<std::uint64_t>() ==
          std::vector<std::uint64_t>{1, 2, 3});
    CHECK(file.dataset("lists@2/values").read<std::int32_t>() ==
          std::vector<std::int32_t>{0, 1, 1, 2, 2, 2});
  }
}

TEST_CASE("work of one name whose results are of several types has several groups") {
  PartSummary part;
  part.series = {{numbers, "0", 1, 0, 0}, {lists, "1", 1, 0, 0}, {lists, "2", 1, 0, 0}};
  part.series[1].series.name = "numbers";
  part.series[1].series.version = "";
  part.series[2].series.name = "a/b";
  part.series[2].series.version = "";
  const std::vector<SeriesInParts> all = gather_series(std::vector<PartSummary>{part, part});
  REQUIRE(all.size() == 3);
  CHECK(all[0].group == "numbers");
  CHECK(all[0].rows == 2);
  CHECK(all[1].group == "numbers (2)");
  CHECK(all[2].group == "a_b");
}

TEST_CASE("a part that changed on the disk is found") {
  const Scratch scratch;
  {
    Journal journal((scratch / "run").string());
    journal.recorder().append(some_numbers(journal.recorder().series(numbers), 0, 10'000));
  }
  const auto path = scratch / "run.journal/part-000001.h5";
  CHECK(Part(path, 1).verify().empty());
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) / 2));
  file << "damage";
  file.close();
  const std::vector<std::string> sentences = Part(path, 1).verify();
  REQUIRE(sentences.size() == 1);
  CHECK(contains(sentences.front(), "are not those that were written"));
}

TEST_CASE("a result that cannot be written as bytes is told, and others are recorded") {
  const Scratch scratch;
  std::vector<std::string> sentences;
  {
    Journal journal((scratch / "run").string(), noting(sentences));
    const std::uint32_t series = journal.recorder().series(numbers);
    NewResults bad = some_numbers(series, 0, 1);
    bad.make = []() -> Payload { throw Error(ErrorCode::cannot_travel, "it has wheels"); };
    journal.recorder().append(std::move(bad));
    journal.recorder().append(some_numbers(series, 1, 1));
  }
  REQUIRE(sentences.size() == 1);
  CHECK(contains(sentences.front(), "it has wheels"));
  Journal again((scratch / "run").string());
  CHECK(again.archive().results() == 1);
}

TEST_CASE("an unusable place is an error that names it") {
  const Scratch scratch;
  std::ofstream(scratch / "run.journal") << "a file";
  CHECK(contains(sentence_of([&] { Journal journal((scratch / "run").string()); }),
                 "could not make the folder"));
  std::filesystem::create_directory(scratch / "other.journal");
  std::ofstream(scratch / "other.journal/part-000001.h5") << "no part";
  CHECK(contains(sentence_of([&] { Journal journal((scratch / "other").string()); }),
                 "is not an HDF5 file"));
}

TEST_CASE("two cannot write one journal") {
  const Scratch scratch;
  Journal journal((scratch / "run").string());
  CHECK(contains(sentence_of([&] { Journal second((scratch / "run.h5").string()); }),
                 "is written by process"));
}

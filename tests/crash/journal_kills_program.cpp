/// journal_kills_program FOLDER KILLS SEED: a process writes a journal and is killed at a random
/// moment, again and again. After each kill: what was found before is still there, what was
/// appended more than a second before the kill is there, and every result is the one that was
/// appended.

#include "journal/journal.hpp"
#include "journal/part.hpp"
#include "tutti/error.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace tutti;
using namespace tutti::journal;

constexpr std::uint64_t items_max = 1 << 16;
/// After so many kills a new journal is begun, so that the disk does not fill up.
constexpr int kills_each = 8;
constexpr std::uint64_t small_count = 50;
constexpr std::uint64_t grace_ns = 1'000'000'000;

/// What the writer tells: when it appended each item.
struct Shared {
  std::atomic<std::uint64_t> appended;
  std::array<std::atomic<std::uint64_t>, items_max> when_ns;
};

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

base::ContentHash key_of(std::uint64_t item, std::uint64_t row) { return {item * 64 + row, item}; }

/// Every 25th item is a list, some of them large enough for a part of their own.
bool is_list(std::uint64_t item) { return item % 25 == 24; }
std::uint64_t list_length(std::uint64_t item) {
  return item % 100 == 99 ? 1'000'000 : 1000 + item % 5000;
}
double value_of(std::uint64_t item, std::uint64_t row) {
  return static_cast<double>(item) + static_cast<double>(row % 97) / 128;
}

NewResults results_of(std::uint64_t item, std::uint32_t numbers, std::uint32_t lists) {
  NewResults results;
  const bool list = is_list(item);
  results.series = list ? lists : numbers;
  results.first_index = item;
  auto values = std::make_shared<std::vector<double>>(list ? list_length(item) : small_count);
  for (std::uint64_t row = 0; row < values->size(); ++row) (*values)[row] = value_of(item, row);
  for (std::uint64_t row = 0; row < (list ? 1 : small_count); ++row)
    results.keys.push_back(key_of(item, row));
  results.bytes = values->size() * sizeof(double);
  results.make = [values, list] {
    const std::uint64_t bytes = values->size() * sizeof(double);
    Payload payload{
        {}, {{reinterpret_cast<const std::byte*>(values->data()), bytes, false}}, values};
    if (list) payload.row_bytes.push_back(bytes);
    return payload;
  };
  return results;
}

RecorderOptions options() {
  RecorderOptions options;
  options.segment_bytes = 300'000;
  options.part_bytes = 6 << 20;
  options.warn = [](const std::string& sentence) {
    if (sentence.find("were cut off") == std::string::npos &&
        sentence.find("was left locked") == std::string::npos)
      std::fprintf(stderr, "warning: %s\n", sentence.c_str());
  };
  return options;
}

/// The process that is killed.
[[noreturn]] void write_items(const std::string& path, std::uint64_t first, Shared& shared) {
  Journal journal(path, options());
  Recorder& recorder = journal.recorder();
  const std::uint32_t numbers =
      recorder.series({"numbers", "", "f", "double", "b", {hdf5::ElementType::float64, 1}});
  const std::uint32_t lists = recorder.series(
      {"lists", "", "g", "std::vector<double>", "b", {hdf5::ElementType::float64, 0}});
  for (std::uint64_t item = first; item < items_max; ++item) {
    recorder.append(results_of(item, numbers, lists));
    shared.when_ns[item].store(now_ns(), std::memory_order_relaxed);
    shared.appended.store(item + 1, std::memory_order_release);
    // So fast that much is under way, and so slow that the disk is not the measure.
    if (item % 4 == 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (item % 500 == 499) recorder.flush();
  }
  ::_exit(9);
}

/// Throws when the item is there and not what was appended.
bool is_found(Archive& archive, std::uint64_t item) {
  const auto place = archive.find(key_of(item, 0));
  if (!place) return false;
  std::vector<double> values(small_count);
  if (is_list(item)) {
    values.resize(archive.row_bytes(place->table, place->row, 1).front() / sizeof(double));
    archive.read_varying(place->table, place->row, std::as_writable_bytes(std::span(values)));
    if (values.size() != list_length(item)) throw std::runtime_error("a list has another length");
  } else {
    archive.read_fixed(place->table, place->row, small_count,
                       std::as_writable_bytes(std::span(values)));
  }
  for (std::uint64_t row = 0; row < values.size(); ++row) {
    if (values[row] != value_of(item, row))
      throw std::runtime_error("item " + std::to_string(item) + " came back with other numbers");
  }
  return true;
}

/// Opens the journal as the next run would. `there` are the items that it had before, and has now.
/// Gives how many were lost.
std::uint64_t look(const std::string& path, std::vector<bool>& there, const Shared& shared,
                   const std::vector<std::uint64_t>& killed_ns, bool thoroughly) {
  const std::uint64_t appended = shared.appended.load(std::memory_order_acquire);
  std::uint64_t lost = 0;
  Journal journal(path, options());
  for (std::uint64_t item = 0; item < appended; ++item) {
    if (is_found(journal.archive(), item)) {
      there[item] = true;
      continue;
    }
    if (there[item])
      throw std::runtime_error("item " + std::to_string(item) + " was there and is lost");
    const std::uint64_t when_ns = shared.when_ns[item].load();
    if (when_ns == 0) continue;  // lost by an earlier kill
    if (killed_ns[item] > when_ns + grace_ns)
      throw std::runtime_error("item " + std::to_string(item) + " is lost, which was appended " +
                               std::to_string((killed_ns[item] - when_ns) / 1'000'000) +
                               " ms before the kill");
    ++lost;
  }
  if (is_found(journal.archive(), appended + 1))
    throw std::runtime_error("there is more than was appended");
  if (!thoroughly) return lost;
  for (const std::uint64_t number : files_of(journal.paths()).parts) {
    for (const std::string& sentence : Part(journal.paths().part(number), number).verify())
      throw std::runtime_error(sentence);
  }
  return lost;
}

int run(const std::filesystem::path& folder, int kills, unsigned seed) {
  void* const place =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto& shared = *static_cast<Shared*>(place);
  std::mt19937 random(seed);
  std::string path;
  std::vector<bool> there;
  std::vector<std::uint64_t> killed_ns(items_max);  ///< by item
  std::uint64_t lost = 0;
  std::uint64_t items = 0;
  for (int kill = 0; kill < kills; ++kill) {
    if (kill % kills_each == 0) {
      if (!path.empty()) std::filesystem::remove_all(Paths(path).folder());
      path = (folder / ("run" + std::to_string(kill))).string();
      there.assign(items_max, false);
      shared.appended = 0;
    }
    const std::uint64_t before = shared.appended;
    const pid_t child = ::fork();
    if (child == 0) write_items(path, before, shared);
    // Also before it has written anything: while it opens the journal.
    const auto wait_us = random() % (kill % 4 == 3 ? 40'000 : 1'600'000);
    std::this_thread::sleep_for(std::chrono::microseconds(wait_us));
    const std::uint64_t now = now_ns();
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFSIGNALED(status)) throw std::runtime_error("the writer ended before it was killed");
    items += shared.appended - before;
    for (std::uint64_t item = before; item < shared.appended; ++item) killed_ns[item] = now;
    // Now and then the next writer finds what two kills have left.
    if (kill % 5 == 2 && (kill + 1) % kills_each != 0) continue;
    lost += look(path, there, shared, killed_ns, kill % 4 == 0);
    for (std::uint64_t item = 0; item < shared.appended; ++item) shared.when_ns[item] = 0;
  }
  std::printf("%d kills, %llu items, %llu of them lost in the last second\n", kills,
              static_cast<unsigned long long>(items), static_cast<unsigned long long>(lost));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    return run(argv[1], std::atoi(argv[2]), static_cast<unsigned>(std::atoi(argv[3])));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "journal_kills_program: %s\n", error.what());
    return 1;
  }
}

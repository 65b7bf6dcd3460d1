/// The cases of tutti-bench written by hand in MPI, for the limit: mpirun -n R plain-mpi-bench
/// CASE.
///
/// map_empty is a farm: rank 0 hands out ranges of 10,000 elements, two ahead for each worker, and
/// receives their results in place. submit_empty is a farm of single tasks: a record of function,
/// number and argument for each, 512 in a message, run through a table of functions. roundtrip is a
/// ping-pong, chain one message a link, back and forth between two ranks. payload sends an array
/// and gets 8 bytes back, or the reverse, once with memory allocated for each array, as a program
/// of tasks does, and once (system "plain MPI, reused memory") with the same memory for all.
/// broadcast is MPI_Bcast of size and array, until all ranks have said that they have it. transfer
/// is an array that is asked for, memory_copy what the machine can do without any message. gather
/// and scatter are MPI_Gatherv and MPI_Scatterv of equal parts from and to all ranks but 0.

#include <CLI/CLI.hpp>
#include <mpi.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Settings {
  int repetitions = 5;
  bool quick = false;
};

int rank = 0;
int ranks = 1;

/// An array that is not written before its values come, as the receiver of a message wants it.
struct Array {
  explicit Array(std::uint64_t count)
      : values(std::make_unique_for_overwrite<double[]>(count)), size(static_cast<int>(count)) {}
  std::unique_ptr<double[]> values;
  int size;
};

/// Runs `once` on all ranks, once unmeasured; rank 0 prints the median of its figures.
void measure(const std::string& name, const std::string& system, const std::string& unit,
             const nlohmann::ordered_json& parameters, const Settings& settings,
             const std::function<double()>& once) {
  std::vector<double> samples;
  for (int repetition = -1; repetition < settings.repetitions; ++repetition) {
    MPI_Barrier(MPI_COMM_WORLD);
    const double sample = once();
    if (repetition >= 0) samples.push_back(sample);
  }
  if (rank != 0) return;
  std::vector<double> sorted = samples;
  std::sort(sorted.begin(), sorted.end());
  nlohmann::ordered_json line{{"case", name}, {"system", system}, {"ranks", ranks}};
  line["figure"] = sorted[sorted.size() / 2];
  line["unit"] = unit;
  line.update(parameters);
  line["repetitions"] = settings.repetitions;
  line["samples"] = samples;
  std::cout << line.dump() << std::endl;
}

void require(bool condition) {
  if (!condition) throw std::runtime_error("plain-mpi-bench: wrong result");
}

struct Range {
  std::int64_t first;
  std::int64_t last;
};

void map_worker() {
  std::vector<int> results;
  for (;;) {
    Range range{};
    MPI_Recv(&range, 2, MPI_INT64_T, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (range.first == range.last) return;
    results.resize(static_cast<std::size_t>(range.last - range.first));
    for (std::int64_t x = range.first; x < range.last; ++x) {
      results[static_cast<std::size_t>(x - range.first)] = static_cast<int>(x);
    }
    MPI_Send(results.data(), static_cast<int>(results.size()), MPI_INT, 0, 0, MPI_COMM_WORLD);
  }
}

double map_client(std::int64_t count) {
  constexpr std::int64_t chunk = 10'000;
  constexpr int ahead = 2;
  const auto start = Clock::now();
  const auto results = std::make_unique_for_overwrite<int[]>(static_cast<std::size_t>(count));
  std::int64_t next = 0;
  // A worker's results come in the order of its ranges.
  std::vector<std::vector<Range>> given(static_cast<std::size_t>(ranks));
  std::vector<std::size_t> returned(static_cast<std::size_t>(ranks));
  int open = 0;
  const auto give = [&](int worker) {
    if (next == count) return;
    const Range range{next, std::min(count, next + chunk)};
    next = range.last;
    given[static_cast<std::size_t>(worker)].push_back(range);
    ++open;
    MPI_Send(&range, 2, MPI_INT64_T, worker, 0, MPI_COMM_WORLD);
  };
  for (int turn = 0; turn < ahead; ++turn) {
    for (int worker = 1; worker < ranks; ++worker) give(worker);
  }
  while (open > 0) {
    MPI_Status status;
    MPI_Probe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &status);
    const auto worker = static_cast<std::size_t>(status.MPI_SOURCE);
    const Range range = given[worker][returned[worker]++];
    MPI_Recv(results.get() + range.first, static_cast<int>(range.last - range.first), MPI_INT,
             status.MPI_SOURCE, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    --open;
    give(status.MPI_SOURCE);
  }
  const double seconds = seconds_since(start);
  require(results[static_cast<std::size_t>(count - 1)] == static_cast<int>(count - 1));
  const Range end{0, 0};
  for (int worker = 1; worker < ranks; ++worker) {
    MPI_Send(&end, 2, MPI_INT64_T, worker, 0, MPI_COMM_WORLD);
  }
  return static_cast<double>(count) / seconds;
}

void map_empty(const Settings& settings) {
  constexpr std::int64_t count = 10'000'000;
  measure("map_empty", "plain MPI", "tasks/s", {{"tasks", count}}, settings, [&] {
    if (rank == 0) return map_client(count);
    map_worker();
    return 0.0;
  });
}

struct Task {
  std::int32_t function;
  std::int32_t number;
  std::int32_t argument;
};
struct Result {
  std::int32_t number;
  std::int32_t value;
};

using Function = int (*)(int);
int identity(int x) { return x; }
// Not constant, so that the compiler cannot look through it.
std::array<Function, 2> functions{nullptr, identity};

constexpr std::size_t batch_max = 512;
constexpr int end_tag = 1;

void submit_worker() {
  std::array<Task, batch_max> tasks;
  std::vector<Result> results;
  for (;;) {
    MPI_Status status;
    MPI_Recv(tasks.data(), static_cast<int>(sizeof tasks), MPI_BYTE, 0, MPI_ANY_TAG, MPI_COMM_WORLD,
             &status);
    if (status.MPI_TAG == end_tag) return;
    int bytes = 0;
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    results.clear();
    for (std::size_t index = 0; index < static_cast<std::size_t>(bytes) / sizeof(Task); ++index) {
      const Task& task = tasks[index];
      const Function function = functions[static_cast<std::size_t>(task.function)];
      results.push_back({task.number, function(task.argument)});
    }
    MPI_Send(results.data(), static_cast<int>(results.size() * sizeof(Result)), MPI_BYTE, 0, 0,
             MPI_COMM_WORLD);
  }
}

/// A batch of tasks that is under way until its results are there.
struct Batch {
  std::vector<Task> tasks;
  MPI_Request request = MPI_REQUEST_NULL;
};

/// Hands out the numbers below `count`, batch by batch, to a worker with a free Batch.
class Submitter {
 public:
  explicit Submitter(int count) : count_(count), batches_(static_cast<std::size_t>(ranks)) {}

  void give(int worker, std::size_t slot) {
    if (next_ == count_) return;
    Batch& batch = batches_[static_cast<std::size_t>(worker)][slot];
    // Its results are there, so it has been received: this does not wait.
    MPI_Wait(&batch.request, MPI_STATUS_IGNORE);
    batch.tasks.clear();
    for (; next_ < count_ && batch.tasks.size() < batch_max; ++next_) {
      batch.tasks.push_back({1, next_, next_});
    }
    ++open;
    // Not MPI_Send: the worker may itself be sending results, and both would wait for ever.
    MPI_Isend(batch.tasks.data(), static_cast<int>(batch.tasks.size() * sizeof(Task)), MPI_BYTE,
              worker, 0, MPI_COMM_WORLD, &batch.request);
  }

  void finish() {
    for (auto& slots : batches_) {
      for (Batch& batch : slots) MPI_Wait(&batch.request, MPI_STATUS_IGNORE);
    }
    for (int worker = 1; worker < ranks; ++worker) {
      MPI_Send(nullptr, 0, MPI_BYTE, worker, end_tag, MPI_COMM_WORLD);
    }
  }

  static constexpr std::size_t ahead = 4;
  int open = 0;  ///< batches whose results have not come

 private:
  int count_;
  int next_ = 0;
  std::vector<std::array<Batch, ahead>> batches_;
};

double submit_client(int count) {
  const auto start = Clock::now();
  std::vector<int> results(static_cast<std::size_t>(count));
  std::vector<std::size_t> returned(static_cast<std::size_t>(ranks));
  std::array<Result, batch_max> batch;
  Submitter submitter(count);
  for (std::size_t slot = 0; slot < Submitter::ahead; ++slot) {
    for (int worker = 1; worker < ranks; ++worker) submitter.give(worker, slot);
  }
  while (submitter.open > 0) {
    MPI_Status status;
    MPI_Recv(batch.data(), static_cast<int>(sizeof batch), MPI_BYTE, MPI_ANY_SOURCE, 0,
             MPI_COMM_WORLD, &status);
    --submitter.open;
    // A worker's results come in the order of its batches.
    const std::size_t turn = returned[static_cast<std::size_t>(status.MPI_SOURCE)]++;
    submitter.give(status.MPI_SOURCE, turn % Submitter::ahead);
    int bytes = 0;
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    for (std::size_t index = 0; index < static_cast<std::size_t>(bytes) / sizeof(Result); ++index) {
      results[static_cast<std::size_t>(batch[index].number)] = batch[index].value;
    }
  }
  const double seconds = seconds_since(start);
  require(results.back() == count - 1);
  submitter.finish();
  return count / seconds;
}

void submit_empty(const Settings& settings) {
  const int count = settings.quick ? 100'000 : 1'000'000;
  measure("submit_empty", "plain MPI", "tasks/s", {{"tasks", count}}, settings, [&] {
    if (rank == 0) return submit_client(count);
    submit_worker();
    return 0.0;
  });
}

/// Seconds of `count` ping-pongs between ranks 0 and 1, with the value of the last.
double ping_pong(int count) {
  int value = 0;
  const auto start = Clock::now();
  for (int index = 0; index < count; ++index) {
    if (rank == 0) {
      MPI_Send(&value, 1, MPI_INT, 1, 0, MPI_COMM_WORLD);
      MPI_Recv(&value, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else if (rank == 1) {
      MPI_Recv(&value, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      ++value;
      MPI_Send(&value, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
    }
  }
  const double seconds = seconds_since(start);
  require(rank > 1 || value == count);
  return seconds;
}

void roundtrip(const Settings& settings) {
  const int calls = settings.quick ? 5'000 : 50'000;
  measure("roundtrip", "plain MPI", "us", {{"calls", calls}}, settings,
          [&] { return ping_pong(calls) * 1e6 / calls; });
}

void chain(const Settings& settings) {
  const int links = settings.quick ? 10'000 : 100'000;
  measure("chain", "plain MPI", "us", {{"links", links}}, settings,
          [&] { return ping_pong(links / 2) * 1e6 / links; });
}

std::vector<std::uint64_t> sizes(const Settings& settings) {
  if (settings.quick) return {8, 64 << 10, 16 << 20};
  return {8, 1 << 10, 64 << 10, 1 << 20, 16 << 20, 256 << 20};
}

/// Sends `array` from rank `from`; on rank `to` it is received into `reused`, or into new memory
/// where that is null. Returns the last value.
double transfer(const Array* array, int from, int to, std::uint64_t count, Array* reused) {
  if (rank == from) {
    MPI_Send(array->values.get(), array->size, MPI_DOUBLE, to, 0, MPI_COMM_WORLD);
    return array->values[count - 1];
  }
  std::unique_ptr<Array> fresh;
  if (reused == nullptr) fresh = std::make_unique<Array>(count);
  Array& target = reused == nullptr ? *fresh : *reused;
  MPI_Recv(target.values.get(), target.size, MPI_DOUBLE, from, 0, MPI_COMM_WORLD,
           MPI_STATUS_IGNORE);
  return target.values[count - 1];
}

/// Seconds of one argument to rank 1: its array, and 8 bytes back.
double argument_once(std::uint64_t count, Array* reused) {
  std::unique_ptr<Array> fresh;
  if (rank == 0 && reused == nullptr) {
    fresh = std::make_unique<Array>(count);
    std::fill_n(fresh->values.get(), count, 1.0);
  }
  const auto start = Clock::now();
  double last = transfer(reused == nullptr ? fresh.get() : reused, 0, 1, count, reused);
  if (rank == 1) MPI_Send(&last, 1, MPI_DOUBLE, 0, 0, MPI_COMM_WORLD);
  if (rank == 0) MPI_Recv(&last, 1, MPI_DOUBLE, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  const double seconds = seconds_since(start);
  require(last == 1.0);
  return seconds;
}

/// Seconds of one result of rank 1: 8 bytes ask for it, rank 1 fills an array and sends it.
double result_once(std::uint64_t count, Array* reused) {
  const auto start = Clock::now();
  std::unique_ptr<Array> fresh;
  if (rank == 0) MPI_Send(&count, 1, MPI_UINT64_T, 1, 0, MPI_COMM_WORLD);
  if (rank == 1) {
    MPI_Recv(&count, 1, MPI_UINT64_T, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (reused == nullptr) fresh = std::make_unique<Array>(count);
    std::fill_n((reused == nullptr ? *fresh : *reused).values.get(), count, 1.0);
  }
  const double last = transfer(reused == nullptr ? fresh.get() : reused, 1, 0, count, reused);
  const double seconds = seconds_since(start);
  require(last == 1.0);
  return seconds;
}

void payload(const Settings& settings) {
  for (const std::uint64_t bytes : sizes(settings)) {
    const std::uint64_t count = bytes / sizeof(double);
    const auto calls = std::clamp<std::uint64_t>((std::uint64_t{64} << 20) / bytes, 1, 2000);
    for (const bool reuse : {false, true}) {
      std::unique_ptr<Array> memory;
      if (reuse) {
        memory = std::make_unique<Array>(count);
        std::fill_n(memory->values.get(), count, 1.0);
      }
      const auto figure = [&](const std::string& name, double (*once)(std::uint64_t, Array*)) {
        measure(name, reuse ? "plain MPI, reused memory" : "plain MPI", "MB/s", {{"bytes", bytes}},
                settings, [&] {
                  double seconds = 0;
                  for (std::uint64_t call = 0; call < calls && rank < 2; ++call) {
                    seconds += once(count, memory.get());
                  }
                  return static_cast<double>(bytes * calls) / 1e6 / seconds;
                });
      };
      figure("payload_argument", argument_once);
      figure("payload_result", result_once);
    }
  }
}

/// Seconds of one array to all ranks, whose memory is allocated within.
double broadcast_once(std::uint64_t count) {
  std::unique_ptr<Array> array;
  if (rank == 0) {
    array = std::make_unique<Array>(count);
    std::fill_n(array->values.get(), count, 1.0);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  const auto start = Clock::now();
  MPI_Bcast(&count, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
  if (rank != 0) array = std::make_unique<Array>(count);
  MPI_Bcast(array->values.get(), array->size, MPI_DOUBLE, 0, MPI_COMM_WORLD);
  MPI_Barrier(MPI_COMM_WORLD);
  const double seconds = seconds_since(start);
  require(array->values[count - 1] == 1.0);
  return seconds;
}

void broadcast(const Settings& settings) {
  constexpr int calls = 5;
  for (const std::uint64_t bytes : sizes(settings)) {
    measure("broadcast", "plain MPI", "MB/s", {{"bytes", bytes}}, settings, [&] {
      double seconds = 0;
      for (int call = 0; call < calls; ++call) seconds += broadcast_once(bytes / sizeof(double));
      return static_cast<double>(bytes * calls) / 1e6 / seconds;
    });
  }
}

/// Seconds of one array that rank 1 has: 8 bytes ask for it, and it comes into new memory, or into
/// the same each time.
double fetch_once(std::uint64_t count, const Array* array, Array* reused) {
  MPI_Barrier(MPI_COMM_WORLD);
  const auto start = Clock::now();
  if (rank == 0) MPI_Send(&count, 1, MPI_UINT64_T, 1, 0, MPI_COMM_WORLD);
  if (rank == 1) MPI_Recv(&count, 1, MPI_UINT64_T, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  const double last = rank < 2 ? transfer(array, 1, 0, count, reused) : 1.0;
  const double seconds = seconds_since(start);
  require(last == 1.0);
  return seconds;
}

void transfer(const Settings& settings) {
  constexpr std::uint64_t megabyte = std::uint64_t{1} << 20;
  std::vector<std::uint64_t> all{1024,         64 * 1024,     megabyte,
                                 4 * megabyte, 16 * megabyte, 256 * megabyte};
  if (settings.quick) all = {1024, megabyte, 16 * megabyte};
  for (const std::uint64_t bytes : all) {
    const std::uint64_t count = bytes / sizeof(double);
    const auto calls = std::clamp<std::uint64_t>((std::uint64_t{64} << 20) / bytes, 3, 300);
    const bool is_large = bytes >= megabyte;
    for (const bool reuse : {false, true}) {
      Array memory(count);
      std::fill_n(memory.values.get(), count, 1.0);
      measure("transfer", reuse ? "plain MPI, reused memory" : "plain MPI",
              is_large ? "MB/s" : "us", {{"bytes", bytes}}, settings, [&] {
                std::vector<double> seconds;
                for (std::uint64_t call = 0; call < calls; ++call)
                  seconds.push_back(fetch_once(count, &memory, reuse ? &memory : nullptr));
                std::sort(seconds.begin(), seconds.end());
                const double median = seconds[seconds.size() / 2];
                return is_large ? static_cast<double>(bytes) / 1e6 / median : median * 1e6;
              });
    }
  }
}

/// Seconds of copying an array into pages that were touched: twice that is the promise for a
/// broadcast on one node.
void memory_copy(const Settings& settings) {
  for (const std::uint64_t bytes : {std::uint64_t{16} << 20, std::uint64_t{256} << 20}) {
    if (settings.quick && bytes > (std::uint64_t{16} << 20)) continue;
    const std::uint64_t count = bytes / sizeof(double);
    Array from(count);
    Array to(count);
    std::fill_n(from.values.get(), count, 1.0);
    std::fill_n(to.values.get(), count, 0.0);
    measure("memory_copy", "plain MPI", "MB/s", {{"bytes", bytes}}, settings, [&] {
      if (rank != 0) return 1.0;
      const auto start = Clock::now();
      std::memcpy(to.values.get(), from.values.get(), bytes);
      return static_cast<double>(bytes) / 1e6 / seconds_since(start);
    });
  }
}

/// What each rank but 0 has of an array, in elements, and where it begins there.
struct Parts {
  explicit Parts(std::uint64_t count) {
    const auto others = static_cast<std::uint64_t>(ranks - 1);
    std::uint64_t begin = 0;
    for (int each = 0; each < ranks; ++each) {
      const std::uint64_t end = each == 0 ? 0 : count * static_cast<std::uint64_t>(each) / others;
      counts.push_back(static_cast<int>(end - begin));
      begins.push_back(static_cast<int>(begin));
      begin = end;
    }
  }
  std::vector<int> counts;
  std::vector<int> begins;
};

std::vector<std::uint64_t> spread_sizes(const Settings& settings) {
  if (settings.quick) return {8'000'000};
  return {std::uint64_t{64} << 10, std::uint64_t{1} << 20, 8'000'000, std::uint64_t{256} << 20};
}

/// Seconds of a call of MPI_Gatherv from all ranks but 0. Rank 0 allocates within, or has `memory`.
double gather_once(const Parts& parts, const Array* mine, std::uint64_t count, Array* memory) {
  std::unique_ptr<Array> fresh;
  MPI_Barrier(MPI_COMM_WORLD);
  const auto start = Clock::now();
  if (rank == 0 && memory == nullptr) fresh = std::make_unique<Array>(count);
  double* const all = rank == 0 ? (fresh ? *fresh : *memory).values.get() : nullptr;
  MPI_Gatherv(rank == 0 ? MPI_IN_PLACE : mine->values.get(), rank == 0 ? 0 : mine->size, MPI_DOUBLE,
              all, parts.counts.data(), parts.begins.data(), MPI_DOUBLE, 0, MPI_COMM_WORLD);
  const double seconds = seconds_since(start);
  if (rank == 0) require(all[count - 1] == 1.0);
  return seconds;
}

void gather(const Settings& settings) {
  for (const std::uint64_t bytes : spread_sizes(settings)) {
    const std::uint64_t count = bytes / sizeof(double);
    const Parts parts(count);
    const auto calls = std::clamp<std::uint64_t>((std::uint64_t{64} << 20) / bytes, 1, 100);
    const auto own = static_cast<std::uint64_t>(parts.counts[static_cast<std::size_t>(rank)]);
    Array mine(rank == 0 ? count : own);
    std::fill_n(mine.values.get(), mine.size, 1.0);
    for (const bool reuse : {false, true}) {
      measure(reuse ? "gather_into" : "gather", "plain MPI", "MB/s", {{"bytes", bytes}}, settings,
              [&] {
                double seconds = 0;
                for (std::uint64_t call = 0; call < calls; ++call)
                  seconds += gather_once(parts, &mine, count, reuse ? &mine : nullptr);
                return static_cast<double>(bytes * calls) / 1e6 / seconds;
              });
    }
  }
}

/// Seconds of an array to all ranks but 0, which allocate within and say when they have it.
double scatter_once(const Parts& parts, const Array* all) {
  const auto own = static_cast<std::uint64_t>(parts.counts[static_cast<std::size_t>(rank)]);
  std::unique_ptr<Array> mine;
  MPI_Barrier(MPI_COMM_WORLD);
  const auto start = Clock::now();
  if (rank != 0) mine = std::make_unique<Array>(own);
  MPI_Scatterv(rank == 0 ? all->values.get() : nullptr, parts.counts.data(), parts.begins.data(),
               MPI_DOUBLE, rank == 0 ? MPI_IN_PLACE : mine->values.get(),
               rank == 0 ? 0 : mine->size, MPI_DOUBLE, 0, MPI_COMM_WORLD);
  MPI_Barrier(MPI_COMM_WORLD);
  const double seconds = seconds_since(start);
  if (rank != 0) require(mine->values[own - 1] == 1.0);
  return seconds;
}

void scatter(const Settings& settings) {
  for (const std::uint64_t bytes : spread_sizes(settings)) {
    const std::uint64_t count = bytes / sizeof(double);
    const Parts parts(count);
    const auto calls = std::clamp<std::uint64_t>((std::uint64_t{64} << 20) / bytes, 1, 100);
    Array all(rank == 0 ? count : 1);
    std::fill_n(all.values.get(), all.size, 1.0);
    measure("scatter", "plain MPI", "MB/s", {{"bytes", bytes}}, settings, [&] {
      double seconds = 0;
      for (std::uint64_t call = 0; call < calls; ++call) seconds += scatter_once(parts, &all);
      return static_cast<double>(bytes * calls) / 1e6 / seconds;
    });
  }
}

const std::map<std::string, void (*)(const Settings&)> cases{
    {"map_empty", map_empty}, {"submit_empty", submit_empty}, {"roundtrip", roundtrip},
    {"chain", chain},         {"payload", payload},           {"broadcast", broadcast},
    {"transfer", transfer},   {"memory_copy", memory_copy},   {"gather", gather},
    {"scatter", scatter},
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The cases of tutti-bench in plain MPI: one JSON line a figure.");
  std::string name;
  Settings settings;
  app.add_option("case", name, "what to measure")->required()->check(CLI::IsMember(cases));
  app.add_option("--repetitions", settings.repetitions, "runs, of which the median counts")
      ->check(CLI::PositiveNumber);
  app.add_flag("--quick", settings.quick, "small sizes");
  CLI11_PARSE(app, argc, argv);
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (ranks < 2) {
    std::cerr << "plain-mpi-bench needs 2 ranks or more: mpirun -n 2 plain-mpi-bench " << name
              << "\n";
    MPI_Abort(MPI_COMM_WORLD, 2);
  }
  cases.at(name)(settings);
  MPI_Finalize();
  return 0;
}

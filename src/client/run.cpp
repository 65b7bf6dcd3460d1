#include "tutti/run.hpp"

#include "base/exception_text.hpp"
#include "base/log.hpp"
#include "base/options.hpp"
#include "client/hardware.hpp"
#include "client/rank_core.hpp"
#include "client/serial_core.hpp"
#include "client/worker_core.hpp"
#include "memory/scratch_directory.hpp"
#include "runtime/job_end.hpp"
#include "runtime/startup.hpp"
#include "runtime/thread_setup.hpp"
#include "runtime/worker_driver.hpp"
#include "transport/memory_transport.hpp"
#include "transport/mpi_transport.hpp"
#include "tutti/worker.hpp"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <unistd.h>
#include <utility>

namespace tutti {
namespace {

using client_module::RankCore;
using runtime::Rank;
using Main = std::function<int(Client&)>;

std::optional<Worker> this_worker;

/// A run under way in this process.
struct Run {
  std::unique_ptr<Rank> rank;
  std::unique_ptr<RankCore> core;
};

void begin_rank(Rank& rank) {
  const transport::Place& place = rank.transport().places()[static_cast<std::size_t>(rank.rank())];
  this_worker.emplace(Worker::Place{rank.rank(), rank.size(), place.node, place.host,
                                    rank.setup().works ? rank.setup().threads.threads : 0,
                                    rank.options().seed});
  client_module::set_measured_rank(&rank);
  rank.engine().start_keeper([] { runtime::name_this_thread("tutti-keeper"); });
}

/// What a rank other than 0 does: it works until rank 0 says that the run is over.
void serve(Rank& rank) {
  runtime::begin_job(rank, nullptr);
  begin_rank(rank);
  runtime::WorkerDriver& worker = *rank.worker();
  auto core = std::make_unique<client_module::WorkerCore>(rank);
  try {
    worker.say_hello();
    worker.start_threads(1);
    worker.run_executor(0);
    worker.join();
    core.reset();
    {
      const std::lock_guard lock(rank.engine().mutex());
      rank.outbox().add(0, protocol::Goodbye{}, 16);
      rank.outbox().flush();
    }
    rank.finish();
  } catch (...) {
    const ExceptionText text = describe_current_exception();
    runtime::abort_job(1, "rank " + std::to_string(rank.rank()) + " ended with " + text.type +
                              ": " + text.message);
  }
  runtime::end_job();
  client_module::set_measured_rank(nullptr);
  memory::remove_scratch_directory();
  this_worker.reset();
}

void print_verbose(Rank& rank) {
  if (rank.options().verbose == 0) return;
  std::fprintf(stderr, "%s%s", base::describe(rank.options()).c_str(),
               runtime::placement_table(rank).c_str());
}

Run begin_client(std::unique_ptr<Rank> rank, std::function<bool(int)> on_exit) {
  Run run;
  run.rank = std::move(rank);
  runtime::begin_job(*run.rank, std::move(on_exit));
  begin_rank(*run.rank);
  print_verbose(*run.rank);
  run.core = std::make_unique<RankCore>(*run.rank);
  if (run.rank->worker() != nullptr) {
    run.rank->worker()->start_threads(0);
    run.rank->worker()->say_hello();
  }
  run.core->await_workers();
  return run;
}

/// The orderly end of rank 0. Returns the exit code of the run.
int end_client(Run& run, int main_code) {
  run.core->shutdown();
  const int code = run.core->exit_code(main_code);
  Rank& rank = *run.rank;
  if (rank.options().verbose != 0) {
    const transport::CollectiveCounts counts = rank.transport().collective_counts();
    std::fprintf(stderr, "tutti: collectives: broadcast %llu, scatter %llu, gather %llu\n",
                 static_cast<unsigned long long>(counts.broadcast),
                 static_cast<unsigned long long>(counts.scatter),
                 static_cast<unsigned long long>(counts.gather));
  }
  if (run.core->has_stragglers()) {
    std::cout.flush();
    runtime::abort_job(code, run.core->straggler_sentence());
  }
  if (rank.worker() != nullptr) rank.worker()->join();
  const std::vector<transport::Place> places = rank.transport().places();
  rank.finish();
  runtime::end_job();
  if (code != 0) runtime::await_neighbours_gone(places);
  run.core.reset();
  client_module::set_measured_rank(nullptr);
  run.rank.reset();
  memory::remove_scratch_directory();
  this_worker.reset();
  return code;
}

int call_main(const Main& main) {
  Client client;
  try {
    return main(client);
  } catch (...) {
    const ExceptionText text = describe_current_exception();
    std::fflush(stdout);
    std::fprintf(stderr, "tutti: the program ended with %s: %s\n", text.type.c_str(),
                 text.message.c_str());
    return 1;
  }
}

int run_serially(const Options& options, const Main& main) {
  this_worker.emplace(
      Worker::Place{.size = 1, .hostname = "localhost", .threads = 1, .seed = options.seed});
  int code = 1;
  try {
    client_module::SerialCore core(options);
    code = core.exit_code(call_main(main));
    core.shutdown();
  } catch (const Error& error) {
    std::fprintf(stderr, "tutti: %s\n", error.what());
  }
  memory::remove_scratch_directory();
  this_worker.reset();
  return code;
}

/// Everything up to the point where ranks part: null when this process is done, with `code` as its
/// exit code.
std::unique_ptr<Rank> start(int& argc, char**& argv, const Options& given, int& code) {
  code = 1;
  const std::vector<std::string> entries = runtime::environment_entries();
  const runtime::Launch launch = runtime::launch_of(runtime::environment_of(entries));
  if (!launch.problem.empty()) {
    if (launch.prints) std::fprintf(stderr, "tutti: %s\n", launch.problem.c_str());
    return nullptr;
  }
  runtime::Local local = runtime::prepare_local(given, entries, argc > 0 ? argv[0] : "tutti");
  try {
    auto transport = launch.under_mpi ? transport::start_mpi(argc, argv)
                                      : std::move(transport::make_memory_world(1).front());
    return runtime::start_rank(std::move(transport), std::move(local), launch);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tutti: %s\n", error.what());
    return nullptr;
  }
}

int run_rank(std::unique_ptr<Rank> rank, const Main& main) {
  if (rank->rank() != 0) {
    serve(*rank);
    return 0;
  }
  try {
    Run run = begin_client(std::move(rank), nullptr);
    const int code = call_main(main);
    return end_client(run, code);
  } catch (...) {
    const ExceptionText text = describe_current_exception();
    runtime::abort_job(1, "rank 0 ended with " + text.type + ": " + text.message);
  }
}

/// Options as far as they are known before the launch; problems are told later, by start().
bool wants_serial(const Options& given, Options& options) {
  std::vector<std::string> warnings;
  try {
    options = base::options_from_environment(given, runtime::environment_entries(), warnings);
  } catch (const std::exception&) {
    return false;
  }
  return options.serial;
}

/// The run of setup(), which ends with the process: in a hook that runs after the destructors of
/// statics.
Run& setup_run() {
  static auto* const run = new Run;
  return *run;
}

}  // namespace

const Worker& get_worker() {
  if (!this_worker) {
    throw Error(
        ErrorCode::not_running,
        "get_worker() was called outside of a run; call it inside a task or inside tutti::run");
  }
  return *this_worker;
}

namespace detail {

// Declared in tutti/mpi.hpp, which needs the headers of MPI.
int run_program(const boost::mpi::communicator& communicator, const Options& options,
                const Main& main);

int run_program(int argc, char** argv, const Options& options, const Main& main) {
  Options effective;
  if (wants_serial(options, effective)) {
    // Of several ranks the first does all by itself.
    const bool is_first =
        runtime::launch_of(runtime::environment_of(runtime::environment_entries())).prints;
    return is_first ? run_serially(effective, main) : 0;
  }
  int code = 0;
  std::unique_ptr<Rank> rank = start(argc, argv, options, code);
  return rank ? run_rank(std::move(rank), main) : code;
}

int run_program(const boost::mpi::communicator& communicator, const Options& options,
                const Main& main) {
  const std::vector<std::string> entries = runtime::environment_entries();
  runtime::Launch launch = runtime::launch_of(runtime::environment_of(entries));
  // The program chose its ranks itself, also a world of one.
  launch.processes = 0;
  runtime::Local local = runtime::prepare_local(options, entries, "tutti");
  std::unique_ptr<Rank> rank =
      runtime::start_rank(transport::attach_mpi(communicator), std::move(local), launch);
  return rank ? run_rank(std::move(rank), main) : 1;
}

}  // namespace detail

bool setup(int argc, char** argv, const Options& options) {
  int code = 0;
  std::unique_ptr<Rank> rank = start(argc, argv, options, code);
  if (!rank) std::exit(code);
  if (rank->rank() != 0) {
    serve(*rank);
    return false;
  }
  setup_run() = begin_client(std::move(rank), [](int status) {
    const int code_at_end = end_client(setup_run(), status);
    if (code_at_end != status) ::_exit(code_at_end);
    return true;
  });
  return true;
}

}  // namespace tutti

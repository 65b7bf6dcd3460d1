#include "transport/mpi_session.hpp"

#include "tutti/error.hpp"

#include <boost/mpi/exception.hpp>

#include <atomic>
#include <chrono>
#include <string_view>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace tutti::transport {

namespace mpi = boost::mpi;

namespace {

std::string name_of_level(mpi::threading::level level) {
  switch (level) {
    case mpi::threading::single:
      return "single";
    case mpi::threading::funneled:
      return "funneled";
    case mpi::threading::serialized:
      return "serialized";
    case mpi::threading::multiple:
      return "multiple";
  }
  return "unknown";
}

void expect_not_finalized() {
  if (mpi::environment::finalized()) {
    throw Error(
        ErrorCode::bad_launch,
        "MPI was finalized in this process already and cannot be used again; start tutti before "
        "MPI_Finalize, and once in a process");
  }
}

void expect_threads() {
  const mpi::threading::level level = mpi::environment::thread_level();
  if (level >= mpi::threading::serialized) return;
  throw Error(ErrorCode::bad_launch,
              "MPI (" + MpiSession::library() + ") runs with thread level " + name_of_level(level) +
                  ", but tutti needs at least serialized; initialise it by MPI_Init_thread with "
                  "MPI_THREAD_MULTIPLE, or use an MPI library that was built with threads");
}

mpi::communicator duplicate(const mpi::communicator& world) {
  mpi::communicator result(world, mpi::comm_duplicate);
  check_mpi(MPI_Comm_set_errhandler(result, MPI_ERRORS_RETURN));
  return result;
}

}  // namespace

void check_mpi(int code, SourceLocation where) {
  if (code == MPI_SUCCESS) [[likely]]
    return;
  char text[MPI_MAX_ERROR_STRING + 1] = "";
  int length = 0;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) length = 0;
  throw Error(ErrorCode::mpi, "the MPI library failed in " + std::string(where.function_name()) +
                                  " (" + where.file_name() + ":" + std::to_string(where.line()) +
                                  ") with code " + std::to_string(code) + ": " +
                                  std::string(text, static_cast<std::size_t>(length)));
}

std::unique_ptr<MpiSession> MpiSession::start(int& argc, char**& argv) {
  expect_not_finalized();
  if (mpi::environment::initialized()) {
    throw Error(
        ErrorCode::bad_launch,
        "MPI is initialised already by the program itself; pass the communicator that tutti "
        "shall use, for example tutti::run(boost::mpi::communicator(), ...)");
  }
  try {
    auto environment =
        std::make_unique<mpi::environment>(argc, argv, mpi::threading::multiple, false);
    expect_threads();
    return std::unique_ptr<MpiSession>(new MpiSession(std::move(environment), mpi::communicator()));
  } catch (const mpi::exception& failure) {
    throw Error(ErrorCode::mpi, std::string("MPI could not be initialised: ") + failure.what());
  }
}

std::unique_ptr<MpiSession> MpiSession::adopt(const mpi::communicator& world) {
  expect_not_finalized();
  if (!mpi::environment::initialized()) {
    throw Error(
        ErrorCode::bad_launch,
        "tutti was given a communicator, but MPI is not initialised; call MPI_Init_thread first, "
        "or let tutti do so with tutti::run(argc, argv, ...)");
  }
  if (static_cast<MPI_Comm>(world) == MPI_COMM_NULL) {
    throw Error(
        ErrorCode::bad_launch,
        "tutti was given a null communicator; only its members may start tutti on a communicator");
  }
  expect_threads();
  try {
    return std::unique_ptr<MpiSession>(new MpiSession(nullptr, world));
  } catch (const mpi::exception& failure) {
    throw Error(ErrorCode::mpi, std::string("the communicator cannot be used: ") + failure.what());
  }
}

MpiSession::MpiSession(std::unique_ptr<mpi::environment> environment,
                       const mpi::communicator& world)
    : parts_(new Parts{std::move(environment), duplicate(world), duplicate(world), duplicate(world),
                       duplicate(world)}) {}

MpiSession::~MpiSession() {
  // To free and to finalize can wait for ranks that do not come any more. Nobody destroys this
  // list.
  static auto* const abandoned = new std::vector<std::unique_ptr<Parts>>;
  if (parts_ != nullptr) abandoned->push_back(std::move(parts_));
}

void MpiSession::leave() { parts_.reset(); }

std::string MpiSession::thread_level() const {
  return "thread " + name_of_level(mpi::environment::thread_level());
}

std::string MpiSession::library() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING + 1] = "";
  int length = 0;
  check_mpi(MPI_Get_library_version(text, &length));
  const std::string_view all(text, static_cast<std::size_t>(length));
  std::string result;
  for (const char letter : all.substr(0, all.find_first_of(",\n"))) {
    const bool blank = letter == ' ' || letter == '\t';
    if (blank && (result.empty() || result.back() == ' ')) continue;
    result += blank ? ' ' : letter;
  }
  return result;
}

void abort_job(int exit_code) noexcept {
  static std::atomic<bool> entered{false};
  if (entered.exchange(true)) {
    // The first caller and its watchdog end the process.
    for (;;) pause();
  }
  try {
    std::thread([exit_code] {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      _exit(exit_code);
    }).detach();
  } catch (const std::system_error&) {
    alarm(2);  // no thread to be had: the signal ends the process, with a code that is not 0 either
  }
  int initialized = 0;
  int finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  if (initialized != 0 && finalized == 0) MPI_Abort(MPI_COMM_WORLD, exit_code);
  _exit(exit_code);
}

}  // namespace tutti::transport
